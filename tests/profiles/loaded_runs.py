"""Every example profile again and again on its real servers, on a busy machine.

    python -m tests.profiles.loaded_runs [RUNS [WORD ...]]

judges every server of ``examples/profiles/*/servers.toml`` that has a WORD in its name (like
``smtp/postfix``) RUNS times (20) by its whole profile, each time with another seed and in rounds:
every server once, then every server again. Two busy loops per core run beside it, unless two
programs per core want to run already. It prints each verdict that is not the one of the first run,
and at the end how often all were the same. Servers that are not installed are named and left out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from ..suite.judging import ROOT, Judged, conformance, read
from .examples import EXAMPLES

#: Seconds that one run may take on the busy machine.
PATIENCE = 900

_spec = spec_from_file_location("soak", ROOT / ".ci" / "soak.py")
assert _spec is not None
assert _spec.loader is not None
soak = module_from_spec(_spec)
_spec.loader.exec_module(soak)


def busy() -> AbstractContextManager[None]:
    """What keeps the machine busy, if nothing else does."""
    if os.getloadavg()[0] >= 2 * (os.cpu_count() or 1):
        return nullcontext()
    loops: AbstractContextManager[None] = soak.busy_machine()
    return loops


def servers(words: list[str]) -> list[str]:
    """The names of the servers, as ``FOLDER/TARGET``."""
    found = []
    for path in sorted(EXAMPLES.glob("*/servers.toml")):
        targets = re.findall(r"^\[targets\.([\w-]+)\]$", path.read_text(), re.MULTILINE)
        found += [f"{path.parent.name}/{target}" for target in targets]
    return [name for name in found if not words or any(word in name for word in words)]


def judged(server: str, report: Path, seed: int) -> Judged:
    """One run of a server's whole profile."""
    folder, _, target = server.partition("/")
    where = f"@{EXAMPLES / folder / 'servers.toml'}#{target}"
    options = (f"--seed={seed}", "--jobs=2", f"--report={report}")
    done = conformance("run", where, *options, timeout=PATIENCE)
    if not (report / "results.jsonl").is_file():
        return Judged(done.returncode, done.stdout, done.stderr, {}, [], {})
    return Judged(done.returncode, done.stdout, done.stderr, *read(report))


def verdicts(run: Judged) -> dict[str, str]:
    """The verdict of each case of a run."""
    return {f"{one['id']}@{one['transport']}": one["verdict"] for one in run.results}


def differences(first: Judged, run: Judged) -> list[str]:
    """What a run says that the first one has not said."""
    before, after = verdicts(first), verdicts(run)
    said = {f"{one['id']}@{one['transport']}": one["message"] for one in run.results}
    return [
        f"{name}: {after.get(name, 'missing')}, was {before.get(name, 'missing')}: "
        f"{said.get(name, '')}"
        for name in sorted({**before, **after})
        if before.get(name) != after.get(name)
    ]


def main(runs: int, words: list[str]) -> int:
    """Judge them again and again; returns the status."""
    first: dict[str, Judged] = {}
    alike: Counter[str] = Counter()
    chosen = servers(words)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, runs + 1):
            for server in list(chosen):
                report = Path(folder, f"{server.replace('/', '-')}-{number}")
                try:
                    with busy():
                        run = judged(server, report, number)
                except subprocess.TimeoutExpired:
                    print(f"{server}, run {number}: not judged in {PATIENCE} s", flush=True)
                    continue
                if number == 1 and run.status == 6:
                    print(f"{server}: left out, it does not start: {run.stderr.strip()}")
                    chosen.remove(server)
                    continue
                said = differences(first.setdefault(server, run), run)
                if run.status:
                    said.append(f"exit {run.status}\n{run.stdout}{run.stderr}")
                alike[server] += not said
                for line in said:
                    print(f"{server}, run {number}: {line}", flush=True)
                load = f"load {os.getloadavg()[0]:.0f}"
                print(f"{server}: {alike[server]} of {number} runs alike, {load}", flush=True)
    for server in chosen:
        counts = Counter(verdicts(first[server]).values()) if server in first else Counter()
        told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
        print(f"{alike[server]:3} of {runs}  {server}: {told}")
    return 0 if all(alike[server] == runs for server in chosen) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, sys.argv[2:]))
