"""A running child process as one end of a relay: its stdin is written, its stdout is read.

Half-close works in both directions: EOF from the peer closes the child's stdin, and the child's
EOF is passed on. The child inherits our stderr. Windows has a subclass (windows/process.py).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from types import TracebackType

from ..core.errors import ExecError, cause_of
from ..core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

    from typing_extensions import Self

#: Variables that contain our secrets. A child does not need them, and a command that serves a
#: client could send them to that client.
SECRETS = frozenset({"PYNC_MD5SIG_KEY", "PYNC_PROXY_AUTH", "PYNC_PROXY_PASSWORD"})

#: Variables about sockets that were passed to this process only (sd_listen_fds(3)).
PASSED = frozenset({"LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "LISTEN_PIDFDID"})

#: Seconds that a child has to exit after the end of its stdin, and again after SIGTERM.
GRACE = 2.0


class Process:
    """A running child.

    Arguments:
        words: the command.
        environment: variables added to ours.
        session: run it in a session of its own, so that ending it ends its children too; but then
            the keys of the terminal do not reach it, and it cannot read from the terminal.

    Raises ExecError.
    """

    datagram = False

    #: When the end of its output was read (time.monotonic).
    output_ended_at: float | None = None

    #: A child may close its stdin and continue. send() ignores this error; splice(2) could not.
    may_refuse = True

    #: The child answers each read separately: two datagrams in one write would get one answer.
    keeps_apart = True

    def __init__(
        self, words: list[str], environment: dict[str, str], *, session: bool = False
    ) -> None:
        import subprocess

        self._leads = session
        try:
            self._child: subprocess.Popen[bytes] = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment_with(environment),
                bufsize=0,
                start_new_session=session,
            )
        except OSError as error:
            raise ExecError("exec", words[0], cause_of(error)) from None
        except ValueError as error:
            # A word with a NUL in it.
            raise ExecError("exec", repr(words[0]), str(error)) from None
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._stdin, self._stdout = self._child.stdin, self._child.stdout
        # Our ends of the pipes are not shared: the child's ends stay blocking.
        for pipe in (self._stdin, self._stdout):
            os.set_blocking(pipe.fileno(), False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        self.wait()

    def read_fds(self) -> tuple[int, ...]:
        """Return the descriptor to wait on before recv."""
        return () if self._stdout.closed else (self._stdout.fileno(),)

    def write_fd(self) -> int:
        """Return the descriptor to wait on before send; -1 when its stdin has been closed."""
        return -1 if self._stdin.closed else self._stdin.fileno()

    def recv(self, size: int) -> bytes:
        """Return bytes that the child wrote; ``b""`` at EOF. Raises OSError."""
        data = b"" if self._stdout.closed else os.read(self._stdout.fileno(), size)
        return data or self._output_ended()

    def _output_ended(self) -> bytes:
        self.output_ended_at = time.monotonic()
        return b""

    def send(self, data: bytes | memoryview) -> int:
        """Write to the child's stdin; drop the data if the child has closed it."""
        if self._stdin.closed:
            return len(data)
        try:
            return os.write(self._stdin.fileno(), data)
        except BrokenPipeError:
            return len(data)

    def send_eof(self) -> None:
        """Close its stdin; idempotent."""
        self._stdin.close()

    def refuse(self) -> None:
        """Close its stdout: a child that waits to write would never read its stdin again."""
        self._stdout.close()

    def close(self) -> None:
        """Close its stdin and stdout; idempotent."""
        self._stdin.close()
        self._stdout.close()

    @property
    def status(self) -> int | None:
        """The exit status; 128 plus the number of the signal that killed it; None: it runs."""
        status = self._child.poll()
        return None if status is None else status if status >= 0 else 128 - status

    def ends_within(self, seconds: float) -> bool:
        """Wait for its end; return False if it does not come in time."""
        import subprocess

        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def wait(self) -> int:
        """Wait for its end, and force it after a time; return the exit status."""
        for end_it in (self.terminate, self.kill):
            if self.ends_within(GRACE):
                break
            end_it()
        self._child.wait()
        status = self.status
        assert status is not None
        return status

    def terminate(self) -> None:
        """Send SIGTERM to it, and to its session if it has its own; idempotent."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL to it, and to its session if it has its own; idempotent."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        # After waitpid(2), its number may be that of another process.
        if self._child.returncode is not None:
            return
        if self._leads:
            try:
                os.killpg(self._child.pid, number)
            except (ProcessLookupError, PermissionError):
                pass  # all processes have ended (macOS refuses then), or run as another user
        else:
            self._child.send_signal(number)


def environment_with(added: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child: ours without private variables, and those added.

    The name of an abstract Unix socket may contain NUL (unix(7)), which a variable cannot: it is
    replaced by ``@``, as in /proc/net/unix.
    """
    ours = SECRETS | PASSED
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return kept | {name: value.replace("\0", "@") for name, value in added.items()}
