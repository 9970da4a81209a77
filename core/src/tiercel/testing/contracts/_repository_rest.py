"""Logs, metrics, flows and keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tiercel.errors import ConflictError, NotFoundError
from tiercel.model.execution import LogEntry, MetricEntry
from tiercel.testing.contracts._expect import raises
from tiercel.testing.contracts._samples import NOW, a_flow, a_key, a_line, later

if TYPE_CHECKING:
    from tiercel.repository.spi import KvRecord, Repository, StoredFlow

__all__ = ["FlowTests", "KvTests", "LogTests"]

_SPACE = "company.team"


def _put(repository: Repository, *records: KvRecord, overwrite: bool = True) -> None:
    with repository.transaction() as unit:
        for record in records:
            unit.put_kv(record, overwrite=overwrite)


def _save(repository: Repository, *flows: StoredFlow) -> None:
    with repository.transaction() as unit:
        for flow in flows:
            unit.save_flow(flow)


class LogTests:
    """Log lines and measurements."""

    def test_log_lines_read_back_as_they_were_written(self, repository: Repository) -> None:
        entry = LogEntry("e1", later(0.000001), "WARN", "naïve\n日本 😀", "r1", "task", 3)
        with repository.transaction() as unit:
            unit.append_logs([entry, a_line("")])
        assert [line for _, line in repository.logs("e1")] == [entry, a_line("")]

    def test_log_lines_are_numbered_in_order(self, repository: Repository) -> None:
        for batch in (["a", "b"], ["c"]):
            with repository.transaction() as unit:
                unit.append_logs([a_line(message) for message in batch])
        numbers = [number for number, _ in repository.logs("e1")]
        assert [entry.message for _, entry in repository.logs("e1")] == ["a", "b", "c"]
        assert numbers == sorted(set(numbers))
        assert numbers[0] > 0

    def test_logs_can_be_followed_from_a_number(self, repository: Repository) -> None:
        with repository.transaction() as unit:
            unit.append_logs([a_line(str(number)) for number in range(5)])
        second = repository.logs("e1", limit=2)[-1][0]
        rest = repository.logs("e1", after=second)
        assert [entry.message for _, entry in rest] == ["2", "3", "4"]
        assert list(repository.logs("e1", after=rest[-1][0])) == []

    def test_logs_of_one_task_run(self, repository: Repository) -> None:
        with repository.transaction() as unit:
            unit.append_logs([a_line("a", "r1"), a_line("b", "r2"), a_line("c"), a_line("d", "r1")])
        found = repository.logs("e1", task_run_id="r1")
        assert [entry.message for _, entry in found] == ["a", "d"]
        assert [e.message for _, e in repository.logs("e1", task_run_id="r1", limit=1)] == ["a"]

    def test_logs_belong_to_their_execution(self, repository: Repository) -> None:
        with repository.transaction() as unit:
            unit.append_logs([a_line("mine"), a_line("other", execution_id="e2")])
        assert [entry.message for _, entry in repository.logs("e1")] == ["mine"]

    def test_text_that_is_not_quite_text_is_stored_all_the_same(
        self, repository: Repository
    ) -> None:
        with repository.transaction() as unit:
            unit.append_logs([a_line("half \ud83d of a pair"), a_line("NUL \0 inside")])
        lines = [entry.message for _, entry in repository.logs("e1")]
        assert lines[0].startswith("half ")
        assert lines[1].endswith(" inside")

    def test_log_lines_of_some_levels_and_times_are_purged(self, repository: Repository) -> None:
        lines = [
            LogEntry("e1", later(second), level, f"{level} {second}")
            for second in range(3)
            for level in ("INFO", "ERROR")
        ]
        with repository.transaction() as unit:
            unit.append_logs([*lines, a_line("other", execution_id="e2")])
        count = repository.purge_logs("e1", levels=["INFO"], since=later(1), until=later(2))
        left = [line.message for _, line in repository.logs("e1")]
        assert (count, left) == (1, ["INFO 0", "ERROR 0", "ERROR 1", "INFO 2", "ERROR 2"])
        assert (repository.purge_logs("e1"), len(repository.logs("e2"))) == (5, 1)

    def test_measurements_of_one_execution_are_purged(self, repository: Repository) -> None:
        metrics = [MetricEntry(each, NOW, "rows", "counter", 1) for each in ("e1", "e1", "e2")]
        with repository.transaction() as unit:
            unit.append_metrics(metrics)
        assert repository.purge_metrics("e1") == 2
        assert [len(repository.metrics(each)) for each in ("e1", "e2")] == [0, 1]

    def test_metrics_read_back_in_order(self, repository: Repository) -> None:
        entries = [
            MetricEntry("e1", NOW, "rows", "counter", 3.0, (("table", "ü"),), "r1", "task"),
            MetricEntry("e1", later(1), "time", "timer", 0.1),
        ]
        with repository.transaction() as unit:
            unit.append_metrics([*entries, MetricEntry("e2", NOW, "x", "counter", 1.0)])
        assert list(repository.metrics("e1")) == entries


class FlowTests:
    """Flows and their revisions."""

    def test_the_newest_revision_is_the_flow(self, repository: Repository) -> None:
        _save(repository, a_flow(revision=2, source="id: flow # ü\n"), a_flow(revision=1))
        assert repository.flow("main", _SPACE, "flow") == a_flow(
            revision=2, source="id: flow # ü\n"
        )
        assert repository.flow("main", _SPACE, "flow", 1) == a_flow(revision=1)
        revisions = repository.flow_revisions("main", _SPACE, "flow")
        assert [flow.revision for flow in revisions] == [1, 2]

    def test_a_revision_is_written_once(self, repository: Repository) -> None:
        _save(repository, a_flow())
        with raises(ConflictError):
            _save(repository, a_flow(source="other"))
        assert repository.flow("main", _SPACE, "flow") == a_flow()

    def test_an_unknown_flow_or_revision_is_not_found(self, repository: Repository) -> None:
        _save(repository, a_flow())
        for tenant, namespace, flow_id, revision in (
            ("main", _SPACE, "flow", 2),
            ("main", _SPACE, "other", None),
            ("main", "other", "flow", None),
            ("other", _SPACE, "flow", None),
        ):
            with raises(NotFoundError):
                repository.flow(tenant, namespace, flow_id, revision)

    def test_flows_are_listed_by_namespace_and_id(self, repository: Repository) -> None:
        _save(
            repository,
            a_flow("b"),
            a_flow("a", revision=1),
            a_flow("a", revision=2),
            a_flow("Z"),
            a_flow("a", namespace="company"),
            a_flow("a", tenant="other"),
        )
        found = [(flow.namespace, flow.id, flow.revision) for flow in repository.flows()]
        assert found == [
            ("company", "a", 1),
            (_SPACE, "Z", 1),
            (_SPACE, "a", 2),
            (_SPACE, "b", 1),
        ]
        assert [flow.id for flow in repository.flows(namespace="company")] == ["a"]

    def test_a_deleted_flow_is_found_by_revision_only(self, repository: Repository) -> None:
        _save(repository, a_flow(), a_flow("kept"))
        with repository.transaction() as unit:
            unit.delete_flow("main", _SPACE, "flow")
            unit.delete_flow("main", _SPACE, "unknown")
        with raises(NotFoundError):
            repository.flow("main", _SPACE, "flow")
        assert repository.flow("main", _SPACE, "flow", 1) == a_flow(deleted=True)
        assert [flow.id for flow in repository.flows()] == ["kept"]

    def test_a_deleted_flow_lives_again_with_its_next_revision(
        self, repository: Repository
    ) -> None:
        _save(repository, a_flow())
        with repository.transaction() as unit:
            unit.delete_flow("main", _SPACE, "flow")
            unit.save_flow(a_flow(revision=2))
        assert repository.flow("main", _SPACE, "flow").revision == 2
        assert [flow.revision for flow in repository.flows()] == [2]


class KvTests:
    """Keys of namespaces."""

    def test_a_key_reads_back_as_it_was_put(self, repository: Repository) -> None:
        record = a_key(
            value='{"a":[1,"ü"]}', kind="JSON", expires=later(0.000001), description="ü\n"
        )
        _put(repository, record)
        assert repository.kv(_SPACE, "key", NOW) == record

    def test_a_key_that_was_put_again_keeps_its_creation(self, repository: Repository) -> None:
        _put(repository, a_key())
        newer = a_key(value="2", created=later(5), updated=later(5), description="new")
        _put(repository, newer)
        assert repository.kv(_SPACE, "key", NOW) == replace(newer, created=NOW)

    def test_a_key_is_not_overwritten_unless_asked_for(self, repository: Repository) -> None:
        _put(repository, a_key())
        with raises(ConflictError):
            _put(repository, a_key(value="2"), overwrite=False)
        assert repository.kv(_SPACE, "key", NOW) == a_key()

    def test_a_free_key_is_put_without_overwriting(self, repository: Repository) -> None:
        _put(repository, a_key("a"), a_key("b"), overwrite=False)
        assert [record.key for record in repository.kv_list(_SPACE, NOW)] == ["a", "b"]

    def test_an_expired_key_is_not_there(self, repository: Repository) -> None:
        _put(repository, a_key(expires=later(5)))
        assert repository.kv(_SPACE, "key", later(4.9)).key == "key"
        with raises(NotFoundError):
            repository.kv(_SPACE, "key", later(5))
        assert list(repository.kv_list(_SPACE, later(5))) == []

    def test_an_expired_key_can_be_put_anew(self, repository: Repository) -> None:
        _put(repository, a_key(expires=later(5)))
        again = a_key(value="2", created=later(6), updated=later(6))
        _put(repository, again, overwrite=False)
        assert repository.kv(_SPACE, "key", later(7)) == again

    def test_keys_belong_to_their_namespace(self, repository: Repository) -> None:
        _put(repository, a_key(), a_key(namespace="other", value="2"))
        assert repository.kv(_SPACE, "key", NOW) == a_key()
        with raises(NotFoundError):
            repository.kv("company", "key", NOW)

    def test_keys_are_listed_by_prefix_in_order(self, repository: Repository) -> None:
        names = ["b", "a_1", "aB", "a%", "A", "ä"]
        _put(repository, *(a_key(name) for name in names))
        assert [record.key for record in repository.kv_list(_SPACE, NOW)] == sorted(names)
        assert [record.key for record in repository.kv_list(_SPACE, NOW, "a")] == [
            "a%",
            "aB",
            "a_1",
        ]
        assert [record.key for record in repository.kv_list(_SPACE, NOW, "a%")] == ["a%"]

    def test_a_deleted_key_is_gone(self, repository: Repository) -> None:
        _put(repository, a_key())
        with repository.transaction() as unit:
            assert unit.delete_kv(_SPACE, "key") is True
            assert unit.delete_kv(_SPACE, "key") is False
        with raises(NotFoundError):
            repository.kv(_SPACE, "key", NOW)
