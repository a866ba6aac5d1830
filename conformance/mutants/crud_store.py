"""Broken crud servers: the data after a restart; crud.py has the rest of the family."""

import os

from ..reference.python.store import Crud, Store
from .declare import Family

family = Family("crud")
fault = family.fault


@fault("in-memory-only", breaks="kept-sigterm")
class InMemoryOnly(Crud):
    """Data is kept only in memory."""

    def open_store(self) -> Store:
        return Store(None)


@fault("forgets-deletes", breaks="kept-sigterm")
class ForgetsDeletes(Crud):
    """Deleted keys exist again after a restart."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        if command == b"delete" and key in Crud.store.values:
            del Crud.store.values[key]
            return b"OK"
        return super().obey(command, key, value)


@fault("a-file-for-each-key", breaks="keys")
class AFileForEachKey(Crud):
    """A key is a file name: not all bytes are possible, and not 256 of them."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        if b"/" in key or b"\0" in key or len(key) > 255:
            return b"ERROR not found"
        return super().obey(command, key, value)


@fault("keys-are-text", breaks="keys")
class KeysAreText(Crud):
    """A key is decoded as UTF-8."""

    def obey(self, command: bytes, key: bytes, value: bytes) -> bytes:
        try:
            key.decode()
        except UnicodeDecodeError:
            return b"ERROR wrong key"
        return super().obey(command, key, value)


class RestartedStore(Store):
    """The store that starts a new journal; the mutants below change it."""

    def replay(self) -> None:
        super().replay()
        assert self.journal is not None
        os.ftruncate(self.journal, 0)


@fault("forgets-at-the-second-start", breaks="kept-sigterm")
class ForgetsAtTheSecondStart(Crud):
    """Data that was read at the start is not written again."""

    def open_store(self) -> Store:
        return RestartedStore(os.environ.get("DATA_DIR"))


class BufferedStore(Store):
    """The store that writes only at the end; the mutant below uses it."""

    waiting = b""

    def put(self, key: bytes, value: bytes) -> None:
        self.waiting += key + b" " + value + b"\n"
        journal, self.journal = self.journal, None
        super().put(key, value)
        self.journal = journal


@fault("saves-at-the-end", breaks="kept-sigkill")
class SavesAtTheEnd(Crud):
    """The journal is written only on SIGTERM."""

    def open_store(self) -> Store:
        return BufferedStore(os.environ.get("DATA_DIR"))

    def close(self) -> None:
        store = Crud.store
        if self.server.stopping and isinstance(store, BufferedStore) and store.journal:
            os.write(store.journal, store.waiting)
            store.waiting = b""
        super().close()
