"""The repository in SQLite: one transition's transaction, and a page of a long list.

`python benchmarks/bench_repository.py 1000000` lists among that many executions; the table of
`make bench` has a size that takes seconds to build.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from measure import Row, beside, duration, median_of, table

from tiercel.plugin.spi import (
    Attempt,
    Execution,
    ExecutionQuery,
    History,
    LogEntry,
    Repository,
    State,
    StoredCommand,
    StoredEvent,
    TaskRun,
)
from tiercel.repository.memory import MemoryRepository
from tiercel_sql.repository import SqlRepository
from tiercel_sql.sqlite import open_repository

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRANSITIONS = 4_000
EXECUTIONS = 50_000
PAGE = 25
MOST_FOR_A_PAGE = 0.010
EVENT = (
    '{"at":1767225600000000,"task_run_id":"2vVhYWJ0fRcUv3LzFrkzLm","attempt":1,"state":"SUCCESS",'
    '"started":1767225600000000,"outputs":{"value":"hello"}}'
)
COMMAND = '{"task_run_id":"2vVhYWJ0fRcUv3LzFrkzLm","attempt":1}'


def main(executions: int = EXECUTIONS) -> list[Row]:
    """Time the transaction of a trivial task in a chain, and pages of a list by each filter."""
    with TemporaryDirectory() as folder:
        return [*_transitions(Path(folder)), *_pages(Path(folder), executions)]


def _transitions(folder: Path) -> list[Row]:
    floor = _bare_insert(folder / "floor.db")
    rows = []
    for name, query in (("NORMAL", ""), ("FULL", "?synchronous=full")):
        repository = open_repository(f"sqlite:///{folder}/{name}.db{query}")
        times = _chain(repository)
        repository.close()
        mean = sum(times) / len(times)
        what = f"one task's transaction, SQLite {name}"
        rows.append(beside(f"{what}, mean", mean, floor, "one bare INSERT and commit"))
        rows.append(beside(f"{what}, median", median(times), floor, "one bare INSERT and commit"))
    in_memory = median(_chain(MemoryRepository()))
    rows.append(beside("one task's transaction, in memory", in_memory, floor, "the same"))
    return rows


def _bare_insert(path: Path) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE lines (id INTEGER PRIMARY KEY, text TEXT)")
    seconds = median_of(
        2_000, lambda: connection.execute("INSERT INTO lines (text) VALUES (?)", (EVENT,))
    )
    connection.close()
    return seconds


def _chain(repository: Repository) -> list[float]:
    """Write what a chain of trivial tasks writes; return the seconds of each transaction.

    One transaction: two events, one task run that ended and one that began, the header, one
    command out and one in, three log lines.
    """
    began = History.begin(State.CREATED, NOW)
    ended = began.then(State.RUNNING, NOW).then(State.SUCCESS, NOW)
    execution = Execution(
        "e" * 22, "company.team", "flow", 1, began, inputs={"a": 1}, labels=(("team", "a"),)
    )
    ids = [f"{number * 7919 % TRANSITIONS:022d}" for number in range(TRANSITIONS + 1)]
    times = []
    for number, (run_id, next_id) in enumerate(pairwise(ids)):
        done = TaskRun(
            run_id, "task", ended, attempts=(Attempt(1, ended),), outputs={"value": "hello world"}
        )
        execution = replace(execution, sequence=number)
        events = [StoredEvent(execution.id, 2 * number + n, "TaskRunEnded", EVENT) for n in (1, 2)]
        lines = [LogEntry(execution.id, NOW, "INFO", "hello world", run_id, "task", 1)] * 3
        begin = time.perf_counter()
        with repository.transaction() as unit:
            unit.append_events(events)
            unit.save_task_runs(execution.id, [done, TaskRun(next_id, "task", began)])
            unit.save_execution(execution)
            unit.remove_commands(execution.id, [f"{run_id}:1"])
            unit.add_commands([StoredCommand(execution.id, f"{next_id}:1", "SubmitTask", COMMAND)])
            unit.append_logs(lines)
        times.append(time.perf_counter() - begin)
    return times


def _pages(folder: Path, executions: int) -> list[Row]:
    repository = open_repository(f"sqlite:///{folder}/list.db")
    _fill(repository, executions)
    middle = f"{executions // 2:022d}"
    queries = {
        "no filter": ExecutionQuery(),
        "the page in the middle": ExecutionQuery(after_id=middle),
        "a namespace": ExecutionQuery(namespace="company.team7"),
        "a flow": ExecutionQuery(flow_id="flow77"),
        "namespace and flow": ExecutionQuery(namespace="company.team17", flow_id="flow77"),
        "a rare state": ExecutionQuery(states=frozenset({State.KILLED})),
        "three states": ExecutionQuery(
            states=frozenset({State.SUCCESS, State.FAILED, State.KILLED})
        ),
        "namespace and rare state": ExecutionQuery(
            namespace="company.team7", states=frozenset({State.KILLED})
        ),
        "rare namespace and common state": ExecutionQuery(
            namespace="company.rare", states=frozenset({State.SUCCESS})
        ),
        "a common label": ExecutionQuery(labels=(("team", "a"),)),
        "a rare label": ExecutionQuery(labels=(("order", middle),)),
        "two labels": ExecutionQuery(labels=(("team", "a"), ("order", middle))),
        "a parent": ExecutionQuery(parent_id="parent3"),
        "a range of starts": ExecutionQuery(
            started_after=NOW + timedelta(seconds=executions // 3),
            started_before=NOW + timedelta(seconds=executions // 2),
        ),
    }
    rows = [_page(repository, name, query, executions) for name, query in queries.items()]
    repository.close()
    return rows


def _page(repository: SqlRepository, name: str, query: ExecutionQuery, executions: int) -> Row:
    found = len(repository.executions(query))
    seconds = median_of(20, _listing(repository, query))
    what = f"{found} of {executions:,} executions, {name}"
    limit = f"{duration(MOST_FOR_A_PAGE)} allowed"
    return Row(what, duration(seconds), limit, seconds / MOST_FOR_A_PAGE)


def _listing(repository: SqlRepository, query: ExecutionQuery) -> Callable[[], object]:
    return lambda: repository.executions(query)


def _fill(repository: SqlRepository, executions: int) -> None:
    batch = 5_000
    for start in range(0, executions, batch):
        with repository.transaction() as unit:
            for number in range(start, min(start + batch, executions)):
                unit.save_execution(_finished(number))


def _finished(number: int) -> Execution:
    state = State.SUCCESS
    if number % 10 == 3:
        state = State.FAILED
    elif number % 10_000 == 7:
        state = State.KILLED
    at = NOW + timedelta(seconds=number)
    execution_id = f"{number:022d}"
    return Execution(
        id=execution_id,
        namespace="company.rare" if number % 10_000 == 42 else f"company.team{number % 20}",
        flow_id=f"flow{number % 500}",
        flow_revision=1,
        history=History.begin(State.CREATED, at).then(State.RUNNING, at).then(state, at),
        labels=(("team", "ab"[number % 2]), ("order", execution_id)),
        inputs={"day": "2026-01-01", "limit": 100},
        outputs={"rows": number},
        parent_id=f"parent{number % 1_000}" if number % 3 == 0 else None,
        done=True,
    )


if __name__ == "__main__":
    print(table(main(int(sys.argv[1]) if len(sys.argv) > 1 else EXECUTIONS)))
