"""Faults that need more than one client: clients are mixed up, delayed or lost."""

from __future__ import annotations

from .answers import Answers
from .courses import Course

#: The number of clients that a server with a short table serves at a time.
TABLE = 8


class ToAnother(Answers):
    """Each answer goes to another client as well."""

    def answer(self, data: bytes) -> None:
        self.client.put(data)
        others = [one for one in self.proxy.courses if one is not self and not one.client.closed]
        if others:
            others[-1].acts()
            others[-1].client.put(data)


class OneAtATime(Course):
    """The next client is accepted only when the previous one has left."""

    most = 1

    def left(self) -> None:
        super().left()
        self.proxy.review()


class FewClients(OneAtATime):
    """A ninth client is not served while eight others are connected."""

    most = TABLE


class DeadAfterRst(Course):
    """The server dies of the first RST."""

    def client_reset(self) -> None:
        super().client_reset()
        self.acts()
        self.proxy.refuse()
        for course in list(self.proxy.courses):
            course.client.hang_up()
            course.server.hang_up()


class DeadAfterOne(Course):
    """The server ends when its first client has left."""

    def opened(self) -> None:
        if self.proxy.has_left:
            self.acts()
            self.client.abort()
            self.server.hang_up()

    def left(self) -> None:
        super().left()
        self.proxy.has_left = True


class RstUnnoticed(Course):
    """The server does not notice a client's RST, and keeps the connection until its own end."""

    def client_reset(self) -> None:
        self.acts_for_now()

    def server_ended(self) -> None:
        self.acted_in_vain()
        super().server_ended()
        if self.client.closed:
            self.server.hang_up()
