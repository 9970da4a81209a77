"""What the benchmarks share: a row of the table, and how a command is timed."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
TIERCEL = str(Path(sys.executable).with_name("tiercel"))


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        what: what was measured, with its size.
        value: the figure with its unit (`0.31 s`).
        floor: the figure it stands beside: the least that could be, or a peer's, named.
        ratio: value divided by floor; None when the two cannot be divided.
    """

    what: str
    value: str
    floor: str
    ratio: float | None


def beside(what: str, seconds: float, floor: float, floor_name: str) -> Row:
    """Return the row of a duration beside its floor, both in seconds."""
    return Row(what, duration(seconds), f"{duration(floor)} {floor_name}", seconds / floor)


def duration(seconds: float) -> str:
    """Return a duration as text: `1.23 s`, `45.6 ms`, `7.8 µs`."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def median_of(times: int, work: Callable[[], object]) -> float:
    """Return the median duration of `work`, in seconds, after one call that does not count."""
    return medians(times, work)[0]


def medians(times: int, *works: Callable[[], object]) -> list[float]:
    """Return the median duration of each work, in seconds; they take turns.

    Taking turns is what makes a ratio fair on a machine that does other things as well. The first
    turn does not count.
    """
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(times + 1):
        for work, durations in zip(works, taken, strict=True):
            begin = time.perf_counter()
            work()
            durations.append(time.perf_counter() - begin)
    return [statistics.median(durations[1:]) for durations in taken]


def command(*argv: str, cwd: Path = ROOT) -> None:
    """Run a command to its end without showing its output.

    Raises:
        RuntimeError: it failed; the message holds what it wrote to stderr.
    """
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{argv} ended with {done.returncode}: {done.stderr.strip()}")


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text, in columns."""
    cells = [("what", "value", "floor or peer", "ratio")]
    cells += [
        (row.what, row.value, row.floor, "" if row.ratio is None else f"{row.ratio:.2f}")
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)
