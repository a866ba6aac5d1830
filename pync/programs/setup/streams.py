"""Deriving standard input and output, and their display, from the Config."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import partial

from ...core.config import Config
from ...core.typed import TYPE_CHECKING
from ...layers.screen import Screen, ScreenFilter, Unfiltered
from ...transports.descriptors import is_terminal
from ...transports.screen import ScreenStdio, is_utf8
from ...transports.stdio import Stdio

if TYPE_CHECKING:
    from ...layers.notation import EscapeReader, HexReader


def stdio_of(
    config: Config,
    stdin: int | None,
    stdout: int,
    wrong: Callable[[str], None],
    *,
    owns_stdout: bool,
) -> Stdio:
    """Return standard input and output, for a terminal or for bytes shown in another form.

    Arguments:
        stdin, stdout, owns_stdout: see Stdio.
        wrong: called with the error in a typed line.
    """
    screen = _display(config, stdin, stdout)
    if config.edit and stdin is not None and os.isatty(stdin) and os.isatty(stdout):
        from ...transports.editing import EditedStdio

        return EditedStdio(stdin, stdout, os.environ.get("PYNC_HISTORY"), screen)
    return ScreenStdio(
        stdin, stdout, screen, reader=_reader(config.input), wrong=wrong, owns_stdout=owns_stdout
    )


def _display(config: Config, stdin: int | None, stdout: int) -> Screen:
    screen = _screen(config, stdout)
    form = config.show or "text"
    times = config.timestamps and (config.output is None and config.hex_dump is None)
    times = times or (config.timestamps and (config.marks or config.show is not None))
    if form == "text" and not (config.marks or times):
        return screen()
    from ...core.colour import wants_colour
    from ...layers.display import FORMS, Display

    return Display(
        FORMS.get(form, screen),
        is_text=form == "text",
        marks=config.marks,
        now=time_of_day if times else None,
        colours=config.marks
        and wants_colour(
            config.colour,
            os.environ,
            is_terminal(stdout),
            # An old console shows colours as text; Windows Terminal sets WT_SESSION.
            plain=sys.platform == "win32" and "WT_SESSION" not in os.environ,
        ),
        echoes=stdin is not None and is_terminal(stdin),
    )


def time_of_day() -> str:
    """Return the local time, with milliseconds."""
    now = time.time_ns()
    text = time.strftime("%H:%M:%S", time.localtime(now // 1_000_000_000))
    return f"{text}.{now % 1_000_000_000 // 1_000_000:03}"


def _screen(config: Config, stdout: int) -> Callable[[], Screen]:
    if config.filters_screen and is_terminal(stdout):
        return partial(ScreenFilter, utf8=is_utf8(os.environ))
    return Unfiltered


def _reader(notation: str | None) -> HexReader | EscapeReader | None:
    if notation is None:
        return None
    from ...layers.notation import EscapeReader, HexReader

    return HexReader() if notation == "hex" else EscapeReader()
