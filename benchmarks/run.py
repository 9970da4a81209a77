"""Run the benchmarks and print one table: `python benchmarks/run.py [name …]`.

A benchmark is a module `bench_<name>.py` in this folder with `main() -> list[Row]`; every figure
stands beside its floor or a peer's, measured in the same run. One that fails is reported and does
not hide the others; the exit code is then 1.
"""

from __future__ import annotations

import platform
import sys
import traceback
from importlib import import_module
from os import cpu_count
from pathlib import Path

from measure import Row, table

FOLDER = Path(__file__).parent


def main(wanted: list[str]) -> int:
    """Run the benchmarks named, or all of them; return the exit code."""
    known = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        print(f"No benchmark {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    failed = []
    for name in wanted or known:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        try:
            rows += [Row(*row) for row in import_module(f"bench_{name}").main()]
        except Exception:  # whatever is wrong with one benchmark, the others still count
            traceback.print_exc()
            failed.append(name)
    print(f"Python {platform.python_version()}, {cpu_count()} cores, {platform.machine()}")
    print(table(rows))
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
