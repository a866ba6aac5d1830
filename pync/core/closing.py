"""``with`` for everything that has a close()."""

from __future__ import annotations

#: What typing calls so; typing itself is two milliseconds.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


class Closing:
    """A context manager that closes itself at the end of ``with``, whatever happened."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release what is held; idempotent."""
        raise NotImplementedError
