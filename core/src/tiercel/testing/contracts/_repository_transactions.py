"""What a transaction is: all of it or nothing, seen by nobody before its end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from tiercel.errors import ConflictError, NotFoundError, RepositoryError
from tiercel.model.execution import MetricEntry
from tiercel.repository.spi import ExecutionQuery
from tiercel.testing.contracts._expect import raises
from tiercel.testing.contracts._samples import (
    NOW,
    a_flow,
    a_key,
    a_line,
    a_task_run,
    an_event,
    an_execution,
    commands,
    save,
)

if TYPE_CHECKING:
    from tiercel.repository.spi import Repository, UnitOfWork

__all__ = ["TransactionTests"]


class _Mishap(Exception):
    """Something that goes wrong inside a transaction."""


def _write_everything(unit: UnitOfWork) -> None:
    unit.save_execution(an_execution(labels=(("a", "b"),)))
    unit.save_task_runs("e1", [a_task_run()])
    unit.append_events([an_event(1)])
    unit.add_commands(commands("c1"))
    unit.append_logs([a_line("hello")])
    unit.append_metrics([MetricEntry("e1", NOW, "rows", "counter", 1.0)])
    unit.save_flow(a_flow())
    unit.put_kv(a_key())
    unit.send("e1", "Kill", "{}")
    unit.claim("e1", "me", NOW, timedelta(seconds=30))


def _nothing_is_left(repository: Repository) -> bool:
    with raises(NotFoundError):
        repository.execution("e1")
    with raises(NotFoundError):
        repository.flow("main", "company.team", "flow")
    left = [
        *repository.executions(ExecutionQuery()),
        *repository.executions(ExecutionQuery(labels=(("a", "b"),))),
        *repository.events("e1"),
        *repository.commands("e1"),
        *repository.logs("e1"),
        *repository.metrics("e1"),
        *repository.flows(),
        *repository.kv_list("company.team", NOW),
        *repository.claims(),
        *repository.unfinished(),
    ]
    return not left


class TransactionTests:
    """A unit of work becomes visible whole, or not at all."""

    def test_a_transaction_makes_all_its_writes_visible(self, repository: Repository) -> None:
        with repository.transaction() as unit:
            _write_everything(unit)
        assert list(repository.execution("e1").task_runs) == ["r1"]
        assert len(repository.events("e1")) == len(repository.commands("e1")) == 1
        assert len(repository.logs("e1")) == len(repository.metrics("e1")) == 1
        assert len(repository.flows()) == len(repository.claims()) == 1

    def test_a_rolled_back_transaction_leaves_nothing(self, repository: Repository) -> None:
        with raises(_Mishap), repository.transaction() as unit:
            _write_everything(unit)
            raise _Mishap
        assert _nothing_is_left(repository)
        with repository.transaction() as unit:
            assert unit.receive("me") == []

    def test_a_rollback_restores_what_was_there(self, repository: Repository) -> None:
        with repository.transaction() as unit:
            _write_everything(unit)
        before = repository.execution("e1")
        with raises(_Mishap), repository.transaction() as unit:
            unit.save_execution(an_execution(sequence=9, labels=(("x", "y"),)))
            unit.save_task_runs("e1", [a_task_run(outputs={"a": 1})])
            unit.delete_execution("e1")
            unit.delete_flow("main", "company.team", "flow")
            unit.delete_kv("company.team", "key")
            raise _Mishap
        assert repository.execution("e1") == before
        assert repository.execution("e1").task_runs == before.task_runs
        assert len(repository.executions(ExecutionQuery(labels=(("a", "b"),)))) == 1
        assert len(repository.flows()) == len(repository.kv_list("company.team", NOW)) == 1

    def test_what_a_rollback_took_back_can_be_written_again(self, repository: Repository) -> None:
        save(repository, an_execution())
        changed = an_execution(sequence=3, inputs={"a": 1})
        with raises(_Mishap), repository.transaction() as unit:
            unit.save_execution(changed)
            raise _Mishap
        save(repository, changed)
        assert repository.execution("e1") == changed

    def test_nobody_sees_half_a_transaction(self, repository: Repository) -> None:
        with ThreadPoolExecutor(1) as other, repository.transaction() as unit:
            _write_everything(unit)
            assert other.submit(_nothing_is_left, repository).result(10)

    def test_a_reader_always_sees_execution_and_task_runs_of_one_state(
        self, repository: Repository
    ) -> None:
        save(repository, an_execution())
        stop = threading.Event()

        def read() -> int:
            seen = 0
            while not stop.is_set():
                execution = repository.execution("e1")
                assert execution.sequence == len(execution.task_runs)
                seen += 1
            return seen

        with ThreadPoolExecutor(2) as pool:
            readers = [pool.submit(read) for _ in range(2)]
            for number in range(1, 101):
                with repository.transaction() as unit:
                    unit.save_task_runs("e1", [a_task_run(f"r{number}")])
                    unit.save_execution(an_execution(sequence=number))
            stop.set()
            assert all(reader.result(10) > 0 for reader in readers)

    def test_threads_that_write_wait_for_each_other(self, repository: Repository) -> None:
        def write(number: int) -> None:
            with repository.transaction() as unit:
                unit.append_logs([a_line(f"{number}-{turn}") for turn in range(5)])

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(40)))
        lines = [entry.message for _, entry in repository.logs("e1")]
        assert sorted(lines) == sorted(f"{n}-{turn}" for n in range(40) for turn in range(5))
        assert all(
            lines[start].partition("-")[0] == lines[start + 4].partition("-")[0]
            for start in range(0, 200, 5)
        )

    def test_a_second_transaction_in_one_thread_is_refused(self, repository: Repository) -> None:
        with repository.transaction() as unit:
            unit.append_logs([a_line("kept")])
            with raises(RepositoryError), repository.transaction():
                pass
        assert len(repository.logs("e1")) == 1

    def test_after_a_rollback_the_next_transaction_works(self, repository: Repository) -> None:
        save(repository, an_execution())
        with repository.transaction() as unit:
            unit.append_events([an_event(1)])
        with raises(ConflictError), repository.transaction() as unit:
            unit.append_events([an_event(1)])
        with repository.transaction() as unit:
            unit.append_events([an_event(2)])
        assert [event.sequence for event in repository.events("e1")] == [1, 2]

    def test_an_empty_transaction_is_fine(self, repository: Repository) -> None:
        with repository.transaction() as unit:
            unit.save_task_runs("e1", [])
            unit.append_events([])
            unit.append_logs([])
            unit.remove_commands("e1", [])
            unit.acknowledge([])
        assert _nothing_is_left(repository)

    def test_info_names_the_engine(self, repository: Repository) -> None:
        assert repository.info()["engine"]
