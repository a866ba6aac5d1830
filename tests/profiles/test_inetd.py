"""The services of openbsd-inetd, judged by the profiles daytime, time, chargen and qotd."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ..programs import needs
from .examples import judged, listed

SERVICES = ("daytime", "time", "chargen", "qotd")
PROFILES = (*SERVICES, *(f"{name}-udp" for name in SERVICES))

#: Profile -> what is broken: a client that has sent something is reset.
BROKEN = {
    "daytime": {"daytime/input", "daytime/much-input"},
    "time": {"time/input", "time/much-input"},
    "qotd": {"qotd/input", "qotd/much-input"},
}


@pytest.mark.parametrize("service", SERVICES)
def test_there_are_enough_requirements(service: str) -> None:
    both = [f"inetd/{service}.toml", f"inetd/{service}-udp.toml"]
    assert sum(len(listed(one)) for one in both) >= 15


@pytest.mark.parametrize("name", PROFILES)
def test_openbsd_inetd(name: str, tmp_path: Path) -> None:
    needs("inetd")
    if os.geteuid() != 0:
        pytest.skip("only root makes mount namespaces")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        pytest.skip("this system makes no mount namespaces")
    report = judged("inetd", name, tmp_path, *listed(f"inetd/{name}.toml"), profile=name)
    assert report.status == 0, report.stdout
    assert report.ids("XFAIL") == BROKEN.get(name, set())
    assert report.ids("WARN") == set()
