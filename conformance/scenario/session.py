"""The session of a scenario: one server, its clients, one transcript.

A session starts the server that the plan needs, makes named clients, and closes
everything at the end. Scenarios use only the session and its peers.
"""

from __future__ import annotations

import random
import shutil
import signal
import string
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain, count
from types import TracebackType

from ..clients.client_under_test import ClientUnderTest
from ..clients.connect import dial
from ..clients.datagrams import Sender
from ..clients.open_terminal import open_terminal
from ..clients.peer import Peer
from ..clients.terminal import Terminal
from ..core.budget import Budget, budget
from ..core.conduct import LF
from ..core.settings import ECHO, ONE
from ..core.transcript import Transcript
from ..core.verdict import NotJudged, NotOverLine, Violation
from ..targets.client_launch import expect_client
from ..targets.launch import Server, ServerSpec, launched, start_again
from ..targets.process import Process
from ..targets.scratch import new_folder
from . import death
from .entrance import Entrance
from .profile import ClientProfile, Profile, StreamProfile
from .random_text import lines, words

#: Seconds for a server to read what has arrived, if no other client can confirm that.
READING_TIME = 0.25


class Session:
    """One scenario's server and clients.

    Arguments:
        wanted: the server to start or to reuse.
        profile: the service that it provides.
        parameters: the texts of the service in force.
        seed: the seed of this scenario's random data.
        client: the command line of the terminal client.
    """

    def __init__(
        self,
        wanted: ServerSpec,
        profile: Profile,
        parameters: dict[str, bytes],
        seed: bytes,
        client: str | None,
    ) -> None:
        self.profile = profile
        self.parameters = profile.settings.in_force(parameters)
        self.line = wanted.line
        self.deadline = wanted.deadline + (self.line.round_trip if self.line else 0.0)
        self.transport = wanted.transport
        self.random = random.Random(seed)
        self.transcript = Transcript()
        self.ends_on_purpose = False
        self._paused = False
        self._wanted = wanted
        self._client = client
        self._names = chain(string.ascii_uppercase, (f"C{number}" for number in count(1)))
        self._kept: set[str] = set()
        self._peers: list[Peer] = []
        self._senders: list[Sender] = []
        self._patience = self.deadline
        self._stack = ExitStack()
        self._server: Server | None = None
        self._entrance = Entrance(wanted.fault, self.line, self._stack)
        self.traffic = self._entrance.traffic
        self.budget = self._new_budget()
        #: How often the fault in front of the server has changed something; set at the end.
        self.acted = 0

    def __enter__(self) -> Session:
        if not isinstance(self.profile, ClientProfile):
            self._server = self._stack.enter_context(launched(self._wanted))
            self._entrance.lead_to(self._server.address)
        self.budget = self._new_budget()  # entering may have waited for the address
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.acted = self._entrance.acted(isinstance(error, Violation), self._peers)
        try:
            if error is None or isinstance(error, NotOverLine):
                self._still_alive()
            elif isinstance(error, Violation):
                self._explain(error)
        finally:
            self._close(fixed=self._wanted.at is not None)

    # Clients.

    def connect(self, name: str | None = None, receive_buffer: int | None = None) -> Peer:
        """Return a new client that is only connected."""
        self.budget.check()
        peer = dial(
            *(name or self._next_name(), self._entrance.address),
            self.transcript,
            self.deadline,
            receive_buffer,
            shakes=not self._paused,
            traffic=self.traffic,
        )
        peer.conduct, peer.budget = self.profile.conduct(self.parameters), self.budget
        peer.sees_queues = self._entrance.is_the_server_s
        self._peers.append(peer)
        return peer

    def keep_names(self, names: Iterable[str]) -> None:
        """Reserve names for later clients, so that no other client gets them."""
        self._kept |= set(names)

    def _next_name(self) -> str:
        return next(name for name in self._names if name not in self._kept)

    def _new_budget(self) -> Budget:
        by_itself = isinstance(self.profile, StreamProfile) and self.profile.ends_by_itself
        return budget(self._wanted.deadline, by_itself, self.traffic)

    @property
    def one_at_a_time(self) -> bool:
        """Whether the server serves one client after another, by design."""
        return self.parameters.get("clients") == ONE

    def let_accept(self) -> None:
        """Wait until the server has accepted all waiting clients; no verdict depends on it.

        All these waits together take at most one deadline: a server that serves one client
        at a time never accepts the others.
        """
        until = time.monotonic() + self._patience
        self._entrance.let_accept(self._patience)
        self._patience = max(0.0, until - time.monotonic())

    def now(self) -> float:
        """Return the time in seconds, without the time in which a bad line carried data."""
        return self._entrance.now()

    def let_arrive(self) -> None:
        """Wait until a bad line has delivered everything that was sent. Raises LineTooSlow."""
        self._entrance.let_arrive(self.deadline)

    def join(self, name: str | None = None, receive_buffer: int | None = None) -> Peer:
        """Return a new client that has received what the service sends at the start."""
        if self._peers and not self._paused:
            # Clients that connect at the same time are judged by another clause (7.21).
            self.let_accept()
        peer = self.connect(name, receive_buffer)
        assert isinstance(self.profile, StreamProfile), self.profile.name
        self.profile.open(self, peer)
        return peer

    def serve(self, peer: Peer) -> None:
        """Run a small complete session with a joined client, to its orderly end."""
        assert isinstance(self.profile, StreamProfile), self.profile.name
        self.profile.serve(self, peer)
        peer.close()

    def sender(self, name: str | None = None) -> Sender:
        """Return a new sender of datagrams to the server."""
        name, address = name or self._next_name(), self._entrance.address
        sender = Sender(name, address, self.transcript, self.deadline)
        sender.budget, sender.traffic = self.budget, self.traffic
        sender.conduct = self.profile.conduct(self.parameters)
        self._senders.append(sender)
        return sender

    def client_under_test(self) -> ClientUnderTest:
        """Start the client that is judged, and return it when it has connected."""
        folder = new_folder()
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        with expect_client(self._wanted, str(folder)) as (listener, argv, environment):
            client = ClientUnderTest(
                *(argv, environment, self._wanted.directory, listener),
                *(self.transcript, self.deadline),
            )
        self._stack.callback(client.close)
        return client

    def next_client_is_served(self) -> None:
        """Check that the next client is served completely, as every survival scenario does.

        A server with one client at a time serves no other client while one is connected; then
        wait a moment instead.
        """
        self.let_arrive()
        if self.one_at_a_time and any(peer.stays for peer in self._peers):
            time.sleep(READING_TIME)
            return
        self.profile.small_session(self)

    def terminal(self) -> Terminal:
        """Return a person's terminal with a client program connected to the server."""
        # The client program cannot know how long the bad line delays data.
        patience = self.deadline + (self.line.dialogue if self.line else 0.0)
        where = self._entrance.address, self.transcript, patience
        terminal = open_terminal(self._client, *where, self.profile.conduct(self.parameters))
        self._stack.callback(terminal.close)
        return terminal

    # The server.

    @property
    def server(self) -> Server:
        """The server that is judged."""
        assert self._server is not None, "the session has not begun"
        return self._server

    @property
    def process(self) -> Process:
        """The server's process.

        Raises NotJudged if the suite did not start it.
        """
        if self.server.process is None:
            raise NotJudged("needs a server that the suite itself starts and stops")
        return self.server.process

    @property
    def can_pause(self) -> bool:
        """Whether ``paused`` works: the suite started the server, and this is not Windows."""
        return self.server.process is not None and hasattr(signal, "SIGSTOP")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the server's processes (SIGSTOP) for the block, so that it accepts nothing."""
        process = self.process
        self.transcript.note("server", "SIGSTOP")
        process.pause()
        self._paused = True
        try:
            yield
        finally:
            self._paused = False
            try:
                # The server continues only when everything that the clients have sent has arrived.
                self.let_arrive()
            finally:
                process.resume()
            self.transcript.note("server", "SIGCONT")

    def terminate(self, within: float) -> None:
        """End the server by SIGTERM and judge how it ends.

        Arguments:
            within: seconds that the end may take.
        Raises Violation.
        """
        process, self.ends_on_purpose = self.process, True
        death.ends_in_order(process, within, self.transcript)

    def kill(self) -> None:
        """Kill the server by SIGKILL, like a crash."""
        process, self.ends_on_purpose = self.process, True
        self.transcript.note("server", "SIGKILL")
        process.kill(self.deadline)

    def start_again(self, same_address: bool = False) -> None:
        """Start a new server on the same data folder, and at the same Unix path.

        Arguments:
            same_address: whether to use the same port too. Raises NotJudged for a server that
                chooses its own port.
        """
        self._server = start_again(self._wanted, self.server, self._stack, same_address)
        self._entrance.lead_to(self._server.address)
        self.transcript.note("server", "started again")
        self.ends_on_purpose = False

    # Data.

    def some_bytes(self, size: int) -> bytes:
        """Return random bytes, the same for the same seed; text in lines for a service of lines."""
        if self.parameters.get("answer", ECHO) != ECHO or self.parameters.get("eol", LF) != LF:
            return lines(self.random, size)
        return self.random.randbytes(size)

    def some_words(self, size: int, without: bytes = b"") -> bytes:
        """Return random text of letters, digits and blanks, without the given letters."""
        return words(self.random, size, without)

    # The end.

    def _still_alive(self) -> None:
        process = self._server.process if self._server else None
        if process and not self.ends_on_purpose:
            death.check_alive(process)

    def _explain(self, violation: Violation) -> None:
        process = self._server.process if self._server else None
        if process and not self.ends_on_purpose:
            death.explain(violation, process)

    def _close(self, fixed: bool) -> None:
        if fixed:
            # The port is reused at once, so no connection may stay in TIME_WAIT.
            with ExitStack() as stopping:
                stopping.push(self._stack.pop_all())
            for peer in self._peers:
                peer.vanish()
        for one in chain[Peer | Sender](self._peers, self._senders):
            one.close(note=False)
        self._stack.close()
