"""Lua scripts behind connections (``--lua-exec``): lupa runs each in its own Python process.

Lua's own libraries use the C library's standard streams, and these are the connection: a script
reads and writes it with ``io`` and ``print``. The script is loaded once before pync listens, so
that a mistake in it is reported to the user and not to the first client.
"""

from __future__ import annotations

import os
import sys

from ..core import load_module
from ..core.errors import UsageError
from ..core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

#: Lua's versions; the first that lupa contains is used. ncat has had 5.4 since 7.94, 5.3 before.
VERSIONS = ("lua54", "lua53")

#: A Lua function that takes the name of a file and returns the error of loading it, or nil.
_LOAD = b"function(path) local _, wrong = loadfile(path) return wrong end"

#: A Lua function that runs the file and returns the exit status. Output is not buffered, because a
#: script may write a question and then read the answer. The script cannot reach Python. Errors have
#: ncat's wording, without the stack frames of this function.
_RUN = b"""
function(path)
  python = nil
  io.stdout:setvbuf("no")
  local doing, script, wrong = "loading", loadfile(path)
  local ran = script ~= nil
  if ran then
    doing = "running"
    ran, wrong = xpcall(script, debug.traceback)
  end
  if ran then return 0 end
  wrong = tostring(wrong)
  local ours = wrong:find("\\n\\t[C]: in function 'xpcall'", 1, true)
  wrong = wrong:sub(1, (ours or 0) - 1)
  io.stderr:write("Ncat: Error ", doing, " the Lua script: ", wrong, ". QUITTING.\\n")
  return 2
end
"""

#: What the child's Python runs. The child may be unable to import pync by itself.
_CHILD = "import sys; sys.path.insert(0, {0!r}); from {1} import main; sys.exit(main({2!r}))"


def words_for(path: str) -> list[str]:
    """Return the command that runs a script. Raises UsageError when the script cannot be loaded."""
    wrong = _runtime().eval(_LOAD)(os.fsencode(path))
    if wrong is not None:
        raise UsageError(f"Error loading the Lua script: {_text(wrong)}.")
    # The folder, or the zipapp, that contains the package.
    top = os.path.dirname(os.path.abspath(__file__))
    for _ in __name__.split(".")[1:]:
        top = os.path.dirname(top)
    code = _CHILD.format(top, __name__, path)
    words = [sys.executable, "-c", code]
    if sys.platform == "win32":
        import subprocess

        return [subprocess.list2cmdline(words)]
    return words


def main(path: str) -> int:
    """Run a script on the standard streams of this process, which runs nothing else.

    Return the exit status. Raises UsageError without lupa.
    """
    lua = _runtime()
    if sys.platform != "win32":
        import signal

        # Python ignores SIGPIPE; a script that writes for ever must end when its client leaves.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    status: int = lua.eval(_RUN)(os.fsencode(path))
    return status


def _runtime() -> Any:
    for version in VERSIONS:
        try:
            lua = load_module(f"lupa.{version}")
        except ImportError:
            continue
        return lua.LuaRuntime(register_eval=False, register_builtins=False, encoding=None)
    raise UsageError("--lua-exec needs lupa: pip install 'pync-nc[lua]'.")


def _text(wrong: bytes) -> str:
    return wrong.decode("utf-8", "replace")
