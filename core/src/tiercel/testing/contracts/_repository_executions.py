"""Executions and their task runs: kept as they were, found by every filter."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tiercel.errors import NotFoundError
from tiercel.model.execution import Attempt, History, State
from tiercel.repository.spi import ExecutionQuery
from tiercel.testing.contracts._expect import raises
from tiercel.testing.contracts._samples import (
    NOW,
    a_line,
    a_task_run,
    an_event,
    an_execution,
    commands,
    later,
    save,
)

if TYPE_CHECKING:
    from tiercel.repository.spi import Repository

__all__ = ["ExecutionTests"]

_VALUES: dict[str, Any] = {
    "text": 'naïve "日本" \n\t\\ 😀',
    "control": "a\x00b\x1f",
    "number": 2**53 + 1,
    "float": 0.1,
    "null": None,
    "true": True,
    "list": [1, [2, {"a": []}], "x"],
    "empty": {},
    "": "empty key",
}
_HISTORY = (
    History.begin(State.CREATED, NOW)
    .then(State.RUNNING, later(0.000001))
    .then(State.SUCCESS, later(86_400 * 365))
)


def _started(at: float, state: State = State.CREATED) -> History:
    history = History.begin(State.CREATED, later(at))
    return history if state is State.CREATED else history.then(state, later(at))


def _ids(repository: Repository, **query: Any) -> list[str]:
    return [execution.id for execution in repository.executions(ExecutionQuery(**query))]


class ExecutionTests:
    """Executions are stored, listed, deleted."""

    def test_an_execution_reads_back_as_it_was_saved(self, repository: Repository) -> None:
        execution = an_execution(
            tenant="other",
            flow_revision=7,
            history=_HISTORY,
            labels=(("system.correlationId", "e1"), ("team", "ü"), ("", "")),
            inputs=_VALUES,
            variables={"deep": _VALUES},
            outputs=_VALUES,
            trigger={"id": "daily", "variables": {"date": "2026-01-01"}},
            parent_id="p1",
            original_id="o1",
            sequence=12,
            error="It failed",
            done=True,
        )
        save(repository, execution)
        assert repository.execution("e1") == execution

    def test_absent_values_stay_apart_from_empty_ones(self, repository: Repository) -> None:
        save(repository, an_execution("none"), an_execution("empty", outputs={}, trigger={}))
        none, empty = repository.execution("none"), repository.execution("empty")
        assert (none.outputs, none.trigger) == (None, None)
        assert (empty.outputs, empty.trigger) == ({}, {})

    def test_every_field_of_an_execution_can_change(self, repository: Repository) -> None:
        save(repository, an_execution(labels=(("a", "1"),), inputs={"x": 1}))
        changed = an_execution(
            history=_HISTORY,
            flow_revision=2,
            labels=(("b", "2"),),
            inputs={"x": 1.0},
            variables={"v": 1},
            outputs={"o": 1},
            sequence=5,
            error="late",
        )
        save(repository, changed)
        stored = repository.execution("e1")
        assert stored == changed
        assert str(stored.inputs) == str(changed.inputs)

    def test_each_field_may_change_alone(self, repository: Repository) -> None:
        execution = an_execution(labels=(("a", "1"),), inputs={"x": 1})
        changes: list[dict[str, Any]] = [
            {"sequence": 1},
            {"outputs": {"a": 1}},
            {"error": "e", "sequence": 2},
            {"history": _HISTORY},
            {},
        ]
        for change in changes:
            execution = replace(execution, **change)
            save(repository, execution)
            assert repository.execution("e1") == execution

    def test_a_finished_execution_can_be_taken_up_again(self, repository: Repository) -> None:
        save(repository, an_execution(history=_HISTORY, done=True))
        again = an_execution(history=_HISTORY.then(State.RESTARTED, later(1)), done=False)
        save(repository, again)
        assert repository.execution("e1") == again
        assert list(repository.unfinished()) == ["e1"]

    def test_times_keep_their_microseconds_and_come_back_in_utc(
        self, repository: Repository
    ) -> None:
        save(repository, an_execution(history=_HISTORY))
        entries = repository.execution("e1").history.entries
        assert entries == _HISTORY.entries
        assert {str(at.tzinfo) for _, at in entries} == {"UTC"}

    def test_an_unknown_execution_is_not_found(self, repository: Repository) -> None:
        with raises(NotFoundError):
            repository.execution("nope")

    def test_a_task_run_reads_back_as_it_was_saved(self, repository: Repository) -> None:
        run = a_task_run(
            parent_id="p",
            value="naïve, 'x'",
            iteration=0,
            history=_HISTORY,
            attempts=(
                Attempt(1, _HISTORY, log_file="kestra:///a/b/executions/e1/attempt-1.log"),
                Attempt(2, History.begin(State.RUNNING, NOW)),
            ),
            outputs=_VALUES,
            error="bad\nthings",
        )
        with repository.transaction() as unit:
            unit.save_execution(an_execution())
            unit.save_task_runs("e1", [run, a_task_run("r2", attempts=())])
        runs = repository.execution("e1").task_runs
        assert dict(runs) == {"r1": run, "r2": a_task_run("r2", attempts=())}

    def test_a_later_task_run_of_the_same_id_replaces_it(self, repository: Repository) -> None:
        save(repository, an_execution())
        ended = a_task_run(history=_HISTORY, outputs={"a": 1})
        for runs in ([a_task_run()], [a_task_run(outputs={"b": 1}), ended]):
            with repository.transaction() as unit:
                unit.save_task_runs("e1", runs)
        assert dict(repository.execution("e1").task_runs) == {"r1": ended}

    def test_removed_task_runs_are_gone_and_unknown_ones_are_ignored(
        self, repository: Repository
    ) -> None:
        save(repository, an_execution("e1"), an_execution("e2"))
        with repository.transaction() as unit:
            unit.save_task_runs("e1", [a_task_run("r1"), a_task_run("r2")])
            unit.save_task_runs("e2", [a_task_run("r1")])
        with repository.transaction() as unit:
            unit.remove_task_runs("e1", ["r1", "r3"])
            unit.remove_task_runs("e1", [])
        assert set(repository.execution("e1").task_runs) == {"r2"}
        assert set(repository.execution("e2").task_runs) == {"r1"}

    def test_task_runs_belong_to_their_execution(self, repository: Repository) -> None:
        save(repository, an_execution("e1"), an_execution("e2"))
        with repository.transaction() as unit:
            unit.save_task_runs("e2", [a_task_run("r1")])
        assert len(repository.execution("e1").task_runs) == 0

    def test_the_list_is_newest_first_and_without_task_runs(self, repository: Repository) -> None:
        save(
            repository,
            an_execution("old", history=_started(-10)),
            an_execution("first"),
            an_execution("second"),
            an_execution("new", history=_started(10)),
        )
        with repository.transaction() as unit:
            unit.save_task_runs("new", [a_task_run()])
        assert _ids(repository) == ["new", "second", "first", "old"]
        newest = repository.executions(ExecutionQuery(limit=1))[0]
        assert newest == an_execution("new", history=_started(10))
        assert len(newest.task_runs) == 0

    def test_the_list_is_filtered_by_tenant_namespace_and_flow(
        self, repository: Repository
    ) -> None:
        save(
            repository,
            an_execution("a", namespace="n1", flow_id="f1"),
            an_execution("b", namespace="n1", flow_id="f2"),
            an_execution("c", namespace="n1.below", flow_id="f1"),
            an_execution("d", namespace="n1", flow_id="f1", tenant="other"),
        )
        assert _ids(repository, namespace="n1") == ["b", "a"]
        assert _ids(repository, flow_id="f1") == ["c", "a"]
        assert _ids(repository, namespace="n1", flow_id="f1") == ["a"]
        assert _ids(repository, tenant="other") == ["d"]

    def test_the_list_is_filtered_by_states(self, repository: Repository) -> None:
        for number, state in enumerate([State.RUNNING, State.FAILED, State.SUCCESS] * 2):
            save(repository, an_execution(f"{state}{number}", history=_started(number, state)))
        assert _ids(repository, states=frozenset({State.FAILED})) == ["FAILED4", "FAILED1"]
        two = frozenset({State.FAILED, State.RUNNING})
        assert _ids(repository, states=two, limit=3) == ["FAILED4", "RUNNING3", "FAILED1"]

    def test_the_list_follows_changes_of_state(self, repository: Repository) -> None:
        save(repository, an_execution())
        save(repository, an_execution(history=_HISTORY))
        assert _ids(repository, states=frozenset({State.CREATED})) == []
        assert _ids(repository, states=frozenset({State.SUCCESS})) == ["e1"]

    def test_the_list_is_filtered_by_all_given_labels(self, repository: Repository) -> None:
        save(
            repository,
            an_execution("a", labels=(("x", "1"), ("y", "2"))),
            an_execution("b", labels=(("x", "1"), ("y", "3"))),
            an_execution("c", labels=(("x", "2"),)),
            an_execution("d", labels=(("x", "1"),), tenant="other"),
        )
        assert _ids(repository, labels=(("x", "1"),)) == ["b", "a"]
        assert _ids(repository, labels=(("x", "1"), ("y", "3"))) == ["b"]
        assert _ids(repository, labels=(("x", "3"),)) == []

    def test_the_list_follows_changes_of_labels(self, repository: Repository) -> None:
        save(repository, an_execution(labels=(("x", "1"), ("y", "1"))))
        save(repository, an_execution(labels=(("x", "2"), ("y", "1"))))
        found = [_ids(repository, labels=(pair,)) for pair in (("x", "1"), ("x", "2"), ("y", "1"))]
        assert found == [[], ["e1"], ["e1"]]

    def test_the_list_is_filtered_by_parent(self, repository: Repository) -> None:
        save(repository, an_execution("a"), an_execution("b", parent_id="a"))
        assert _ids(repository, parent_id="a") == ["b"]

    def test_the_list_is_filtered_by_start(self, repository: Repository) -> None:
        for number in range(5):
            save(repository, an_execution(str(number), history=_started(number)))
        assert _ids(repository, started_after=later(3)) == ["4", "3"]
        assert _ids(repository, started_before=later(2)) == ["1", "0"]
        assert _ids(repository, started_after=later(1), started_before=later(3)) == ["2", "1"]

    def test_filters_are_combined(self, repository: Repository) -> None:
        for number in range(8):
            save(
                repository,
                an_execution(
                    str(number),
                    namespace=f"n{number % 2}",
                    history=_started(number, State.FAILED if number < 6 else State.RUNNING),
                    labels=(("x", str(number // 4)),),
                ),
            )
        failed = frozenset({State.FAILED, State.KILLED})
        query: dict[str, Any] = {"namespace": "n1", "states": failed, "labels": (("x", "1"),)}
        assert _ids(repository, **query) == ["5"]
        assert _ids(repository, **query, started_after=later(6)) == []

    def test_pages_follow_each_other_without_gap_or_repeat(self, repository: Repository) -> None:
        for number in range(10):
            # Pairs that started at the same time, and one query's worth of every filter.
            save(
                repository,
                an_execution(
                    str(number),
                    history=_started(number // 2, State.FAILED),
                    labels=(("x", "1"),),
                    parent_id="p",
                ),
            )
        for query in (
            {},
            {"namespace": "company.team"},
            {"states": frozenset({State.FAILED, State.KILLED})},
            {"labels": (("x", "1"),)},
            {"parent_id": "p"},
        ):
            seen: list[str] = []
            while page := _ids(repository, **query, limit=3, after_id=seen[-1] if seen else None):
                seen += page
            assert seen == [str(number) for number in reversed(range(10))]

    def test_a_page_after_an_unknown_execution_is_not_found(self, repository: Repository) -> None:
        with raises(NotFoundError):
            repository.executions(ExecutionQuery(after_id="nope"))

    def test_unfinished_are_those_not_done_or_with_commands(self, repository: Repository) -> None:
        save(
            repository,
            an_execution("paused", history=_started(0, State.PAUSED)),
            an_execution("done", history=_started(0, State.SUCCESS), done=True),
            an_execution("ending", history=_started(0, State.SUCCESS)),
            an_execution("commanded", history=_started(0, State.FAILED), done=True),
        )
        with repository.transaction() as unit:
            unit.add_commands(commands("c", execution_id="commanded"))
        assert list(repository.unfinished()) == ["paused", "ending", "commanded"]

    def test_a_deleted_execution_is_gone_with_everything(self, repository: Repository) -> None:
        save(repository, an_execution("e2"))
        with repository.transaction() as unit:
            unit.save_execution(an_execution(labels=(("x", "1"),)))
            unit.save_task_runs("e1", [a_task_run()])
            unit.append_events([an_event(1)])
            unit.add_commands(commands("c"))
            unit.append_logs([a_line("hello")])
        with repository.transaction() as unit:
            unit.delete_execution("e1")
            unit.delete_execution("unknown")
        left = [*repository.events("e1"), *repository.commands("e1"), *repository.logs("e1")]
        assert left == _ids(repository, labels=(("x", "1"),)) == []
        assert _ids(repository) == list(repository.unfinished()) == ["e2"]

    def test_an_execution_can_come_back_after_its_deletion(self, repository: Repository) -> None:
        execution = an_execution(labels=(("x", "1"),), inputs={"a": 1})
        save(repository, execution)
        with repository.transaction() as unit:
            unit.delete_execution("e1")
            unit.save_execution(execution)
        assert repository.execution("e1") == execution
        assert _ids(repository, labels=(("x", "1"),)) == ["e1"]

    def test_a_purge_deletes_executions_and_tells_how_many(self, repository: Repository) -> None:
        save(repository, *(an_execution(f"e{number}") for number in range(1, 4)))
        with repository.transaction() as unit:
            unit.append_logs([a_line(str(number)) for number in range(20)])
        assert repository.purge(["e1", "e2", "unknown"]) == 2
        assert repository.purge(["e1"]) == 0
        assert list(repository.logs("e1")) == []
        assert _ids(repository) == ["e3"]
