"""crud (SPEC 10): a store with line commands, saved in a journal."""

import os

from .connection import Connection

#: Keyword -> whether a value follows the key.
COMMANDS = {b"create": True, b"read": False, b"update": True, b"delete": False}


class Store:
    """Keys and values, in memory and, if there is a folder, in a journal.

    When ``put`` returns, the data has left the process, so that SIGKILL cannot undo it.
    A last line that a crash has cut was never answered, and is discarded.
    """

    def __init__(self, folder: "str | None") -> None:
        self.values: dict[bytes, bytes] = {}
        self.journal: int | None = None
        if folder:
            path = os.path.join(folder, "crud.journal")
            self.journal = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            self.replay()

    def replay(self) -> None:
        """Read the journal of an earlier server."""
        assert self.journal is not None
        with open(self.journal, "rb", closefd=False) as file:
            data = file.read()
        whole = data.rfind(b"\n") + 1
        os.ftruncate(self.journal, whole)
        for line in data[:whole].split(b"\n")[:-1]:
            key, _, value = line.partition(b" ")
            if value:
                self.values[key] = value
            else:
                self.values.pop(key, None)

    def put(self, key: bytes, value: bytes) -> None:
        """Store a value; an empty one removes the key."""
        if self.journal is not None:
            os.write(self.journal, key + b" " + value + b"\n")
        if value:
            self.values[key] = value
        else:
            del self.values[key]


class Crud(Connection):
    """crud (SPEC 10)."""

    #: The store, which is opened with the first client and shared by all.
    store: "Store"

    def connected(self) -> None:
        """Set the initial state: no line has begun."""
        if not hasattr(Crud, "store"):
            Crud.store = self.open_store()
        self.line = b""

    def open_store(self) -> Store:
        """Return the store that all clients share."""
        return Store(os.environ.get("DATA_DIR"))

    def received(self, data: bytes) -> None:
        """Answer complete lines."""
        *lines, self.line = (self.line + data).split(b"\n")
        for line in lines:
            self.send(self.answer(line[:-1] if line.endswith(b"\r") else line) + b"\n")
        if len(self.line) > 65536:  # no command is this long; limit memory
            self.send(b"ERROR line too long\n")
            self.line = b""
            self.finish()

    def answer(self, line: bytes) -> bytes:
        """Return the answer to a line."""
        keyword, _, rest = line.partition(b" ")
        command = keyword.lower()
        if command not in COMMANDS:
            return b"ERROR unknown command"
        key, _, value = rest.partition(b" ")
        if not key or bool(value) != COMMANDS[command]:
            return b"ERROR " + command + b": a key" + b" and a value" * COMMANDS[command]
        return self.obey(command, key, value)

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        """Return the answer to a well-formed command."""
        store = Crud.store
        if command == b"create":
            if key in store.values:
                return b"ERROR exists"
        elif key not in store.values:
            return b"ERROR not found"
        if command == b"read":
            return b"OK " + store.values[key]
        store.put(key, value)
        return b"OK"
