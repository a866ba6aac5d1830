"""matrix.html: what it holds, and what a browser makes of it at three widths."""

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
from conformance.reports.matrix import content, page
from conformance.reports.results import Results

from .test_report_forms import HOSTILE, row, written

#: The hostile text as the page has it.
SHOWN = HOSTILE.replace("\0", "\\x00").replace("\udcff", "\\udcff")

#: Seconds that a browser may take to start and draw.
PATIENCE = 60


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


def test_a_cell_for_each_case_and_a_detail_for_each_cell(run: Results) -> None:
    data = content([run, run])
    assert [one["id"] for one in data["requirements"]] == [
        "echo/simple",
        "echo/binary",
        "echo/large",
    ]
    assert [target["verdicts"] for target in data["targets"]] == ["PFS", "PFS"]
    # What no page can hold is shown as an escape.
    assert data["targets"][0]["details"][1]["message"].startswith(SHOWN)


def test_of_a_class_only_what_is_not_green_is_told_at_length(run: Results) -> None:
    data = content([run] * 20)
    assert [list(target["details"]) for target in data["targets"]] == [[1]] * 20


def test_the_transcript_is_drawn_once(tmp_path: Path) -> None:
    message = "echo/x: wrong\n  transcript (seconds):\n      0.1 A -> x\n  reproduce that"
    data = content([written(tmp_path, row("echo/simple", "FAIL", message))])
    assert data["targets"][0]["details"][0]["message"] == "echo/x: wrong\n  reproduce that"


def test_what_a_server_said_is_data_and_never_markup(run: Results) -> None:
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


# In a browser.

#: What the page is asked, once it is drawn: the answers become its title.
QUESTIONS = """
<script>
const cells = () => [...document.querySelectorAll("button.cell")];
for (const row of document.querySelectorAll(".row[data-requirement]")) fill(row);
const found = {width: innerWidth, overflow: document.documentElement.scrollWidth - innerWidth};
found.cells = cells().map(cell => cell.className + " " + cell.textContent);
cells()[1].click();
found.opened = document.getElementById("opened").open;
found.detail = document.getElementById("detail").innerText;
found.inside = document.getElementById("opened").getBoundingClientRect().right <= innerWidth;
document.getElementById("hex").click();
found.hex = document.getElementById("detail").innerText;
document.getElementById("shut").click();
document.getElementById("verdict").value = "red";
document.getElementById("verdict").dispatchEvent(new Event("input"));
found.red = document.querySelectorAll(".row[data-requirement]").length;
document.getElementById("verdict").value = "";
document.getElementById("text").value = "large";
document.getElementById("text").dispatchEvent(new Event("input"));
found.filtered = document.querySelector(".row[data-requirement] .id").textContent;
const paper = () => getComputedStyle(document.documentElement).backgroundColor;
const before = paper();
document.getElementById("theme").click();
found.themes = before !== paper();
document.title = JSON.stringify(found);
</script>
"""


def browse(page_file: Path, width: int) -> dict[str, Any]:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("chromium is missing (Debian: chromium)")
    asked = page_file.with_name(f"asked-{width}.html")
    asked.write_text(
        page_file.read_text(encoding="utf-8").replace("</body>", QUESTIONS + "</body>")
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
            asked.as_uri(),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
    )
    title = re.search(r"<title>(.*?)</title>", shown.stdout.decode(), re.DOTALL)
    assert title is not None, shown.stderr.decode()
    found: dict[str, Any] = json.loads(html.unescape(title.group(1)))
    return found


@pytest.mark.parametrize("width", [500, 900, 1600])
def test_a_browser_draws_opens_and_filters_it(tmp_path: Path, run: Results, width: int) -> None:
    assert run.results
    found = browse(tmp_path / "run" / "matrix.html", width)
    assert found["width"] == width
    # Nothing makes the page itself scroll sideways.
    assert found["overflow"] <= 0
    assert [cell.split()[1] for cell in found["cells"]] == ["P", "F", "S"]
    assert found["opened"]
    assert found["inside"]
    assert "a\\x00\\n" in found["detail"]
    assert "<script>" in found["detail"]
    assert "61 00 0a" in found["hex"]
    assert found["red"] == 1
    assert found["filtered"].startswith("echo/large")
    assert found["themes"]
