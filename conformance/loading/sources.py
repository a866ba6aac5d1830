"""The source of a user's own profile, in a form that can be sent to workers and other machines.

A worker gets the text with the plan, so that every process uses the same text, even on a
machine that does not have the file.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from ..core import paths
from ..core.paths import is_path
from ..core.verdict import WrongUsage, cause_of

#: The most bytes of source that are sent.
MOST = 4 * 1024 * 1024

#: The prefix of the name of a module that was loaded from a file.
_PREFIX = "pync_conformance_profile_"


class Source(NamedTuple):
    """The source of profiles; plain values, because it is sent to other processes.

    Arguments:
        word: an absolute path, or ``MODULE`` or ``MODULE:NAME``.
        text: the content of the file; empty for a module.
        modules: (name, path, text) of the modules that it imported from the same folder or
            package.
    """

    word: str
    text: str = ""
    modules: tuple[tuple[str, str, str], ...] = ()

    @property
    def is_file(self) -> bool:
        """Whether the source is a file, not a module."""
        return is_path(self.word)


def read(word: str) -> str:
    """Return the text of a file. Raises WrongUsage."""
    try:
        return Path(word).read_text(encoding="utf-8")
    except OSError as error:
        raise WrongUsage(f"{shown(word)}: {cause_of(error)}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise WrongUsage(f"{shown(word)}:{line}: this is not UTF-8") from None


def shown(word: str) -> str:
    """Return a path as a person would type it in the current folder; a module unchanged."""
    return paths.shown(word) if is_path(word) else word


def module_of(source: Source) -> tuple[ModuleType, Source]:
    """Run a Python source.

    Returns the module, and the source with the other modules that it needs.
    Raises WrongUsage for any error in it.
    """
    folder = os.path.dirname(source.word) if source.is_file else os.getcwd()
    before = set(sys.modules)
    try:
        with _importable(folder, source.modules):
            module = _executed(source) if source.is_file else _imported(source.word)
    except KeyboardInterrupt:
        raise
    except SyntaxError as error:
        where = f"{shown(error.filename or source.word)}:{error.lineno}"
        raise WrongUsage(f"{where}: {error.msg}") from None
    except WrongUsage as error:
        raise WrongUsage(f"{_place(source, error)}: {error}") from None
    except BaseException as error:  # noqa: BLE001 - sys.exit() too: the code is the user's
        raise WrongUsage(f"{_place(source, error)}: {type(error).__name__}: {error}") from None
    if not source.modules:
        source = source._replace(modules=tuple(_beside(source, module, folder, before)))
    return module, source


def _executed(source: Source) -> ModuleType:
    module = ModuleType(_PREFIX + Path(source.word).stem.replace("-", "_"))
    module.__file__ = source.word
    # dataclasses and pickle look up a module by its name.
    sys.modules[module.__name__] = module
    exec(compile(source.text, source.word, "exec"), module.__dict__)
    return module


def _imported(word: str) -> ModuleType:
    return importlib.import_module(word.partition(":")[0])


def _place(source: Source, error: BaseException) -> str:
    """Return the file of the source, with the line of an error if it is known."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == source.word:
            line = trace.tb_lineno
        trace = trace.tb_next
    name = shown(source.word)
    return f"{name}:{line}" if line else name


def _beside(
    source: Source, module: ModuleType, folder: str, before: set[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield further modules for other machines: of the same folder, or of the same package."""
    top = module.__name__.partition(".")[0]
    size = len(source.text)
    for name, one in sorted(sys.modules.items()):
        path = getattr(one, "__file__", None) or ""
        if not path.endswith(".py") or (one is module and source.is_file):
            continue
        if source.is_file:
            wanted = name not in before and Path(path).is_relative_to(folder)
        else:
            wanted = name == top or name.startswith(f"{top}.")
        if wanted:
            text = read(path)
            size += len(text)
            if size > MOST:
                raise WrongUsage(f"{shown(source.word)}: its modules are more than {MOST} bytes")
            yield name, path, text


class _Carried(MetaPathFinder, Loader):
    """A finder of modules among the texts that came with a source."""

    def __init__(self, modules: Sequence[tuple[str, str, str]]) -> None:
        self._modules = {name: (path, text) for name, path, text in modules}

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self._modules:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=self._is_package(name))

    def _is_package(self, name: str) -> bool:
        return os.path.basename(self._modules[name][0]) == "__init__.py"

    def exec_module(self, module: ModuleType) -> None:
        path, text = self._modules[module.__name__]
        module.__file__ = path
        exec(compile(text, path, "exec"), module.__dict__)


@contextmanager
def _importable(folder: str, modules: Sequence[tuple[str, str, str]]) -> Iterator[None]:
    """Let a source import modules from its folder, or those that came with it."""
    finder = _Carried(modules)
    sys.path.insert(0, folder)
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        if folder in sys.path:
            sys.path.remove(folder)
