"""Access lists of pipes, read back from Windows."""

from __future__ import annotations

import sys

import pytest

if sys.platform != "win32":
    pytest.skip("only on Windows", allow_module_level=True)

import ctypes

from pync.core.address import Address
from pync.core.errors import ListenError
from pync.transports.windows.api import function
from pync.transports.windows.pipe_access import security_attributes

HERE = Address("pipe", path="here")


def sddl_of(access: str) -> str:
    """Return the access list as Windows writes it (SDDL)."""
    attributes = security_attributes(access, HERE)
    text = ctypes.c_wchar_p()
    convert = function(
        "advapi32",
        "ConvertSecurityDescriptorToStringSecurityDescriptorW",
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_uint32,
        ctypes.c_void_p,
        ctypes.c_void_p,
    )
    assert convert(attributes.descriptor, 1, 4, ctypes.byref(text), None)
    attributes.close()
    attributes.close()
    return text.value or ""


def test_access_for_the_user_only() -> None:
    found = sddl_of("user")
    assert found.startswith("D:P(A;;GA;;;S-1-5-")
    assert found.count("(") == 1


@pytest.mark.parametrize(("access", "who"), [("users", ["AU"]), ("everyone", ["WD", "AN"])])
def test_access_for_others_excludes_listening(access: str, who: list[str]) -> None:
    found = sddl_of(access)
    for name in who:
        assert f"(A;;0x12019b;;;{name})" in found
    assert found.count("GA") == 1


def test_custom_access_list() -> None:
    assert sddl_of("D:(A;;GA;;;BA)") == "D:(A;;GA;;;BA)"


def test_invalid_access_list() -> None:
    with pytest.raises(ListenError, match=r"^listen pipe:here: 'x' is not an access list"):
        security_attributes("x", HERE)
