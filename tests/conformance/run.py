"""Measures conformance: `python tests/conformance/run.py [DIR] [--only CATEGORY] [--kind KIND]`.

DIR is any folder with `expressions/`, `flows/` and `schedule/` inside (default: this one). Prints
one line `area passed/total` an area and last `conformance passed/total`; every case that is not as
the golden data ask goes to `out/conformance-failures.jsonl` with both results. Always exits with 0:
it measures, the tests judge.
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from case import CaseResult

_HERE = Path(__file__).parent
_FAILURES = _HERE.parents[1] / "out" / "conformance-failures.jsonl"
RUNNERS = {
    "expressions": "expression_runner",
    "flows": "flow_runner",
    "schedule": "schedule_runner",
    "schema": "schema_runner",
}
"""Sub-folder of the golden data → module with `run(folder, only)`."""


def results(folder: Path, only: str, kind: str = "") -> Iterator[CaseResult]:
    """Yield the results of every runner (or the one for `kind`) whose data `folder` holds."""
    for name, module in RUNNERS.items():
        if kind in ("", name) and (folder / name).is_dir() and (_HERE / f"{module}.py").is_file():
            yield from importlib.import_module(module).run(folder, only)


def main() -> None:
    """Parse the command line, run, print the counts and write the failures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=_HERE)
    parser.add_argument("--only", default="", help="one category of expressions or folder of flows")
    parser.add_argument("--kind", default="", choices=RUNNERS, help="one kind alone")
    parser.add_argument("--failures", type=Path, default=_FAILURES, help="where failures go")
    arguments = parser.parse_args()
    totals: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    known: Counter[str] = Counter()
    arguments.failures.parent.mkdir(exist_ok=True)
    with arguments.failures.open("w", encoding="utf-8") as failures:
        for result in results(arguments.folder, arguments.only, arguments.kind):
            totals[result.area] += 1
            passed[result.area] += result.passed
            known[result.known] += bool(result.known)
            if not result.ok:
                failures.write(json.dumps(result.as_dict(), ensure_ascii=False) + "\n")
    for area, total in totals.items():
        print(f"{area} {passed[area]}/{total}")
    for name, count in known.items():
        if name:
            print(f"  of these known difference {name}: {count}")
    print(f"conformance {passed.total()}/{totals.total()}")


if __name__ == "__main__":
    main()
