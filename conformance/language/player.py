"""Perform steps: keep the clients and the values of names, and report a step that fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from weakref import WeakKeyDictionary

from ..clients.datagrams import Sender
from ..clients.peer import Peer
from ..clients.terminal import Terminal
from ..core.verdict import Violation, WrongUsage
from ..scenario.session import Session
from .cursor import Mistake
from .scope import Names, Template
from .steps import Step
from .terms import value

#: Client -> the names that were captured while it joined.
CAPTURED: WeakKeyDictionary[Peer, dict[str, bytes]] = WeakKeyDictionary()


class Player:
    """The clients and names of steps that are being performed.

    Arguments:
        file: the name of the file, for messages.
        what: the words for awaited data if a step does not define them.
        templates: the defaults of the parameters.
    """

    def __init__(
        self,
        session: Session,
        file: str,
        templates: Mapping[str, Template],
        what: str,
        do: Mapping[str, Callable[[Player, Step], None]],
    ) -> None:
        self.session = session
        self.names = Names(session.parameters, templates, session.random)
        self._file, self._what, self._do = file, what, do
        self.clients: dict[str, Peer] = {}
        self.senders: dict[str, Sender] = {}
        self.terminals: dict[str, Terminal] = {}
        self.gone: set[str] = set()
        #: The clients that read nothing until their next expect.
        self.deaf: set[str] = set()
        self.patience: float | None = None
        self._stopped = ExitStack()

    def run(self, steps: tuple[Step, ...]) -> None:
        """Perform the steps. Raises Violation, with the step."""
        for step in steps:
            try:
                self._do[step.verb](self, step)
            except Violation as violation:
                violation.step = violation.step or self._shown(step)
                raise
            except Mistake as mistake:
                raise WrongUsage(f"{self._file}:{step.line}: {mistake}") from None

    def _shown(self, step: Step) -> str:
        via = f" (done in line {step.via})" if step.via else ""
        return f"{self._file}:{step.line}: {step.text}{via}"

    def pause(self) -> None:
        """Stop the server's processes until ``resume`` or the end."""
        self._stopped.enter_context(self.session.paused())

    def resume(self) -> None:
        """Let the server continue."""
        self._stopped.close()

    # Clients.

    def name(self, step: Step) -> str:
        """Return the name of a step's client, with the values of the names in it."""
        return re.sub(
            r"\$([A-Za-z_]\w*)",
            lambda found: self.names.named(found.group(1)).decode(errors="replace"),
            step.client,
        )

    def peer(self, step: Step) -> Peer:
        """Return the client of a step; if it is new, let it join."""
        name = self.name(step)
        if name not in self.clients:
            self.arrive(name, joins=True)
        return self.clients[name]

    def arrive(self, name: str, joins: bool, receive_buffer: int | None = None) -> None:
        """Connect a new client."""
        if name in self.clients and name not in self.gone:
            raise Mistake(f"{name} is connected already")
        self.gone.discard(name)
        make = self.session.join if joins else self.session.connect
        peer = make(name, receive_buffer)
        self.clients[name] = peer
        self.names.known.update(CAPTURED.get(peer, {}))

    def sender(self, step: Step) -> Sender:
        """Return the sender of datagrams of a step."""
        name = self.name(step)
        if name not in self.senders:
            self.senders[name] = self.session.sender(name)
            # A real client may use a connected socket, which gets no answer from another port.
            self.senders[name].judges_source = True
        return self.senders[name]

    def terminal(self, step: Step) -> Terminal:
        """Return the terminal of a step."""
        name = self.name(step)
        if name not in self.terminals:
            self.terminals[name] = self.session.terminal()
        return self.terminals[name]

    @contextmanager
    def within(self, client: Peer | Sender | Terminal, step: Step) -> Iterator[None]:
        """Use the deadline of a step for its client."""
        usual = client.deadline
        client.deadline = step.seconds or self.patience or usual
        try:
            yield
        finally:
            client.deadline = usual

    def data(self, step: Step) -> bytes:
        """Return the bytes of a step that has one list of terms."""
        return value(step.terms[0], self.names)

    def what(self, step: Step) -> str:
        """Return the words for the awaited data."""
        return step.what or self._what
