"""Run ``make conformance`` many times in a row on a busy machine.

    python .ci/soak.py RUNS [ARGUMENT ...]

ARGUMENTs are passed to ``conformance run``. Two busy loops per core run at the same time and are
ended, by their ids, at the end. The program stops at the first verdict that is not "conformant"
and shows it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: The most seconds of one run on the busy machine.
PATIENCE = 600

#: A busy loop, which also ends if the program that started it is killed.
BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(100_000))"


def main(words: list[str]) -> int:
    """Run the suite; return 0, or the status of the first run that is not conformant."""
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
    """Run two busy loops per core during the block."""
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
