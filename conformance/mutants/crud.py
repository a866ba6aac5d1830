"""Broken crud servers: commands and answers; crud_store.py has the rest of the family."""

import time

from ..reference.python.store import COMMANDS, Crud, Store
from .common import add_to
from .crud_store import family

fault = family.fault
MUTANTS = family.mutants


@fault("creates-over", breaks="create")
class CreatesOver(Crud):
    """create overwrites a key that exists."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        if command == b"create":
            Crud.store.put(key, value)
            return b"OK"
        return super().obey(command, key, value)


@fault("says-created", breaks="create")
class SaysCreated(Crud):
    """create is answered by another word than OK."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        said = super().obey(command, key, value)
        return b"CREATED" if (command, said) == (b"create", b"OK") else said


@fault("reads-nothing-as-empty", breaks="read")
class ReadsNothingAsEmpty(Crud):
    """read of a key that does not exist gives an empty value."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        said = super().obey(command, key, value)
        return b"OK " if (command, said) == (b"read", b"ERROR not found") else said


@fault("reads-once", breaks="read")
class ReadsOnce(Crud):
    """A value is deleted when it has been read."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        said = super().obey(command, key, value)
        if command == b"read" and said.startswith(b"OK "):
            Crud.store.put(key, b"")
        return said


@fault("update-creates", breaks="update")
class UpdateCreates(Crud):
    """update creates a key that does not exist."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        if command == b"update":
            Crud.store.put(key, value)
            return b"OK"
        return super().obey(command, key, value)


@fault("update-appends", breaks="update")
class UpdateAppends(Crud):
    """update appends to the value."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        if command == b"update":
            value = Crud.store.values.get(key, b"") + value
        return super().obey(command, key, value)


@fault("delete-is-always-ok", breaks="delete")
class DeleteIsAlwaysOk(Crud):
    """delete answers OK for a key that does not exist."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        said = super().obey(command, key, value)
        return b"OK" if command == b"delete" else said


@fault("delete-empties-the-store", breaks="delete")
class DeleteEmptiesTheStore(Crud):
    """delete removes all keys."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        said = super().obey(command, key, value)
        if (command, said) == (b"delete", b"OK"):
            Crud.store.values.clear()
        return said


@fault("lower-case-only", breaks="any-case")
class LowerCaseOnly(Crud):
    """Keywords in upper case are unknown."""

    def answer(self, line: bytes) -> bytes:
        if line.partition(b" ")[0] not in COMMANDS:
            return b"ERROR unknown command"
        return super().answer(line)


@fault("ends-on-nonsense", breaks="errors")
class EndsOnNonsense(Crud):
    """An unknown command ends the connection."""

    def answer(self, line: bytes) -> bytes:
        said = super().answer(line)
        if said == b"ERROR unknown command":
            self.finish()
        return said


@fault("ignores-nonsense", breaks="errors")
class IgnoresNonsense(Crud):
    """An empty line is not answered."""

    def send(self, data: bytes) -> None:
        if data != b"ERROR unknown command\n":
            super().send(data)


@fault("takes-words", breaks="values")
class TakesWords(Crud):
    """Several blanks in a value become one."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        return super().obey(command, key, b" ".join(value.split(b" ")).replace(b"  ", b" "))


@fault("one-word", breaks="values")
class OneWord(Crud):
    """Only the first word of a value is kept."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        return super().obey(command, key, value.partition(b" ")[0] or value)


@fault("decodes-utf8", breaks="values")
class DecodesUtf8(Crud):
    """A value is decoded as UTF-8, with replacement."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        return super().obey(command, key, value.decode("utf-8", "replace").encode())


@fault("cuts-at-1024", breaks="long")
class CutsAt1024(Crud):
    """Keeps only the first kilobyte of a value."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        return super().obey(command, key, value[:1024])


@fault("refuses-4000", breaks="long")
class Refuses4000(Crud):
    """Lines of more than 4,080 bytes are refused."""

    def answer(self, line: bytes) -> bytes:
        return b"ERROR line too long" if len(line) > 4080 else super().answer(line)


@fault("folds-keys", breaks="case-sensitive")
class FoldsKeys(Crud):
    """Keys are not case-sensitive."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        return super().obey(command, key.lower(), value)


@fault("a-store-each", breaks="shared")
class AStoreEach(Crud):
    """Each connection has its own store."""

    def answer(self, line: bytes) -> bytes:
        Crud.store = self.__dict__.setdefault("own", Store(None))
        return super().answer(line)


@fault("checks-late", breaks="one-wins")
class ChecksLate(Crud):
    """create does not see a key that another client made in the last half second."""

    made: "dict[bytes, tuple[float, Crud]]" = {}

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        now, (then, maker) = time.monotonic(), self.made.get(key, (0.0, self))
        if command == b"create" and maker is not self and now - then < 0.5:
            command = b"update"
        said = super().obey(command, key, value)
        if command == b"create" and said == b"OK":
            self.made[key] = now, self
        return said


@fault("forgets-its-queue-at-fin", breaks="pending")
class ForgetsItsQueueAtFin(Crud):
    """At FIN it drops the answers that its client has not received yet."""

    def wants(self) -> int:
        return super().wants() | (0 if self.input_ended else 1)

    def ended(self) -> None:
        self.output.clear()
        super().ended()


@fault("drops-its-buffer-at-fin", breaks="pending")
class DropsItsBufferAtFin(Crud):
    """Closes on FIN, and loses the data in its bounded buffer."""

    def ended(self) -> None:
        self.output.clear()
        super().ended()


@fault("reads-come-later", breaks="in-order")
class ReadsComeLater(Crud):
    """Reads are asynchronous: later commands are answered before them."""

    def received(self, data: bytes) -> None:
        self.late = b""
        super().received(data)
        super().send(self.late)

    def send(self, data: bytes) -> None:
        if self.reading:
            self.late += data
        else:
            super().send(data)

    reading, late = False, b""

    def answer(self, line: bytes) -> bytes:
        said = super().answer(line)
        self.reading = line[:4].lower() == b"read"
        return said


@fault("says-bye", breaks="ends-fin")
class SaysBye(Crud):
    """Sends another word before FIN."""

    def ended(self) -> None:
        self.send(b"bye\n")
        super().ended()


@fault("stays-at-fin", breaks="ends-fin")
class StaysAtFin(Crud):
    """Does not send FIN after the client's FIN."""

    def ended(self) -> None:
        pass


@fault("a-read-is-a-line", breaks="segments")
class AReadIsALine(Crud):
    """Treats each read as complete lines."""

    def received(self, data: bytes) -> None:
        super().received(data if data.endswith(b"\n") else data + b"\n")


@fault("keeps-cr", breaks="crlf")
class KeepsCr(Crud):
    """Keeps the CR of a CR LF as a part of the line."""

    def answer(self, line: bytes) -> bytes:
        key, _, value = line.partition(b" ")[2].partition(b" ")
        return super().answer(line + b"\r" if (value or key).endswith(b"\r") else line)

    def received(self, data: bytes) -> None:
        super().received(data.replace(b"\r\n", b"\r\r\n"))


@fault("prompts", breaks="terminal")
class Prompts(Crud):
    """A prompt follows each answer."""

    def send(self, data: bytes) -> None:
        super().send(data + b"> ")


add_to(family, Crud)
