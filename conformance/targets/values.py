"""The values of a command's placeholders, and the environment variables of the same names."""

from __future__ import annotations

from .address import PIPE, TLS, Address, pipe_name
from .certificate import certificate
from .grammar import PLACEHOLDERS


def values_of(profile: str, transport: str, address: Address, folder: str) -> dict[str, str]:
    """Return the values of a command's placeholders."""
    return {
        "port": str(address.port) if address.port else "",
        "host": address.host or "127.0.0.1",
        "path": (pipe_name(address) if address.transport == PIPE else address.path)
        or f"{folder}/socket",
        "profile": profile,
        "data": folder,
        **(certificate()._asdict() if transport == TLS else {"cert": "", "key": ""}),
    }


def environment_of(values: dict[str, str]) -> dict[str, str]:
    """Return the same values as environment variables."""
    return {PLACEHOLDERS[name]: value for name, value in values.items() if value}
