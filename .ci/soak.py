"""Many runs of ``make conformance`` in a row, on a machine that is kept busy.

    python .ci/soak.py [RUNS] [-- ARGUMENT ...]

Two busy loops per core run beside it and are ended with it. Stops at the first verdict
that is not "conformant", and says which run it was.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

BUSY = "import os, time\nend = time.time() + 3 * 3600\nwhile time.time() < end and os.getppid() != 1: sum(range(10000))"


def main() -> int:
    words = sys.argv[1:]
    extra = words[words.index("--") + 1 :] if "--" in words else []
    runs = int(words[0]) if words and words[0].isdigit() else 100
    command = [sys.executable, "-m", "conformance", "run", *extra, "--report=build/soak"]
    loops = [
        subprocess.Popen([sys.executable, "-I", "-S", "-c", BUSY])
        for _ in range(2 * (os.cpu_count() or 1))
    ]
    try:
        for number in range(1, runs + 1):
            began = time.monotonic()
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            print(
                f"run {number}/{runs}: exit {done.returncode} in {time.monotonic() - began:.0f} s",
                flush=True,
            )
            if done.returncode:
                print(done.stdout + done.stderr)
                return 1
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    print(f"{runs} runs, every verdict right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
