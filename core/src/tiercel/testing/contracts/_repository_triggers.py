"""What is kept of triggers, and the changes of state that they are to be told of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tiercel.errors import ConflictError, NotFoundError
from tiercel.model.execution import Execution, History, State
from tiercel.testing.contracts._expect import raises
from tiercel.testing.contracts._samples import NOW, a_trigger, an_execution, later, save

if TYPE_CHECKING:
    from tiercel.repository.spi import Repository, TriggerRecord

__all__ = ["TriggerTests"]

_SPACE = "company.team"
_ENDS = frozenset({State.SUCCESS, State.FAILED})


def _write(repository: Repository, *triggers: TriggerRecord) -> list[int]:
    with repository.transaction() as unit:
        return [unit.save_trigger(trigger) for trigger in triggers]


def _announce(repository: Repository, execution: Execution, step: int) -> None:
    with repository.transaction() as unit:
        unit.announce(execution, step)


def _ended(execution_id: str = "e1", **fields: str) -> Execution:
    history = History.begin(State.CREATED, NOW).then(State.RUNNING, NOW).then(State.SUCCESS, NOW)
    return an_execution(execution_id, history=history, **fields)


class TriggerTests:
    """Triggers: written by whoever read them last, told of changes once."""

    def test_a_trigger_reads_back_as_it_was_written(self, repository: Repository) -> None:
        trigger = a_trigger(
            next_date=later(0.000001),
            last_date=NOW,
            execution_id="e1",
            disabled=True,
            backfill='{"ü":1}',
            memory="{}",
            states=_ENDS,
        )
        [version] = _write(repository, trigger)
        found = repository.trigger("main", _SPACE, "flow", "daily")
        assert found == replace(trigger, version=version)

    def test_an_unknown_trigger_is_not_found(self, repository: Repository) -> None:
        _write(repository, a_trigger())
        for key in (
            ("other", _SPACE, "flow", "daily"),
            ("main", "other", "flow", "daily"),
            ("main", _SPACE, "other", "daily"),
            ("main", _SPACE, "flow", "other"),
        ):
            with raises(NotFoundError):
                repository.trigger(*key)

    def test_versions_grow_over_all_triggers(self, repository: Repository) -> None:
        versions = _write(repository, a_trigger("a"), a_trigger("b"))
        again = _write(repository, a_trigger("a", version=versions[0], updated=later(1)))
        assert 0 < versions[0] < versions[1] < again[0]

    def test_of_two_who_read_the_same_trigger_one_writes_it(self, repository: Repository) -> None:
        [version] = _write(repository, a_trigger())
        _write(repository, a_trigger(version=version, execution_id="first"))
        with raises(ConflictError):
            _write(repository, a_trigger(version=version, execution_id="second"))
        assert repository.trigger("main", _SPACE, "flow", "daily").execution_id == "first"

    def test_a_trigger_is_added_once(self, repository: Repository) -> None:
        _write(repository, a_trigger())
        with raises(ConflictError):
            _write(repository, a_trigger())

    def test_a_trigger_that_is_gone_cannot_be_written_on(self, repository: Repository) -> None:
        [version] = _write(repository, a_trigger())
        with repository.transaction() as unit:
            unit.delete_trigger("main", _SPACE, "flow", "daily")
            unit.delete_trigger("main", _SPACE, "flow", "unknown")
        with raises(ConflictError):
            _write(repository, a_trigger(version=version))
        assert list(repository.triggers()) == []

    def test_a_conflict_takes_the_execution_back_too(self, repository: Repository) -> None:
        _write(repository, a_trigger())
        with raises(ConflictError), repository.transaction() as unit:
            unit.save_execution(an_execution())
            unit.save_trigger(a_trigger(version=10**9))
        with raises(NotFoundError):
            repository.execution("e1")

    def test_triggers_are_found_by_what_was_written_last(self, repository: Repository) -> None:
        first, second, _ = _write(
            repository, a_trigger("a"), a_trigger("b"), a_trigger("c", tenant="other")
        )
        _write(repository, a_trigger("a", version=first))
        assert [each.id for each in repository.triggers()] == ["b", "a"]
        assert [each.id for each in repository.triggers(after_version=second)] == ["a"]
        assert [each.id for each in repository.triggers("other")] == ["c"]

    def test_triggers_are_listed_by_namespace(self, repository: Repository) -> None:
        _write(repository, a_trigger("a"), a_trigger("b", namespace="other"))
        assert [each.id for each in repository.triggers("main", _SPACE)] == ["a"]
        assert list(repository.triggers("main", "company")) == []

    def test_a_trigger_is_free_again_when_its_execution_has_ended(
        self, repository: Repository
    ) -> None:
        [version] = _write(repository, a_trigger(next_date=NOW, execution_id="e1"))
        with repository.transaction() as unit:
            unit.free_trigger(_ended("other"), "daily")
            unit.free_trigger(_ended("e1"), "unknown")
        assert repository.trigger("main", _SPACE, "flow", "daily").execution_id == "e1"
        with repository.transaction() as unit:
            unit.free_trigger(_ended("e1"), "daily")
        [found] = repository.triggers(after_version=version)
        expected = a_trigger(next_date=NOW, version=found.version)
        assert found == expected

    def test_a_trigger_is_stopped_by_any_execution_of_it(self, repository: Repository) -> None:
        _write(repository, a_trigger(execution_id="e2"))
        with repository.transaction() as unit:
            unit.free_trigger(_ended("e1"), "daily", stop=True)
        found = repository.trigger("main", _SPACE, "flow", "daily")
        assert (found.disabled, found.execution_id) == (True, "e2")

    def test_a_trigger_is_free_when_its_execution_is_deleted(self, repository: Repository) -> None:
        [version] = _write(repository, a_trigger(execution_id="e1"))
        save(repository, an_execution())
        with repository.transaction() as unit:
            unit.delete_execution("e1")
        assert [each.execution_id for each in repository.triggers(after_version=version)] == [None]

    def test_a_change_is_kept_for_each_trigger_that_listens(self, repository: Repository) -> None:
        _write(
            repository,
            a_trigger("a", states=_ENDS),
            a_trigger("b", states=frozenset({State.FAILED})),
            a_trigger("c", states=frozenset({State.SUCCESS}), namespace="other"),
            a_trigger("off", states=_ENDS, disabled=True),
            a_trigger("theirs", states=_ENDS, tenant="other"),
            a_trigger("deaf"),
        )
        _announce(repository, _ended(), 1)
        _announce(repository, _ended(), 2)
        found = {(each.namespace, each.trigger_id) for each in repository.changes()}
        assert found == {(_SPACE, "a"), ("other", "c")}
        assert {(each.execution_id, each.step) for each in repository.changes()} == {("e1", 2)}

    def test_changes_come_oldest_first(self, repository: Repository) -> None:
        _write(repository, a_trigger(states=_ENDS))
        for execution_id in ("e2", "e1", "e3"):
            _announce(repository, _ended(execution_id), 2)
        assert [each.execution_id for each in repository.changes()] == ["e2", "e1", "e3"]
        assert [each.execution_id for each in repository.changes(limit=1)] == ["e2"]
        assert list(repository.changes("other")) == []

    def test_a_change_is_taken_once(self, repository: Repository) -> None:
        _write(repository, a_trigger(states=_ENDS))
        _announce(repository, _ended(), 2)
        [change] = repository.changes()
        with repository.transaction() as unit:
            unit.take_change(change.number)
        assert list(repository.changes()) == []
        with raises(ConflictError), repository.transaction() as unit:
            unit.take_change(change.number)

    def test_changes_go_with_their_trigger_and_their_execution(
        self, repository: Repository
    ) -> None:
        _write(repository, a_trigger("a", states=_ENDS), a_trigger("b", states=_ENDS))
        save(repository, _ended("e1"), _ended("e2"))
        for execution_id in ("e1", "e2"):
            _announce(repository, _ended(execution_id), 2)
        with repository.transaction() as unit:
            unit.delete_trigger("main", _SPACE, "flow", "a")
            unit.delete_execution("e1")
        [change] = repository.changes()
        assert (change.trigger_id, change.execution_id) == ("b", "e2")
