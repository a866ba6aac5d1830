"""How long broken servers are judged: every mutant of a profile by all its requirements.

    python .bench/broken.py [PROFILE] [--only=WORDS] [--transport=tcp] [--jobs=N] [--suite=FOLDER]

Prints the seconds of a right server, those of each mutant, the slowest last, and the sum. A
person's run is measured: with the usual deadline, and with what a clause needs judged first.
Any server is to be judged in at most three times the time of a right one and half a minute;
the exit status is 1 when one is not.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent

#: The time limit for a broken server: so many times a right one's seconds, plus so many.
TIMES, MORE = 3, 30


def main() -> int:
    """Measure, and print what is too slow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("profile", nargs="?", default="echo")
    parser.add_argument("--only", default="", help="mutants, separated by commas")
    parser.add_argument("--transport", default="tcp")
    parser.add_argument("--jobs", help="as of conformance run")
    parser.add_argument("--suite", default=str(HERE), help="the folder of the suite to measure")
    given = parser.parse_args()
    right = min(_seconds(given, "ref:python") for _ in range(2))
    bound = TIMES * right + MORE
    print(f"{right:7.1f} s  a right server; at most {bound:.1f} s are allowed", flush=True)
    names = given.only.split(",") if given.only else _mutants(given)
    measured = []
    for name in names:
        seconds = _seconds(given, f"mutant:{given.profile}/{name}")
        measured.append((seconds, name))
        print(f"{seconds:7.1f} s  {name}", flush=True)
    print(f"{sum(seconds for seconds, _ in measured):7.1f} s  the sum of {len(measured)}")
    for seconds, name in sorted(measured)[-5:]:
        print(f"{seconds:7.1f} s  {name}")
    slow = [name for seconds, name in measured if seconds > bound]
    if slow:
        print(f"too slow: {', '.join(slow)}")
    return 1 if slow else 0


def _mutants(given: argparse.Namespace) -> list[str]:
    code = "from conformance.mutants.catalogue import MUTANTS; print(*MUTANTS)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=given.suite, capture_output=True, text=True, check=True
    )
    pairs = [name.split("/", 1) for name in done.stdout.split()]
    return [name for profile, name in pairs if profile == given.profile]


def _seconds(given: argparse.Namespace, target: str) -> float:
    with tempfile.TemporaryDirectory(prefix="broken-") as folder:
        words = [target, f"--profile={given.profile}", f"--transport={given.transport}"]
        words += [f"--report={folder}", *([f"--jobs={given.jobs}"] if given.jobs else [])]
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "conformance", "run", *words],
            cwd=given.suite,
            env={**os.environ, "PYTHONPATH": given.suite},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
