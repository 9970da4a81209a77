"""What the engine costs for each task: chains of trivial tasks, and many side by side, all durable.

The cost must not grow with what was done before: longer chains stand beside the shortest one.
"""

from __future__ import annotations

import statistics
import time
from tempfile import TemporaryDirectory

from measure import Row, beside

TIMES = 3
CHAINS = (100, 1_000, 10_000)
PARALLEL = 1_000
ALLOWED = 1e-3


def main() -> list[Row]:
    """Time chains of `Return` tasks, and a `Parallel` of them, on SQLite in a new home."""
    _run(_chain(1))  # what is imported once is not what a task costs
    first, *longer = [_per_task(_chain(tasks), tasks) for tasks in CHAINS]
    rows = [beside(f"one task in a chain of {CHAINS[0]:,}", first, ALLOWED, "allowed")]
    for tasks, seconds in zip(CHAINS[1:], longer, strict=True):
        what = f"one task in a chain of {tasks:,}"
        rows.append(beside(what, seconds, first, f"in one of {CHAINS[0]:,}"))
    parallel = _per_task(_parallel(PARALLEL), PARALLEL)
    rows.append(beside(f"one of {PARALLEL:,} parallel tasks", parallel, ALLOWED, "allowed"))
    return rows


def _per_task(flow: str, tasks: int) -> float:
    return statistics.median(_run(flow) for _ in range(TIMES)) / tasks


def _run(source: str) -> float:
    """Return how long an execution took, in seconds: from its creation to its end."""
    from tiercel import Tiercel

    with TemporaryDirectory() as home, Tiercel(home=home) as tiercel:
        flow = tiercel.load_flow(source)
        begin = time.perf_counter()
        execution = tiercel.run(flow)
        taken = time.perf_counter() - begin
    if execution.state != "SUCCESS":
        raise RuntimeError(f"The execution ended {execution.state}")
    return taken


def _chain(tasks: int) -> str:
    return "id: chain\nnamespace: company.team\ntasks:\n" + _tasks(tasks, "  ")


def _parallel(tasks: int) -> str:
    head = "id: wide\nnamespace: company.team\ntasks:\n  - id: all\n"
    return f"{head}    type: io.kestra.plugin.core.flow.Parallel\n    tasks:\n" + _tasks(
        tasks, "      "
    )


def _tasks(number: int, indent: str) -> str:
    return "".join(
        f"{indent}- id: task{index}\n"
        f"{indent}  type: io.kestra.plugin.core.debug.Return\n"
        f'{indent}  format: "{{{{ flow.id }}}} {index}"\n'
        for index in range(number)
    )
