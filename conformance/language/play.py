"""Scripts of steps: the scenario of a requirement, and the parts of a session."""

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

#: The words for an answer and a greeting if a step does not define them.
ANSWER, GREETING = "the answer", "the greeting"


class Script(NamedTuple):
    """Steps that can be performed.

    Arguments:
        file: the name of the file, for messages.
        steps: the steps.
        templates: the defaults of the parameters.
        what: the words for awaited data if a step does not define them.
    """

    file: str
    steps: tuple[Step, ...]
    templates: Mapping[str, Template]
    what: str = ANSWER

    def judge(self, session: Session) -> None:
        """Perform the steps as a scenario, with new clients. Raises Violation."""
        session.keep_names(clients_of(self.steps))
        play = self._player(session)
        try:
            play.run(self.steps)
        finally:
            play.resume()

    def take(self, session: Session, peer: Peer) -> None:
        """Perform the steps with a connected client. Raises Violation."""
        play = self._player(session)
        play.clients[FIRST] = peer
        play.names.known.update(CAPTURED.get(peer, {}))
        play.run(self.steps)
        CAPTURED[peer] = play.names.known

    def exchange(self, session: Session) -> None:
        """Perform the steps with a new sender of datagrams. Raises Violation."""
        play = self._player(session)
        play.run(self.steps)
        for sender in play.senders.values():
            sender.close(note=False)

    def _player(self, session: Session) -> Player:
        return Player(session, self.file, self.templates, self.what, DO)
