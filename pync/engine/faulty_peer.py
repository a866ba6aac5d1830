"""A peer of datagrams over a bad line: the faults of its two directions, as they are now.

What happens to a datagram is decided in layers/faultydatagrams.py; engine/datagram_flow.py asks it.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.fault import DATAGRAMS, DOWN, UP
from ..layers.faulttable import FaultTable
from ..layers.faultydatagrams import FaultyDatagrams


class FaultyPeer:
    """The two directions of one peer.

    Arguments:
        table: the faults that are switched on, which may change.
        number: the peer's.
        end: ends its session: datagrams know neither FIN nor RST.
    """

    def __init__(self, table: FaultTable, number: int, end: Callable[[], None]) -> None:
        self.number = number
        self._table = table
        self.up = self._line(UP)
        self.down = self._line(DOWN)
        self.cut = self.reset = end

    def change(self) -> None:
        """Take over the faults of the table as they are now."""
        for way, line in ((UP, self.up), (DOWN, self.down)):
            line.change(self._table.of(self.number, way, DATAGRAMS))

    def _line(self, way: str) -> FaultyDatagrams:
        table, number = self._table, self.number
        return FaultyDatagrams(
            table.of(number, way, DATAGRAMS), lambda one: table.random(one, number, way)
        )
