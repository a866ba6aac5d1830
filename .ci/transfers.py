"""Random transfers between pync, in its dialects, and the real programs (make transfers).

Usage:
  transfers.py [--runs=N] [--seed=N] [--jobs=N]

Options:
  --runs=N  So many transfers [default: 300].
  --seed=N  The first of them; the others follow [default: 1].
  --jobs=N  So many at once [default: 4].
"""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from docopt import docopt

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.transfers import REAL, plan, run


def main() -> int:
    """Run the transfers; return the status, which is 1 if one was wrong."""
    arguments = docopt(__doc__)
    first, runs = int(arguments["--seed"]), int(arguments["--runs"])
    missing = frozenset(name for name, command in REAL.items() if shutil.which(command) is None)
    plans = [plan(seed, missing) for seed in range(first, first + runs)]
    failed = 0
    with ThreadPoolExecutor(int(arguments["--jobs"])) as pool:
        for planned, problems in zip(plans, pool.map(run, plans), strict=True):
            failed += bool(problems)
            for problem in problems:
                print(f"{planned}\n    {problem}", flush=True)
    real = sum(not (one.listener.ours and one.client.ours) for one in plans)
    print(f"{runs} transfers ({real} with a real program) from seed {first}: {failed} failed")
    if missing:
        print(f"missing, and replaced by pync: {', '.join(sorted(missing))}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
