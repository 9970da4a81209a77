"""What SQLite adds to the contract: refusals, plans, bounded purges."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tiercel.plugin.spi import (
    Execution,
    ExecutionQuery,
    History,
    LogEntry,
    RepositoryError,
    State,
    TaskRun,
)
from tiercel_sql import listing
from tiercel_sql import repository as repository_module
from tiercel_sql.repository import SqlRepository

MakeExecution = Callable[..., Execution]

NOW = datetime(2026, 1, 2, tzinfo=UTC)
EVERY_FILTER = {
    "none": {},
    "namespace": {"namespace": "n"},
    "flow": {"flow_id": "f"},
    "namespace and flow": {"namespace": "n", "flow_id": "f"},
    "state": {"states": frozenset({State.FAILED})},
    "states": {"states": frozenset({State.SUCCESS, State.FAILED, State.KILLED})},
    "label": {"labels": (("a", "b"),)},
    "labels": {"labels": (("a", "b"), ("c", "d"))},
    "parent": {"parent_id": "p"},
    "start": {"started_after": NOW, "started_before": NOW + timedelta(days=1)},
}


@pytest.mark.parametrize("after", [None, (1, 1)], ids=["first page", "next page"])
@pytest.mark.parametrize("query", EVERY_FILTER.values(), ids=EVERY_FILTER)
def test_every_filter_is_read_from_an_index_in_the_order_of_the_list(
    repository: SqlRepository, query: dict[str, Any], after: tuple[int, int] | None
) -> None:
    statement, parameters = listing.page(ExecutionQuery(**query), after, lambda *_: 0)
    with repository._database.reading() as session:
        plan = [row[3] for row in session.all(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    read = [step for step in plan if step.startswith(("SCAN", "SEARCH"))]
    assert not [
        step
        for step in read
        if step.startswith("SCAN") and "part" not in step and "page" not in step
    ], plan
    # One sort is left: of the page itself, or of the pages of several states.
    assert sum("TEMP B-TREE" in step for step in plan) <= 1, plan


@pytest.mark.parametrize(
    ("filters", "rare", "leader"),
    [
        ({"namespace": "n", "states": frozenset({State.FAILED})}, "n", "namespace"),
        ({"namespace": "n", "states": frozenset({State.FAILED})}, "FAILED", "state"),
        ({"flow_id": "f", "states": frozenset({State.FAILED, State.KILLED})}, "f", "flow"),
        ({"parent_id": "p", "states": frozenset({State.FAILED})}, "p", "parent"),
    ],
)
def test_of_combined_filters_the_rarer_one_leads(
    repository: SqlRepository, filters: dict[str, Any], rare: str, leader: str
) -> None:
    statement, parameters = listing.page(
        ExecutionQuery(**filters), None, lambda _, values: 1 if rare in values else 1_000
    )
    with repository._database.reading() as session:
        plan = [row[3] for row in session.all(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    used = {step.split("INDEX ")[1].split(" ")[0] for step in plan if "INDEX executions_" in step}
    assert used == {f"executions_by_{leader}"}


def test_of_several_labels_the_rarest_leads() -> None:
    query = ExecutionQuery(labels=(("team", "a"), ("order", "1")))
    _, parameters = listing.page(query, None, lambda _, values: 1 if "1" in values else 1_000)
    assert parameters[:5] == ["main", "order", "1", "team", "a"]


@pytest.mark.parametrize(
    "value", [{"at": datetime(2026, 1, 1, tzinfo=UTC)}, {"x": {1, 2}}, {"x": b"bytes"}]
)
def test_a_value_that_is_not_json_like_is_refused_by_name(
    repository: SqlRepository, value: dict[str, Any]
) -> None:
    run = TaskRun("r1", "load", History.begin(State.CREATED, NOW), outputs=value)
    with (
        pytest.raises(RepositoryError, match="outputs of task 'load'"),
        repository.transaction() as unit,
    ):
        unit.save_task_runs("e1", [run])


def test_a_value_that_holds_itself_is_refused(
    repository: SqlRepository, make_execution: MakeExecution
) -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    with (
        pytest.raises(RepositoryError, match="inputs of execution 'e1'"),
        repository.transaction() as unit,
    ):
        unit.save_execution(make_execution(inputs=loop))


def test_a_number_that_sqlite_cannot_hold_is_refused(
    repository: SqlRepository, make_execution: MakeExecution
) -> None:
    with pytest.raises(RepositoryError, match="cannot store"), repository.transaction() as unit:
        unit.save_execution(make_execution(sequence=2**70))


def test_an_id_that_is_no_text_is_refused(
    repository: SqlRepository, make_execution: MakeExecution
) -> None:
    with pytest.raises(RepositoryError, match="cannot store"), repository.transaction() as unit:
        unit.save_execution(make_execution("\ud800"))


def test_an_execution_that_another_process_deleted_is_written_whole_again(
    repository: SqlRepository, make_execution: MakeExecution
) -> None:
    first = make_execution(labels=(("a", "b"),), inputs={"x": 1})
    with repository.transaction() as unit:
        unit.save_execution(first)
    with repository._database.writing() as session:
        for table in ("executions", "execution_bodies", "execution_labels"):
            session.run(f"DELETE FROM {table}")
    again = make_execution(labels=first.labels, inputs=first.inputs, sequence=1)
    with repository.transaction() as unit:
        unit.save_execution(again)
    assert repository.execution("e1") == again
    assert len(repository.executions(ExecutionQuery(labels=(("a", "b"),)))) == 1


def test_an_unchanged_execution_is_not_written_again(
    repository: SqlRepository, make_execution: MakeExecution
) -> None:
    execution = make_execution()
    for _ in range(2):
        with repository.transaction() as unit:
            unit.save_execution(execution)
    with repository._database.writing() as session:
        session.run("DELETE FROM executions")
    with repository.transaction() as unit:
        unit.save_execution(execution)
    assert repository.executions(ExecutionQuery()) == []


def test_a_purge_deletes_in_batches(
    repository: SqlRepository, monkeypatch: pytest.MonkeyPatch, make_execution: MakeExecution
) -> None:
    monkeypatch.setattr(repository_module, "_BATCH", 10)
    with repository.transaction() as unit:
        unit.save_execution(make_execution())
        unit.append_logs([LogEntry("e1", NOW, "INFO", str(number)) for number in range(35)])
    sizes = []
    batch = repository._purge_batch

    def counted(statement: str, execution_id: str) -> int:
        sizes.append(batch(statement, execution_id))
        return sizes[-1]

    monkeypatch.setattr(repository, "_purge_batch", counted)
    assert repository.purge(["e1"]) == 1
    assert sizes[:4] == [10, 10, 10, 5]
    assert list(repository.logs("e1")) == []


def test_deleted_executions_leave_no_row_in_any_table(
    repository: SqlRepository, make_execution: MakeExecution
) -> None:
    with repository.transaction() as unit:
        unit.save_execution(make_execution(labels=(("a", "b"),)))
        unit.save_task_runs("e1", [TaskRun("r1", "t", History.begin(State.CREATED, NOW))])
        unit.append_logs([LogEntry("e1", NOW, "INFO", "hello")])
        unit.send("e1", "Kill", "{}")
        unit.claim("e1", "me", NOW, timedelta(seconds=30))
    repository.purge(["e1"])
    with repository._database.reading() as session:
        tables = session.all(
            "SELECT name FROM sqlite_master WHERE type = 'table' "
            "AND name NOT IN ('sqlite_sequence', 'tiercel_schema', 'counters')"
        )
        left = {name: session.one(f"SELECT count(*) FROM {name}")[0] for (name,) in tables}
    assert left == dict.fromkeys(left, 0)
    assert "executions" in left
