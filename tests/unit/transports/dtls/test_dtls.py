"""DTLS for the library: dial and listen, and the error without pyOpenSSL."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

import pync
from pync.core.errors import ListenError

PATIENCE = 10.0


def test_two_clients_of_one_listener(pem: str) -> None:
    with pync.listen("dtls://127.0.0.1:0", certificate=pem) as listener:
        assert str(listener.address).startswith("dtls://127.0.0.1:")
        address = f"dtls://localhost:{listener.address.port}"
        accepted: list[Any] = []
        for _ in range(2):
            accepting = threading.Thread(target=lambda: accepted.append(listener.accept(PATIENCE)))
            accepting.start()
            accepted.append(pync.dial(address, trusted=pem, timeout=PATIENCE))
            accepting.join()
        assert len({conn.local for conn in accepted}) == 3
        for conn in accepted:
            conn.close()


def test_close_from_another_thread(pem: str) -> None:
    with pync.listen("dtls://127.0.0.1:0", certificate=pem) as listener:
        failures: list[Exception] = []

        def accept() -> None:
            try:
                listener.accept()
            except ListenError as error:
                failures.append(error)

        accepting = threading.Thread(target=accept)
        accepting.start()
        listener.close()
        accepting.join(PATIENCE)
    assert "closed" in str(failures[0])


def test_errors_for_missing_and_old_pyopenssl() -> None:
    for made, said in (("None", "DTLS needs pyOpenSSL: pip"), ("old", "pyOpenSSL 26 or later")):
        code = (
            "import sys, types\n"
            "old, SSL = types.ModuleType('OpenSSL'), types.ModuleType('OpenSSL.SSL')\n"
            "old.SSL, SSL.Connection = SSL, object\n"
            f"sys.modules['OpenSSL'], sys.modules['OpenSSL.SSL'] = {made}, SSL\n"
            "import pync\n"
            "try: pync.dial('dtls://localhost:1')\n"
            "except ValueError as error: print(error)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert said in done.stdout, done
