"""The file system of an isolated target in a large class: few mounts, no other target visible."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest

from conformance.batch.boxes import box_of
from conformance.targets import mounts as module
from conformance.targets.mounts import BIND, EMPTY, SEEN, Mount, mounts

from .test_class import on_linux

pytestmark = on_linux

MANY = 500


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A class's folder in a place that every isolated target can see, such as /opt."""
    monkeypatch.setattr(module, "HIDDEN", ("/run",))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    made = tmp_path / "class"
    made.mkdir()
    return made


def steps_in(folder: Path, number: int) -> list[Mount]:
    """Return the mounts in the class's folder for the first of this number of targets."""
    own, *others = [str(folder / f"s{one:03}") for one in range(number)]
    for one in (own, *others):
        Path(one).mkdir(exist_ok=True)
    box = box_of(own, others, [str(folder / "class.toml")])
    return [one for one in mounts(box, own, []) if one.place.startswith(str(folder))]


def test_folder_of_a_large_class_is_hidden_as_a_whole(folder: Path) -> None:
    (folder / "class.toml").touch()
    (folder / "common").mkdir()
    first, *rest = steps_in(folder, MANY)
    assert (first.what, first.place) == (EMPTY, str(folder))
    own, common = str(folder / "s000"), str(folder / "common")
    shown = {one.place for one in rest if one.what in (SEEN, BIND)}
    assert shown == {own, common}
    assert Mount(SEEN, common, common) in rest
    assert rest[-1] == Mount(BIND, own, own)
    assert len(rest) < 8


def test_symlink_does_not_reveal_another_target_of_a_large_class(folder: Path) -> None:
    (folder / "library").mkdir()
    (folder / "good").symlink_to("library")
    (folder / "latest").symlink_to("s003/server.py")
    (folder / "everything").symlink_to(".")
    (folder / "gone").symlink_to("nowhere")
    (folder / "s003").mkdir()
    (folder / "s003" / "server.py").touch()
    sources = {one.source for one in steps_in(folder, MANY) if one.what == SEEN}
    assert sources == {str(folder / "library"), str(folder / "s000")}


def test_targets_of_a_small_class_are_masked_one_by_one(folder: Path) -> None:
    steps = steps_in(folder, 5)
    masked = {one.place for one in steps if one.what == EMPTY}
    assert masked == {str(folder / f"s{one:03}") for one in range(1, 5)}


def test_targets_in_the_own_folder_of_another_are_masked_there(folder: Path) -> None:
    own = folder / "team"
    others = [str(own / f"s{one:03}") for one in range(40)]
    for one in others:
        Path(one).mkdir(parents=True)
    found = mounts(box_of(str(own), others, []), str(own), [])
    masked = {one.place for one in found if one.what == EMPTY}
    assert masked >= set(others)
    assert str(own) not in masked


def test_boxes_of_a_large_class_start_quickly(folder: Path) -> None:
    folders = [str(folder / f"s{one:03}") for one in range(MANY)]
    began = time.process_time()
    for one in folders:
        box_of(one, folders, [])
    # Half a second on a slow machine; it took ten when each path was resolved for each target.
    assert time.process_time() - began < 3.0
