"""Broken greet servers."""

from ..reference.python.services import Greet
from .common import add_to, die
from .declare import Family

family = Family("greet")
fault = family.fault
MUTANTS = family.mutants


@fault("greets-in-lower-case", breaks="greeting")
class GreetsInLowerCase(Greet):
    """The greeting is in lower case."""

    def setting(self, name: str) -> bytes:
        value = super().setting(name)
        return value.lower() if name == "greeting" else value


@fault("greets-twice", breaks="nothing-else")
class GreetsTwice(Greet):
    """The greeting comes twice."""

    def connected(self) -> None:
        super().connected()
        self.send(self.setting("greeting"))


@fault("waits-for-input", breaks="greeting")
class WaitsForInput(Greet):
    """Nothing is sent before the client has sent something."""

    greeted = False

    def connected(self) -> None:
        pass

    def received(self, data: bytes) -> None:
        if not self.greeted:
            self.greeted = True
            super().connected()

    def ended(self) -> None:
        self.finish()


@fault("holds-greeting-back", breaks="not-held-back")
class HoldsGreetingBack(Greet):
    """The greeting waits in a buffer for the farewell."""

    held = True

    def flush(self) -> None:
        if not self.held:
            super().flush()

    def wants(self) -> int:
        return 1 if self.held else super().wants()

    def part(self) -> None:
        self.held = False
        super().part()


@fault("cuts-farewell", breaks="farewell")
class CutsFarewell(Greet):
    """The farewell's last newlines are stripped."""

    def setting(self, name: str) -> bytes:
        value = super().setting(name)
        return value.rstrip() if name == "farewell" else value


@fault("never-says-farewell", breaks="farewell")
class NeverSaysFarewell(Greet):
    """Ends without the farewell."""

    def part(self) -> None:
        self.finish()
        self.advance()


@fault("closes-with-unread-input", breaks="ends-fin")
class ClosesWithUnreadInput(Greet):
    """Never reads: close() with unread input is an RST."""

    def wants(self) -> int:
        return super().wants() & ~1

    def part(self) -> None:
        if self.open:
            self.sock.setblocking(True)
            try:
                self.sock.sendall(self.setting("farewell"))
            except OSError:
                pass  # the client has disconnected
            self.close()


@fault("never-ends", breaks="unprompted")
class NeverEnds(Greet):
    """Stays connected after the farewell."""

    def send_fin(self) -> None:
        self.fin_sent = True


@fault("resets-at-the-end", breaks="unprompted")
class ResetsAtTheEnd(Greet):
    """Ends by RST after the farewell."""

    def send_fin(self) -> None:
        self.abort()


@fault("echoes-input", breaks="ignores-input")
class EchoesInput(Greet):
    """Sends the client's bytes back."""

    def received(self, data: bytes) -> None:
        self.send(data)


@fault("quits-on-quit", breaks="ignores-input")
class QuitsOnQuit(Greet):
    """Ends at once if the client sends quit."""

    def received(self, data: bytes) -> None:
        if b"quit" in data:
            self.finish()


@fault("adds-a-line", breaks="nothing-else")
class AddsALine(Greet):
    """Sends another line between greeting and farewell."""

    def part(self) -> None:
        self.send(b"--\n")
        super().part()


@fault("dies-when-one-leaves-early", breaks="early-leaver")
class DiesWhenOneLeavesEarly(Greet):
    """A client's FIN before the farewell ends the process."""

    def ended(self) -> None:
        if not self.finishing:
            die(self.server, "left early")


@fault("writes-without-looking", breaks="reset-at-once")
class WritesWithoutLooking(Greet):
    """Ignores a reset until the farewell cannot be written, and then dies."""

    def dropped(self, error: OSError) -> None:
        self.server.watch(self, 0)
        self.reset = True

    reset = False

    def part(self) -> None:
        if self.reset:
            die(self.server, "farewell: connection reset")
        super().part()


@fault("drops-the-one-after", breaks="reset-between")
class DropsTheOneAfter(Greet):
    """When a client resets, the next client in the list is removed too."""

    def dropped(self, error: OSError) -> None:
        place = self.order.index(self)
        super().dropped(error)
        for one in self.order[place : place + 2]:
            one.close()
        del self.order[place : place + 2]

    order: "list[Greet]" = []

    def connected(self) -> None:
        super().connected()
        self.order.append(self)


@fault("farewell-to-the-newest", breaks="isolation")
class FarewellToTheNewest(Greet):
    """All timers share a variable: the farewell goes to the newest client."""

    newest: "Greet | None" = None

    def connected(self) -> None:
        super().connected()
        FarewellToTheNewest.newest = self

    def part(self) -> None:
        newest = FarewellToTheNewest.newest
        if newest is not self and newest is not None and newest.open:
            newest.send(self.setting("farewell"))
            newest.advance()
            self.finish()
            self.advance()
        else:
            super().part()


@fault("farewell-on-one-line", breaks="terminal")
class FarewellOnOneLine(Greet):
    """The farewell ends with CR instead of its last LF."""

    def setting(self, name: str) -> bytes:
        value = super().setting(name)
        return value[:-1] + b"\r" if name == "farewell" else value


@fault("adds-a-nul", breaks="nothing-else")
class AddsANul(Greet):
    """A NUL (the end of the C string) follows the greeting."""

    def connected(self) -> None:
        super().connected()
        self.send(b"\0")


@fault("waits-for-fin", breaks="farewell")
class WaitsForFin(Greet):
    """Sends the farewell only after the client's FIN."""

    due = False

    def part(self) -> None:
        self.due = True
        if self.input_ended:
            super().part()

    def ended(self) -> None:
        if self.due:
            super().part()


add_to(family, Greet, quiet=False, at_last=True)
