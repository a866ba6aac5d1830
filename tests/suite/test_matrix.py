"""matrix.html: its content, and how a browser shows it at three widths."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance import cli
from conformance.reports.matrix import TEMPLATE, content, page, write_matrix
from conformance.reports.results import Results

from .test_report_forms import HOSTILE, row, written

#: The hostile text as it is in the page.
SHOWN = HOSTILE.replace("\0", "\\x00").replace("\udcff", "\\udcff")

#: Seconds that a browser may take to start and draw.
TIMEOUT = 60


@pytest.fixture
def run(tmp_path: Path) -> Results:
    events = [
        {"t": 0.1, "client": "A", "direction": "->", "data": "a\\x00\\n", "size": 3},
        {"t": 0.2, "client": "B", "direction": "<-", "data": "<script>", "size": 8},
        {"t": 0.3, "client": "A", "direction": "--", "event": "FIN"},
    ]
    return written(
        tmp_path / "run",
        row("echo/simple"),
        row("echo/binary", "FAIL", f"{HOSTILE} </script><!--", transcript=events),
        row("echo/large", "SKIP", "not asked for"),
    )


def test_each_case_has_a_cell_and_each_cell_has_details(run: Results) -> None:
    data = content([run, run])
    assert [one["id"] for one in data["requirements"]] == [
        "echo/simple",
        "echo/binary",
        "echo/large",
    ]
    assert [target["verdicts"] for target in data["targets"]] == ["PFS", "PFS"]
    # Characters that HTML does not allow are shown as escapes.
    assert data["targets"][0]["details"][1]["message"].startswith(SHOWN)


def test_page_of_a_class_has_details_only_for_failures(run: Results) -> None:
    data = content([run] * 20)
    assert [list(target["details"]) for target in data["targets"]] == [[1]] * 20


def test_transcript_is_drawn_once(tmp_path: Path) -> None:
    message = "echo/x: wrong\n  transcript (seconds):\n      0.1 A -> x\n  reproduce that"
    data = content([written(tmp_path, row("echo/simple", "FAIL", message))])
    assert data["targets"][0]["details"][0]["message"] == "echo/x: wrong\n  reproduce that"


def test_server_output_is_escaped(run: Results) -> None:
    text = page([run])
    assert text.count("</script>") == 2
    assert "&lt;/script&gt;&lt;!--" in text
    embedded = re.search(r'type="application/json" id="data">(.*)</script>', text)
    assert embedded is not None
    detail = json.loads(embedded.group(1))["targets"][0]["details"]["1"]
    assert detail["message"].startswith(SHOWN)
    assert "\0" not in text
    text.encode()


def test_many_runs_in_one_page(
    tmp_path: Path, run: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.results
    output = tmp_path / "all.html"
    folders = [str(tmp_path / "run")] * 3
    assert cli.main(["matrix", *folders, "--output", str(output)]) == 0
    assert capsys.readouterr().out == f"{output}: 3 runs\n"
    assert "conformance of 3 targets" in output.read_text(encoding="utf-8")


# Tests in a browser.

#: A script that examines the page once it is shown: the results become its title.
QUESTIONS = """
<script>
const cells = () => [...document.querySelectorAll("button.cell")];
const rows = () => [...document.querySelectorAll(".row[data-requirement]")];
const choose = (id, value) => { at(id).value = value; at(id).dispatchEvent(new Event("input")); };
const pressed = key => new KeyboardEvent("keydown", {key, bubbles: true});
const press = key => document.activeElement.dispatchEvent(pressed(key));
const ids = () => rows().map(row => row.querySelector(".mono").textContent);
const found = {width: innerWidth, overflow: document.documentElement.scrollWidth - innerWidth};
found.linked = at("opened").open && at("what").textContent;
at("shut").click();
for (const row of rows()) fill(row);
found.cells = cells().map(cell => cell.className + " " + cell.textContent);
found.stops = document.querySelectorAll("main [tabindex='0']").length;
found.sentence = rows()[0].querySelector(".text").textContent;
found.used = rows()[0].querySelector(".id").getBoundingClientRect().right / innerWidth;
document.querySelector("main [tabindex='0']").focus();
press("ArrowDown");
found.arrow = document.activeElement.title;
document.activeElement.click();
found.opened = at("opened").open;
found.hash = location.hash;
found.detail = at("detail").innerText;
found.inside = at("opened").getBoundingClientRect().right <= innerWidth;
at("hex").click();
found.hex = at("detail").innerText;
at("shut").click();
found.closed = location.hash;
choose("verdict", "red");
found.red = ids();
choose("verdict", "");
document.querySelector("#counts [data-verdict=S]").click();
found.counted = ids();
document.querySelector("#counts [data-verdict=S]").click();
at("first").checked = true;
at("first").dispatchEvent(new Event("input"));
found.first = ids();
choose("text", "large");
found.filtered = ids();
const paper = () => getComputedStyle(document.documentElement).backgroundColor;
const before = paper();
at("theme").click();
found.targets = at("targets").textContent;
found.themes = before !== paper();
document.title = JSON.stringify(found);
</script>
"""


def browse(
    page_file: Path, width: int, anchor: str = "", questions: str = QUESTIONS
) -> dict[str, Any]:
    """Return the results of the script in a browser window of this width."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("chromium is missing (Debian: chromium)")
    asked = page_file.with_name(f"asked-{width}.html")
    asked.write_text(
        page_file.read_text(encoding="utf-8").replace("</body>", questions + "</body>")
    )
    shown = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={page_file.parent / f'profile-{width}'}",
            f"--window-size={width},900",
            "--dump-dom",
            asked.as_uri() + anchor,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT,
    )
    title = re.search(r"<title>(.*?)</title>", shown.stdout.decode(), re.DOTALL)
    assert title is not None, shown.stderr.decode()
    found: dict[str, Any] = json.loads(html.unescape(title.group(1)))
    return found


@pytest.mark.parametrize("width", [500, 900, 1600])
def test_page_in_a_browser(tmp_path: Path, run: Results, width: int) -> None:
    assert run.results
    found = browse(tmp_path / "run" / "matrix.html", width, "#echo/large")
    assert found["width"] == width
    # The page never scrolls sideways; with one target the rows fill its width.
    assert found["overflow"] <= 0
    assert found["used"] > 0.9
    assert [cell.split()[1] for cell in found["cells"]] == ["P", "F", "S"]
    assert found["sentence"] == "What is received is sent back."
    # A link opens its cell, and an opened cell has a link.
    assert found["linked"].startswith("echo/large")
    assert found["hash"] == "#echo/binary"
    assert found["closed"] == ""
    # The Tab key stops once in the matrix; the arrow keys move inside it.
    assert found["stops"] == 1
    assert "echo/binary: FAIL" in found["arrow"]
    assert found["opened"]
    assert found["inside"]
    assert "Every byte value comes back unchanged." in found["detail"]
    assert "a\\x00\\n" in found["detail"]
    assert "<script>" in found["detail"]
    assert "61 00 0a" in found["hex"]
    assert found["red"] == ["echo/binary"]
    assert found["counted"] == ["echo/large"]
    assert found["first"] == ["echo/binary", "echo/simple", "echo/large"]
    assert found["filtered"] == ["echo/large"]
    assert found["themes"]


#: A script that examines the page of a class.
CLASS_QUESTIONS = """
<script>
const names = () => [...document.querySelectorAll(".row.head .name")];
const headings = () => names().map(one => one.textContent);
const texts = row => [...row.children].map(cell => cell.innerText);
const found = {overflow: document.documentElement.scrollWidth - innerWidth};
found.linked = at("opened").open && at("what").textContent;
found.said = at("detail").innerText;
at("shut").click();
for (const row of document.querySelectorAll(".row[data-requirement]")) fill(row);
found.cells = [...document.querySelectorAll("button.cell")].map(cell => cell.className);
found.table = [...document.querySelectorAll("#targets tbody tr")].map(texts);
found.headings = headings();
const isCut = one =>
  one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1;
found.cut = names().filter(isCut).length;
const second = document.querySelectorAll("#states button")[1];
second.click();
const rows = [...document.querySelectorAll("#targets tbody tr")];
found.only = [headings(), rows.filter(row => !row.hidden).length];
second.click();
document.querySelectorAll("#targets tbody button")[1].click();
found.named = headings();
// A button's text can be read in the dark theme too.
document.documentElement.dataset.theme = "dark";
const ink = getComputedStyle(document.documentElement).color;
const states = [...document.querySelectorAll("#states button")];
found.dim = states.filter(one => getComputedStyle(one).color !== ink).length;
document.title = JSON.stringify(found);
</script>
"""


def of_class(run: Results, name: str, score: str = "") -> Results:
    return run._replace(header={**run.header, "target": f"@class.toml#{name}", "score": score})


def dead(run: Results) -> Results:
    said = ["conformance: it ended with status 2", "| SyntaxError: <b>"]
    ended = {"counts": {}, "faults": ["it ended with status 2"], "said": said, "exit": 6}
    return of_class(run, "bob")._replace(results=[], footer={**run.footer, **ended})


def test_page_of_a_class_shows_the_outcome_of_each_target(tmp_path: Path, run: Results) -> None:
    path = tmp_path / "two.html"
    write_matrix(path, [of_class(run, "ada-lovelace", "66.67 of 100"), dead(run)])
    found = browse(path, 900, "#echo/simple@bob", CLASS_QUESTIONS)
    assert found["overflow"] <= 0
    assert found["cut"] == 0
    # A link to a cell without a verdict shows the reason.
    assert found["linked"] == "echo/simple · bob"
    assert "| SyntaxError: <b>" in found["said"]
    assert [cell.split()[1] for cell in found["cells"]] == ["P", "none", "F", "none", "S", "none"]
    # Targets without a verdict come first, with their last lines.
    bob, ada = found["table"]
    assert bob[:4] == ["bob", "no score", "? the target could not be started or reached", "none"]
    assert bob[4].startswith("it ended with status 2\n")
    assert bob[4].endswith("| SyntaxError: <b>")
    counts = "1 PASS, 1 FAIL, 1 SKIP"
    assert ada == ["ada-lovelace", "66.67 of 100", "✗ not conformant", counts, ""]
    assert found["headings"] == ["✗ ada-lovelace 66.67", "? bob"]
    # A click on a count or a name filters.
    assert found["only"] == [["? bob"], 1]
    assert found["named"] == ["✗ ada-lovelace 66.67"]


@pytest.mark.parametrize("width", [500, 1600])
def test_names_of_a_large_class_can_be_read(tmp_path: Path, run: Results, width: int) -> None:
    path = tmp_path / "many.html"
    names = [f"student-number-{number}" for number in range(30)]
    write_matrix(path, [dead(run), *(of_class(run, name, "66.67 of 100") for name in names)])
    found = browse(path, width, "", CLASS_QUESTIONS)
    assert found["overflow"] <= 0
    assert found["cut"] == 0
    assert len(found["headings"]) == 31
    assert found["dim"] == 0


def test_names_of_columns_are_short_when_they_differ(run: Results) -> None:
    def named(*targets: str) -> list[str]:
        runs = [run._replace(header={**run.header, "target": target}) for target in targets]
        return [target["name"] for target in content(runs)["targets"]]

    assert named("@a.toml#ada", "@a.toml#bob") == ["ada", "bob"]
    assert named("@a.toml#ada", "@b.toml#ada") == ["@a.toml#ada", "@b.toml#ada"]
    assert named("tcp://h:1#x") == ["tcp://h:1#x"]


# Contrast (WCAG 2.2, 1.4.3: at least 4.5 to 1 for text).


def luminance(colour: str) -> float:
    digits = "".join(2 * digit for digit in colour) if len(colour) == 3 else colour
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_text_colours_have_enough_contrast() -> None:
    assert round(contrast("000", "fff"), 1) == 21
    blocks = re.findall(r"(--paper:.*?)\}", TEMPLATE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3  # light, dark by the system, dark by the button
    for block in blocks:
        colours = dict(re.findall(r"--(\w+): #([0-9a-f]+);", block))
        for ground in ("paper", "raised"):
            weak = {
                name: round(contrast(colour, colours[ground]), 2)
                for name, colour in colours.items()
                if name not in ("paper", "raised", "line")
                if contrast(colour, colours[ground]) < 4.5
            }
            assert weak == {}, ground
