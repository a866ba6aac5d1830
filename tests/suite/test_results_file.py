"""results.jsonl is checked when it is read: every accepted file can be turned into every report."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance import cli
from conformance.plan import expectations
from conformance.profiles import REQUIREMENTS
from conformance.reports import write_forms
from conformance.reports.baseline import rebased
from conformance.reports.diff import changes
from conformance.reports.markdown import workflow_commands
from conformance.reports.matrix import page
from conformance.reports.results import Results, parse_results, read_results

from .judging import conformance

CASES = (
    "--transport=tcp",
    *(f"--case=echo/{words}" for words in ("simple", "binary", "greeting")),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a run with failures."""
    folder = tmp_path_factory.mktemp("run")
    done = conformance("run", "mutant:echo/prompts", *CASES, f"--report={folder}")
    assert done.returncode == 1, done.stdout + done.stderr
    return folder / "results.jsonl"


def read_by_everything(text: str, right: Results, folder: Path) -> bool:
    """Whether the text is accepted; if so, every reader must be able to use it."""
    try:
        results = parse_results(text)
    except ValueError:
        return False
    write_forms(folder, results)
    page([right, results])
    workflow_commands(results)
    for change in [*changes(right, results), *changes(results, right)]:
        assert str(change)
    known = folder / "known.toml"
    known.write_text(rebased("", [], results.results, REQUIREMENTS), encoding="utf-8")
    expectations.read(str(known))
    return True


def test_file_of_a_run_is_accepted(run: Path, tmp_path: Path) -> None:
    assert read_by_everything(run.read_text(), read_results(run), tmp_path)


def damaged(text: str, chance: random.Random) -> str:
    """The text, truncated or with bytes or lines removed, doubled or changed."""
    at, lines = chance.randrange(len(text)), text.splitlines(keepends=True)
    line = chance.randrange(len(lines))
    return chance.choice(
        [
            text[:at],
            text[at:],
            text[:at] + chance.choice('0"{}[]\\,: \x00') + text[at + 1 :],
            text[:at] + text[at + chance.randrange(1, 200) :],
            "".join(lines[:line] + lines[line + 1 :]),
            "".join(lines[: line + 1] + lines[line:]),
            "".join(chance.sample(lines, len(lines))),
            text.replace(chance.choice(["echo", "FAIL", "PASS", "0", "null"]), ""),
        ]
    )


def test_damaged_file_is_rejected_or_harmless(run: Path, tmp_path: Path) -> None:
    text, right, chance = run.read_text(), read_results(run), random.Random(13)
    accepted = [read_by_everything(damaged(text, chance), right, tmp_path) for _ in range(400)]
    assert 0 < sum(accepted) < 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=2) | st.dictionaries(st.text(), values, max_size=2),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_value_of_another_type_is_rejected_or_harmless(
    run: Path, tmp_path: Path, data: st.DataObject
) -> None:
    rows = [json.loads(line) for line in run.read_text().splitlines()]
    row: dict[str, Any] = copy.deepcopy(data.draw(st.sampled_from(rows)))
    if data.draw(st.booleans()):
        row[data.draw(st.sampled_from(sorted(row)))] = data.draw(JSON)
    else:
        del row[data.draw(st.sampled_from(sorted(row)))]
    number = data.draw(st.integers(0, len(rows) - 1))
    rows[number] = row
    text = "".join(json.dumps(one) + "\n" for one in rows)
    read_by_everything(text, read_results(run), tmp_path)


@pytest.mark.parametrize(
    ("was", "becomes", "line"),
    [
        ('"exit": 1', '"exit": true', "line 5: exit cannot be 'True'"),
        ('"exit": 1', '"exit": 77', "line 5: exit cannot be '77'"),
        ('"id": "echo/simple"', '"id": "echo/binary"', "echo/binary is there more than once"),
        ('"verdict": "FAIL"', '"verdict": "PASS"', "not those that the footer counts"),
        ('"verdict": "FAIL"', '"verdict": "fine"', "verdict cannot be 'fine'"),
        ('"seconds"', '"minutes"', "line 2 has no seconds"),
        ('"type": "footer"', '"type": "result"', "line 5 is not a footer"),
        ('{"type": "header"', "[" * 100000, "nested too deeply"),
    ],
)
@pytest.mark.parametrize("command", ["diff", "matrix", "baseline"])
def test_each_command_reports_the_error_in_one_line(
    command: str,
    was: str,
    becomes: str,
    line: str,
    run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = run.read_text()
    assert was in text
    wrong = tmp_path / "results.jsonl"
    wrong.write_text(text.replace(was, becomes))
    words = {
        "diff": ["diff", str(run), str(wrong)],
        "matrix": ["matrix", str(run), str(wrong), f"--output={tmp_path}/page"],
        "baseline": ["baseline", f"--report={wrong}", f"--expect={tmp_path}/known.toml"],
    }
    assert cli.main(words[command]) == 4
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"conformance: {wrong}: not the results of a whole run (")
    assert line in said
    assert not (tmp_path / "known.toml").exists()
