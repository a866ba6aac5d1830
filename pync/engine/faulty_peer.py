"""A datagram peer over a faulty line: the current faults of its two directions.

layers/faultydatagrams.py decides about each datagram; engine/datagram_flow.py calls it.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.fault import DATAGRAMS, DOWN, UP
from ..layers.faulttable import FaultTable
from ..layers.faultydatagrams import FaultyDatagrams


class FaultyPeer:
    """The two directions of one peer.

    Arguments:
        table: the faults that are switched on; they may change.
        number: the peer's number.
        end: ends its session; it stands for FIN and RST, which datagrams do not have.
    """

    def __init__(self, table: FaultTable, number: int, end: Callable[[], None]) -> None:
        self.number = number
        self._table = table
        self.up = self._line(UP)
        self.down = self._line(DOWN)
        self.cut = self.reset = end

    def change(self) -> None:
        """Apply the faults that the table has now."""
        for way, line in ((UP, self.up), (DOWN, self.down)):
            line.change(self._table.of(self.number, way, DATAGRAMS))

    def _line(self, way: str) -> FaultyDatagrams:
        table, number = self._table, self.number
        return FaultyDatagrams(
            table.of(number, way, DATAGRAMS), lambda one: table.random(one, number, way)
        )
