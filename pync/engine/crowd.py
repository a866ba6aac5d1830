"""Readiness of very many descriptors: epoll, which looks at those alone where something came.

epoll_ctl(2) refuses what has no readiness of its own (EPERM: regular files, /dev/null). poll(2)
says of these that they are ready at once, always; so says this. It knows nothing of callbacks.
"""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    _Epoll = selectors.EpollSelector
else:
    # Where it is missing, the module can still be imported; the loop does not ask for it there.
    _Epoll = getattr(selectors, "EpollSelector", object)

_Ready = list["tuple[selectors.SelectorKey, int]"]


class CrowdSelector(_Epoll):
    """An epoll that takes every descriptor. Raises OSError when there is no descriptor for it."""

    def __init__(self) -> None:
        super().__init__()
        self._always: dict[int, selectors.SelectorKey] = {}

    def register(self, fileobj: int, events: int, data: object = None) -> selectors.SelectorKey:  # type: ignore[override]
        """Watch a descriptor for these events."""
        try:
            return super().register(fileobj, events, data)
        except PermissionError:
            key = selectors.SelectorKey(fileobj, fileobj, events, data)
            self._always[fileobj] = key
            return key

    def modify(self, fileobj: int, events: int, data: object = None) -> selectors.SelectorKey:  # type: ignore[override]
        """Watch it for other events."""
        if fileobj in self._always:
            key = self._always[fileobj] = self._always[fileobj]._replace(events=events)
            return key
        return super().modify(fileobj, events, data)

    def unregister(self, fileobj: int) -> selectors.SelectorKey:  # type: ignore[override]
        """Watch it no more."""
        return self._always.pop(fileobj, None) or super().unregister(fileobj)

    def select(self, timeout: float | None = None) -> _Ready:
        """What is ready, within so many seconds; None waits for ever."""
        if not self._always:
            return super().select(timeout)
        ready = super().select(0)
        ready.extend((key, key.events) for key in self._always.values())
        return ready
