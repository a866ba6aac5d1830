"""Access lists, as Windows returns them after it has parsed them."""

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


def written_down(access: str) -> str:
    """The access list that Windows made of it."""
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


def test_only_the_user() -> None:
    found = written_down("user")
    assert found.startswith("D:P(A;;GA;;;S-1-5-")
    assert found.count("(") == 1


@pytest.mark.parametrize(("access", "who"), [("users", ["AU"]), ("everyone", ["WD", "AN"])])
def test_others_may_read_and_write_and_not_listen(access: str, who: list[str]) -> None:
    found = written_down(access)
    for name in who:
        assert f"(A;;0x12019b;;;{name})" in found
    assert found.count("GA") == 1


def test_a_list_of_ones_own() -> None:
    assert written_down("D:(A;;GA;;;BA)") == "D:(A;;GA;;;BA)"


def test_no_list() -> None:
    with pytest.raises(ListenError, match=r"^listen pipe:here: 'x' is not an access list"):
        security_attributes("x", HERE)
