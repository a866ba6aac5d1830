"""A far host in a network namespace of its own: it refuses, after a while, or says nothing.

    unshare -rn python far.py SECONDS|never COMMAND ...

Runs the command where 10.9.0.2 lies behind such a link (a TUN device, tun(4)), and leaves
with its status. Nothing of it is visible outside the namespace.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
import time

#: The addresses of the far host, and of our own side of the link.
HOST, _OURS = "10.9.0.2", "10.9.0.1/24"

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 1, 0x1000
_TCP, _SYN, _RST_ACK = 6, 0x02, 0x14


def main(words: list[str]) -> int:
    """Make the link, run the command, answer for the far host until it ends."""
    delay = None if words[0] == "never" else float(words[0])
    link = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(link, _TUNSETIFF, struct.pack("16sH14x", b"far", _IFF_TUN | _IFF_NO_PI))
    for command in (f"ip addr add {_OURS} dev far", "ip link set far up"):
        subprocess.run(command.split(), check=True)
    with subprocess.Popen(words[1:]) as program:
        _answer(link, delay, program)
    return program.returncode


def _answer(link: int, delay: float | None, program: subprocess.Popen[bytes]) -> None:
    due: list[tuple[float, bytes]] = []
    ended = os.pidfd_open(program.pid)
    while program.poll() is None:
        wait = max(0.0, due[0][0] - time.monotonic()) if due else 1.0
        if link in select.select([link, ended], [], [], wait)[0]:
            reply = _refusal(os.read(link, 2048))
            if reply and delay is not None:
                heapq.heappush(due, (time.monotonic() + delay, reply))
        while due and due[0][0] <= time.monotonic():
            os.write(link, heapq.heappop(due)[1])
    os.close(ended)


def _refusal(packet: bytes) -> bytes | None:
    """Return the RST that answers a SYN (RFC 9293 3.10.7.1); None for any other packet."""
    if packet[0] >> 4 != 4 or packet[9] != _TCP:
        return None
    header = (packet[0] & 15) * 4
    source, target, number, _, offset_flags = struct.unpack_from("!HHIIH", packet, header)
    if offset_flags & 0x3F != _SYN:
        return None
    tcp = struct.pack("!HHIIHHHH", target, source, 0, number + 1, 5 << 12 | _RST_ACK, 0, 0, 0)
    there, here = packet[16:20], packet[12:16]
    pseudo = there + here + struct.pack("!BBH", 0, _TCP, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", _checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, _TCP, 0) + there + here
    return ip[:10] + struct.pack("!H", _checksum(ip)) + ip[12:] + tcp


def _checksum(data: bytes) -> int:
    """Return the internet checksum (RFC 1071)."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
