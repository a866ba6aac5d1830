"""Bulk transfers: how fast a pair of the same program moves bytes, verified.

The receiver's output is checked by hash. All programs have the same one (cat) at the other ends
of their pipes.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from measure import (
    Failed,
    Running,
    Sample,
    await_listener,
    await_path,
    digest,
    free_port,
    running,
)
from programs import Peer

#: Bytes of one transfer.
SIZE = int(os.environ.get("BENCH_BYTES", "1073741824"))


_MAKE_CERTIFICATE = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 2 "
    "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
)


class Scratch(NamedTuple):
    """The folder of the payload and its copies, the payload's hash, a certificate."""

    folder: Path
    payload: Path
    hash: str
    certificate: Path


def prepare(folder: Path) -> Scratch:
    """Write the payload: random, so that nothing on the way can compress it."""
    payload = folder / "payload"
    block = os.urandom(1 << 20)
    with payload.open("wb") as file:
        for number in range(SIZE >> 20):
            file.write(number.to_bytes(8, "big") + block[8:])
    certificate = folder / "certificate.pem"
    subprocess.run(
        [*_MAKE_CERTIFICATE.split(), "-keyout", str(folder / "key.pem"), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    certificate.write_bytes((folder / "key.pem").read_bytes() + certificate.read_bytes())
    return Scratch(folder, payload, digest(payload), certificate)


def file_to_file(peer: Peer, scratch: Scratch) -> Sample:
    """TCP; redirected files on both sides."""
    return _transfer(peer, scratch, "", piped_in=False, piped_out=False)


def file_to_file_unix(peer: Peer, scratch: Scratch) -> Sample:
    """The same over a Unix socket."""
    return _transfer(peer, scratch, "-unix", piped_in=False, piped_out=False)


def pipe_to_pipe(peer: Peer, scratch: Scratch) -> Sample:
    """TCP; ``cat |`` before it, ``| cat`` behind it."""
    return _transfer(peer, scratch, "", piped_in=True, piped_out=True)


def file_to_pipe(peer: Peer, scratch: Scratch) -> Sample:
    """TCP; a file in, ``| cat`` behind it."""
    return _transfer(peer, scratch, "", piped_in=False, piped_out=True)


def file_to_file_tls(peer: Peer, scratch: Scratch) -> Sample:
    """TLS, from listener to client (ncat loses the tail the other way), verified."""
    port, copy = free_port(), scratch.folder / "copy"
    values = {"port": port, "certificate": scratch.certificate}
    with copy.open("wb") as out, scratch.payload.open("rb") as payload:
        words = peer.words("offer-tls", **values)
        with running(words, stdin=payload, stdout=subprocess.DEVNULL) as sender:
            await_listener(port)
            began = time.perf_counter()
            words = peer.words("fetch-tls", **values)
            with running(words, stdin=subprocess.DEVNULL, stdout=out) as receiver:
                status = receiver.wait()
            sender.wait()
            seconds = time.perf_counter() - began
    return _verified(scratch, copy, status, seconds, (sender, receiver))


def _transfer(peer: Peer, scratch: Scratch, way: str, *, piped_in: bool, piped_out: bool) -> Sample:
    port, path, copy = free_port(), scratch.folder / "socket", scratch.folder / "copy"
    path.unlink(missing_ok=True)
    values = {"port": port, "path": path, "certificate": scratch.certificate}
    with copy.open("wb") as out, scratch.payload.open("rb") as payload:
        sink = subprocess.PIPE if piped_out else out
        words = peer.words(f"receive{way}", **values)
        with running(words, stdin=subprocess.DEVNULL, stdout=sink) as receiver:
            drain = (
                Running(["cat"], stdin=receiver.process.stdout, stdout=out) if piped_out else None
            )
            await_path(path) if way == "-unix" else await_listener(port)
            began = time.perf_counter()
            feed = Running(["cat"], stdin=payload, stdout=subprocess.PIPE) if piped_in else None
            source = feed.process.stdout if feed is not None else payload
            words = peer.words(f"send{way}", **values)
            with running(words, stdin=source, stdout=subprocess.DEVNULL) as sender:
                if feed is not None and feed.process.stdout is not None:
                    feed.process.stdout.close()
                status = sender.wait()
            receiver.wait()
            for cat in (feed, drain):
                if cat is not None:
                    cat.wait()
            seconds = time.perf_counter() - began
    return _verified(scratch, copy, status, seconds, (sender, receiver))


def _verified(
    scratch: Scratch, copy: Path, status: int, seconds: float, both: tuple[Running, Running]
) -> Sample:
    if status or digest(copy) != scratch.hash:
        raise Failed(f"the copy differs (status {status})")
    copy.unlink()
    cpu, memory = sum(one.cpu for one in both), max(one.memory for one in both)
    return Sample(seconds, cpu, memory, SIZE)
