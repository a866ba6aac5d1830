"""Steps that can be played: the scenario of a requirement, and the parts of a session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..clients.peer import Peer
from ..scenario.session import Session
from .checks import clients_of
from .doing import DO
from .player import CAPTURED, Player
from .scope import Template
from .steps import FIRST, Step

#: What an answer and a greeting are called where a step does not say it.
ANSWER, GREETING = "the answer", "the greeting"


class Script(NamedTuple):
    """Steps that can be played.

    Arguments:
        file: the name of the file, for messages.
        steps: the steps.
        templates: the defaults of the parameters.
        what: what is awaited, where a step does not say it.
    """

    file: str
    steps: tuple[Step, ...]
    templates: Mapping[str, Template]
    what: str = ANSWER

    def judge(self, session: Session) -> None:
        """A scenario: all clients are new. Raises Violation."""
        session.keep_names(clients_of(self.steps))
        play = self._player(session)
        try:
            play.run(self.steps)
        finally:
            play.resume()

    def take(self, session: Session, peer: Peer) -> None:
        """Play with a client that is there. Raises Violation."""
        play = self._player(session)
        play.clients[FIRST] = peer
        play.names.known.update(CAPTURED.get(peer, {}))
        play.run(self.steps)
        CAPTURED[peer] = play.names.known

    def exchange(self, session: Session) -> None:
        """Play with a new sender of datagrams. Raises Violation."""
        play = self._player(session)
        play.run(self.steps)
        for sender in play.senders.values():
            sender.close(note=False)

    def _player(self, session: Session) -> Player:
        return Player(session, self.file, self.templates, self.what, DO)
