"""Reading a stream by lines, delimiters, sizes and patterns; every stream has these methods.

All these methods and plain ``recv`` share the bytes that were read ahead: each of them starts
where the last one stopped, whether it succeeded or not. The requests themselves are in
core/readahead.py, which is loaded at the first one.
"""

from __future__ import annotations

from ..core.deadline import Deadline
from ..core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import io
    import re
    from collections.abc import Callable, Iterator
    from types import EllipsisType
    from typing import Literal, TypeVar, overload

    from ..core.address import Address
    from ..core.readahead import ReadAhead, Request

    _Found = TypeVar("_Found")


class Reading:
    """The reading methods of a stream besides ``recv``.

    Every call has ``timeout``: seconds for the whole call, None for ever; if it is not given, the
    value of settimeout. ``limit`` is the limit of bytes; if it is not given, the connection's own.
    An error loses no bytes: those received before it can still be read.
    """

    if TYPE_CHECKING:
        peer: Address
        _ahead: ReadAhead | None

        gettimeout: Callable[[], float | None]
        settimeout: Callable[[float | None], None]
        recv: Callable[..., bytes]
        send: Callable[[memoryview], int]
        send_all: Callable[[bytes], None]
        _recv: Callable[[int], bytes]
        _recv_within: Callable[[int, Deadline], bytes]

    #: Whether the time-out of settimeout covers a whole recv, even if it reads the socket more
    #: than once.
    _keeps_time = True

    #: The limit of bytes in a line, or before a delimiter or a match; None: no limit.
    limit: int | None = 1024 * 1024

    def pending(self) -> bool:
        """Return whether recv returns something without waiting."""
        return bool(self._ahead)

    def recv_until(
        self,
        delimiter: bytes,
        *,
        timeout: float | EllipsisType | None = ...,
        limit: int | EllipsisType | None = ...,
    ) -> bytes:
        """Return everything up to the delimiter, including it.

        Raises IncompleteError (an EOFError) if the peer ends before it, ReadTimeoutError (a
        TimeoutError), LimitError; all are OSErrors, like the errors of a broken connection.
        """
        from ..core.readahead import Until

        return self._ask(Until(delimiter, self._most(limit)), timeout)

    def recv_exactly(self, size: int, *, timeout: float | EllipsisType | None = ...) -> bytes:
        """Return exactly so many bytes. Raises the errors of recv_until."""
        from ..core.readahead import Exactly

        return self._ask(Exactly(size), timeout)

    def recv_line(
        self,
        *,
        timeout: float | EllipsisType | None = ...,
        limit: int | EllipsisType | None = ...,
    ) -> bytes:
        r"""Return the next line with its LF; ``b""`` at EOF, and only then.

        The last line of a stream may lack its LF. Raises ReadTimeoutError, LimitError.
        """
        from ..core.readahead import Line

        return self._ask(Line(self._most(limit)), timeout)

    def recv_all(
        self, *, timeout: float | EllipsisType | None = ..., limit: int | None = None
    ) -> bytes:
        """Return everything up to EOF, without a ``limit`` unless one is given. Raises OSError."""
        from ..core.readahead import Rest

        return self._ask(Rest(limit), timeout)

    def expect(
        self,
        pattern: bytes | re.Pattern[bytes],
        *,
        timeout: float | EllipsisType | None = ...,
        limit: int | EllipsisType | None = ...,
    ) -> re.Match[bytes]:
        """Wait for a match of a regular expression; read up to the end of the first one.

        ``match.string[:match.start()]`` is the data before it. The search sees only the bytes
        received so far, so a pattern should end with the end of the text. Raises the errors of
        recv_until.
        """
        from ..core.readahead import Matching

        return self._ask(Matching(pattern, self._most(limit)), timeout)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines up to EOF, as recv_line returns them."""
        while line := self.recv_line():
            yield line

    if TYPE_CHECKING:

        @overload
        def makefile(self, mode: Literal["rb", "wb", "rwb"] = "rb") -> io.BufferedIOBase: ...
        @overload
        def makefile(
            self,
            mode: Literal["r", "w", "rw"],
            encoding: str = "utf-8",
            errors: str = "strict",
            newline: str | None = None,
        ) -> io.TextIOWrapper: ...

    def makefile(
        self,
        mode: str = "rb",
        encoding: str = "utf-8",
        errors: str = "strict",
        newline: str | None = None,
    ) -> io.BufferedIOBase | io.TextIOWrapper:
        """Return a file object over the connection; closing it leaves the connection open.

        It shares the bytes read ahead with ``recv``. A text file takes whole lines of them.

        Arguments:
            mode: ``rb``, ``wb`` or ``rwb``; without ``b``, text.
            encoding, errors, newline: of a text file, as in open().
        """
        from .streamfile import opened

        return opened(self, mode, encoding, errors, newline)

    def _send_pieces(self, data: bytes) -> None:
        """Send everything by ``send``, within the time-out of settimeout. Raises OSError."""
        view = memoryview(data)

        def send_some() -> bool:
            nonlocal view
            view = view[self.send(view) :]
            return bool(view)

        if view:
            self._repeat_in_time(send_some)

    def _repeat_in_time(self, send_some: Callable[[], bool]) -> None:
        """Call ``send_some`` until it returns False; the time-out is for all calls together.

        Raises OSError; TimeoutError when the time is over.
        """
        seconds = self.gettimeout()
        if not seconds:
            while send_some():
                pass
            return
        deadline = Deadline(seconds)
        try:
            while send_some():
                left = deadline.remaining
                if not left:
                    raise TimeoutError("timed out")
                self.settimeout(left)
        finally:
            self.settimeout(seconds)

    def _most(self, limit: int | EllipsisType | None) -> int | None:
        return self.limit if limit is ... else limit

    def _ask(self, request: Request[_Found], timeout: float | EllipsisType | None) -> _Found:
        from ..core.readahead import READ, ReadAhead, timed_out

        if self._ahead is None:
            self._ahead = ReadAhead()
        held = self._ahead
        usual = timeout is ...
        seconds = self.gettimeout() if timeout is ... else timeout
        # A call without a time-out, or without waiting, needs no clock; for the first read, the
        # socket's own time-out is enough.
        plainly = usual and (not seconds or self._keeps_time)
        deadline = Deadline(seconds)
        while (found := request.look(held, self.peer)) is None:
            try:
                data = self._recv(READ) if plainly else self._recv_within(READ, deadline)
            except TimeoutError:
                raise timed_out(request.operation, self.peer, held) from None
            if not data:
                return request.at_end(held, self.peer)
            held.feed(data)
            plainly = usual and not seconds
        return found
