"""The crash matrix: the reference flow, killed at every point, must end as if nothing had been.

`python tests/integration/crash/matrix.py [--write]` tries every point and prints how many of them
were survived; with `--write` the result goes into docs/explanation/reliability.md.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tiercel import Execution, Tiercel

HERE = Path(__file__).parent
REPORT = HERE.parents[2] / "docs" / "explanation" / "reliability.md"
POINTS = ("commit-before", "commit-after", "dispatch-before", "dispatch-after")
_AT_ONCE = 2
_IDS = re.compile(r"[0-9A-Za-z]{22}|[0-9a-f]{16}|\d{4}-\d\d-\d\dT[0-9:.+Z]+")


@dataclass
class Crash:
    """A crash that was survived, or was not.

    Attributes:
        point: the fault point by name.
        number: for the how manyeth time it was reached.
        wrong: what is wrong with what came of it; empty when nothing is.
    """

    point: str
    number: int
    wrong: list[str]


def undisturbed() -> dict[str, Any]:
    """Return what a run without a crash leads to."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        assert _play(home) == 0
        return _story(home)


def crash(point: str, number: int, expected: dict[str, Any]) -> Crash | None:
    """Kill a run at a point, go on, and compare; None when the point is not reached so often."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        if _play(home, f"{point}:{number}") != -signal.SIGKILL:
            return None
        ended, before = _ended(home), _witnessed(home)
        code = _play(home)
        if code:
            return Crash(point, number, [f"the process that went on ended with {code}"])
        wrong = list(_differences(expected, _story(home)))
        again = {run for run in ended if _witnessed(home)[run] != before[run]}
        wrong += [f"task run {run} had ended, and ran again" for run in sorted(again)]
        wrong += _lost(home)
        return Crash(point, number, wrong)


def every_crash(expected: dict[str, Any], *, step: int = 1) -> Iterator[Crash]:
    """Try every point, or every so manyeth, until it is not reached any more."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for point in POINTS:
            number, reached = 1, True
            while reached:
                numbers = range(number, number + step * _AT_ONCE, step)
                tried = list(pool.map(lambda n, at=point: crash(at, n, expected), numbers))
                reached = all(tried)
                number += step * _AT_ONCE
                yield from filter(None, tried)


def table(crashes: list[Crash]) -> str:
    """Return the result as a Markdown table."""
    lines = ["| killed | times | survived |", "| --- | ---: | ---: |"]
    for point in POINTS:
        here = [each for each in crashes if each.point == point]
        where, _, when = point.partition("-")
        what = {"commit": "a commit", "dispatch": "the dispatch of a task"}[where]
        lines.append(f"| {when} {what} | {len(here)} | {sum(not each.wrong for each in here)} |")
    survived = sum(not each.wrong for each in crashes)
    return "\n".join([*lines, f"| **in all** | **{len(crashes)}** | **{survived}** |"])


def _play(home: Path, *fault: str) -> int:
    environ = {
        **os.environ,
        "CRASH_WITNESS": str(home / "witness"),
        "PYTHONPATH": str(HERE / "plugins"),
    }
    command = [sys.executable, str(HERE / "play.py"), str(home), *fault]
    return subprocess.run(command, env=environ, check=False, stderr=subprocess.DEVNULL).returncode


def _executions(home: Path) -> list[Execution]:
    with Tiercel(home) as tiercel:
        return [tiercel.execution(each.id) for each in tiercel.executions()]


def _ended(home: Path) -> set[str]:
    """Return the task runs that are known to have ended."""
    runs = (run for each in _executions(home) for run in each.task_runs.values())
    return {run.id for run in runs if run.state.is_terminal}


def _witnessed(home: Path) -> Counter[str]:
    """Return how often each task run ran."""
    witness = home / "witness"
    lines = witness.read_text().splitlines() if witness.exists() else []
    return Counter(line.split()[0] for line in lines)


def _lost(home: Path) -> list[str]:
    acknowledged = home / "acknowledged"
    known = {each.id for each in _executions(home)}
    if acknowledged.exists() and acknowledged.read_text() not in known:
        return ["the execution was acknowledged, and is lost"]
    return []


def _story(home: Path) -> dict[str, Any]:
    """Return what became of every execution, without what differs from run to run."""
    return dict(sorted(_told(each) for each in _executions(home)))


def _told(execution: Execution) -> tuple[str, Any]:
    runs = execution.task_runs
    told = [
        (
            run.task_id,
            run.iteration,
            runs[run.parent_id].task_id if run.parent_id else None,
            [str(state) for state in run.history.states],
            [str(attempt.state) for attempt in run.attempts],
            _scrubbed(run.outputs),
        )
        for run in runs.values()
    ]
    # Whether an execution had to wait for its place depends on who else was there.
    states = [str(state) for state in execution.history.states if state != "QUEUED"]
    name = f"{execution.flow_id} {execution.inputs.get('name')}"
    labels = sorted(_scrubbed(dict(execution.labels)).items())
    return name, (states, _scrubbed(execution.outputs), labels, sorted(told, key=str))


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return _IDS.sub("#", value)
    if isinstance(value, dict):
        return {key: _scrubbed(each) for key, each in value.items()}
    return value


def _differences(expected: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    for name in expected.keys() | found.keys():
        if expected.get(name) != found.get(name):
            yield f"{name}: expected {expected.get(name)}, got {found.get(name)}"


def _main() -> int:
    crashes = []
    for each in every_crash(undisturbed()):
        crashes.append(each)
        print(f"{each.point}:{each.number}", "; ".join(each.wrong) or "survived", flush=True)
    print(table(crashes))
    if "--write" in sys.argv:
        text = REPORT.read_text(encoding="utf-8")
        begin, end = "<!-- crash matrix -->\n", "<!-- /crash matrix -->"
        head, tail = text.partition(begin)[0], text.partition(end)[2]
        REPORT.write_text(f"{head}{begin}\n{table(crashes)}\n\n{end}{tail}", encoding="utf-8")
    return int(any(each.wrong for each in crashes))


if __name__ == "__main__":
    sys.exit(_main())
