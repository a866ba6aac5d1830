"""Many runs of ``make conformance`` in a row, on a machine that is kept busy.

    python .ci/soak.py RUNS [ARGUMENT ...]

ARGUMENTs go to ``conformance run``. Two busy loops per core run beside it and are ended
with it, by their ids. Stops at the first verdict that is not "conformant" and shows it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds that one run may take on the busy machine.
PATIENCE = 600

#: A loop ends by itself when the soak that started it was killed.
BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(100_000))"


def main(words: list[str]) -> int:
    """Run it; returns 0, or the status of the first run that is not conformant."""
    runs, arguments = int(words[0]), words[1:]
    if not any(word.startswith("--report") for word in arguments):
        arguments.append("--report=build/soak")
    with busy_machine():
        for number in range(1, runs + 1):
            began = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-m", "conformance", "run", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE,
                check=False,
            )
            seconds = time.monotonic() - began
            print(f"run {number}/{runs}: exit {done.returncode} in {seconds:.0f} s", flush=True)
            if done.returncode:
                print(done.stdout.decode(errors="replace"))
                return done.returncode
    print(f"{runs} runs, every verdict right")
    return 0


@contextmanager
def busy_machine() -> Iterator[None]:
    """Two busy loops per core, as long as this lasts."""
    loops = [
        subprocess.Popen([sys.executable, "-I", "-S", "-c", BUSY])
        for _ in range(2 * (os.cpu_count() or 1))
    ]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
        for loop in loops:
            loop.wait()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
