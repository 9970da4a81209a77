"""What every trigger must do: `TriggerContract` for all, and a suite each for two kinds.

from tiercel.testing import PollingTriggerContract

class TestNewFile(PollingTriggerContract):
    @pytest.fixture
    def trigger(self, tmp_path):
        return {"type": "com.acme.NewFile", "folder": str(tmp_path)}

    @pytest.fixture
    def occasion(self, tmp_path):
        return (tmp_path / "new.txt").touch         # makes it find something
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tiercel.engine.plain import plain
from tiercel.model.execution import State
from tiercel.plugin.trigger import ConditionContext, PollingTrigger, ScheduledTrigger, Trigger
from tiercel.testing.contracts._declaration import DeclarationTests, Declared
from tiercel.testing.contracts._flowable_runs import no_world
from tiercel.testing.contracts._stage import flow_with
from tiercel.testing.runner import poll_trigger
from tiercel.testing.trigger_bench import TriggerBench
from tiercel.testing.triggers import trigger_context

if TYPE_CHECKING:
    from tiercel.plugin.registry import Registry

__all__ = ["PollingTriggerContract", "ScheduledTriggerContract", "TriggerContract"]

_INSTANT = timedelta(microseconds=1)
_SECRET = "c0ntract-s3cret"


class TriggerContract(DeclarationTests):
    """Tests for any `Trigger`; a subclass gives a fixture `trigger`: its properties."""

    kind: ClassVar[str] = "trigger"
    kv: ClassVar[Mapping[str, Any]] = {}
    """Key-value pairs of the flow's namespace."""
    secrets: ClassVar[Mapping[str, str]] = {}
    """Secrets by name."""

    @pytest.fixture
    def written(self, trigger: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the flow says."""
        return trigger

    @pytest.fixture
    def text(self, trigger: Mapping[str, Any]) -> str:
        """Return a flow with the trigger in it."""
        return flow_with("trigger", trigger)

    def test_a_flow_may_have_it(self, declared: Declared, text: str) -> None:
        wrong = [str(each) for each in declared.findings(text) if each.is_error]
        assert not wrong, "\n".join(wrong)

    def _bench(self, text: str, registry: Registry, **more: Any) -> TriggerBench:
        return TriggerBench(text, registry=registry, kv=self.kv, secrets=self.secrets, **more)


def _loaded(registry: Registry, trigger: Mapping[str, Any]) -> Trigger:
    cls: type[Trigger] = registry.load("trigger", trigger["type"])
    return cls.model_validate({"id": "contract", **trigger}, context={"resolve": registry.resolve})


def _check_declared(variables: Mapping[str, Any], declared: Declared) -> None:
    schema = declared.facts["outputs"] or {}
    unknown = sorted(set(variables) - set(schema.get("properties", {})))
    assert not unknown or schema.get("additionalProperties"), f"`output_type` has no {unknown}"


# At dates


class ScheduledTriggerContract(TriggerContract):
    """Tests for a `ScheduledTrigger`; a subclass gives a fixture `trigger`: its properties."""

    start: ClassVar[datetime] = datetime(2024, 1, 1, tzinfo=UTC)
    """A moment before the first dates that are looked at."""
    count: ClassVar[int] = 10
    """How many dates are looked at; there must be at least two."""

    @pytest.fixture
    def scheduled(self, registry: Registry, trigger: Mapping[str, Any]) -> ScheduledTrigger:
        """Return the trigger."""
        loaded = _loaded(registry, trigger)
        assert isinstance(loaded, ScheduledTrigger), f"{loaded!r} is no ScheduledTrigger"
        return loaded

    @pytest.fixture
    def context(self) -> ConditionContext:
        """Return what the trigger is given to look at."""
        return trigger_context(date=self.start, kv=self.kv)

    @pytest.fixture
    def dates(self, scheduled: ScheduledTrigger, context: ConditionContext) -> list[datetime]:
        """Return its first dates."""
        found: list[datetime] = []
        after = self.start
        while len(found) < self.count:
            date = scheduled.next_date(after, context)
            if date is None:
                break
            assert date.tzinfo is not None, f"{date} has no offset"
            assert date > after, f"The date after {after} is {date}"
            found.append(date)
            after = date
        assert len(found) > 1, f"After {self.start} it has the dates {found} only"
        return found

    def test_each_date_follows_the_one_before(self, dates: list[datetime]) -> None:
        assert sorted(set(dates)) == dates

    def test_the_date_before_a_date_is_the_one_that_it_followed(
        self, scheduled: ScheduledTrigger, context: ConditionContext, dates: list[datetime]
    ) -> None:
        for earlier, later in pairwise(dates):
            assert scheduled.previous_date(later, context) == earlier

    def test_no_date_is_missed_between_two(
        self, scheduled: ScheduledTrigger, context: ConditionContext, dates: list[datetime]
    ) -> None:
        for earlier, later in pairwise(dates):
            assert scheduled.next_date(later - _INSTANT, context) == later
            assert scheduled.previous_date(earlier + _INSTANT, context) == earlier

    def test_the_zone_of_the_question_does_not_matter(
        self, scheduled: ScheduledTrigger, context: ConditionContext, dates: list[datetime]
    ) -> None:
        elsewhere = timezone(timedelta(hours=5, minutes=30))
        for earlier, later in pairwise(dates):
            assert scheduled.next_date(earlier.astimezone(elsewhere), context) == later

    def test_its_answers_are_pure(
        self, scheduled: ScheduledTrigger, context: ConditionContext, dates: list[datetime]
    ) -> None:
        wrong: list[str] = []
        before = repr(scheduled.__dict__)
        with no_world(wrong.append):
            for date in dates:
                answers = {scheduled.next_date(date, context) for _ in range(2)}
                answers_before = {scheduled.previous_date(date, context) for _ in range(2)}
                assert (len(answers), len(answers_before)) == (1, 1), f"It answers {answers}"
        assert not wrong, "\n".join(set(wrong))
        assert repr(scheduled.__dict__) == before, "It changes itself"

    def test_what_executions_see_comes_back_from_json(
        self, scheduled: ScheduledTrigger, dates: list[datetime], declared: Declared
    ) -> None:
        seen = plain(dict(scheduled.date_variables(dates[0], None, dates[1])))
        assert json.loads(json.dumps(seen, allow_nan=False)) == seen
        if declared.facts["outputs"] is not None:
            _check_declared(seen, declared)

    def test_a_date_starts_one_execution_whoever_looks(
        self, text: str, registry: Registry, dates: list[datetime]
    ) -> None:
        with self._bench(text, registry, clock=self.start.astimezone(UTC)) as bench:
            for count, date in enumerate(dates[:3], start=1):
                bench.move(max(date - bench.clock.now(), timedelta()))
                bench.restart_engine()
                bench.settle()
                ended = [each.state for each in bench.executions]
                assert ended == [State.SUCCESS] * count, f"At {date} there are {ended}"


# By polling


class PollingTriggerContract(TriggerContract):
    """Tests for a `PollingTrigger`.

    A subclass gives two fixtures: `trigger`, its properties, and `occasion`: a function that makes
    come true what it looks for. Before it is called, there is nothing to be found.
    """

    finds_again: ClassVar[bool] = False
    """Whether each look finds what an earlier one has found, as long as it is there."""

    @pytest.fixture
    def looks(
        self, registry: Registry, trigger: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> list[Any]:
        """Return what each look has found since."""
        found: list[Any] = []
        loaded = _loaded(registry, trigger)
        assert isinstance(loaded, PollingTrigger), f"{loaded!r} is no PollingTrigger"
        poll = type(loaded).poll

        def noted(each: PollingTrigger, ctx: Any) -> Any:
            found.append(None)
            found[-1] = poll(each, ctx)
            return found[-1]

        monkeypatch.setattr(type(loaded), "poll", noted)
        return found

    @pytest.fixture
    def bench(self, text: str, registry: Registry, looks: list[Any]) -> Iterator[TriggerBench]:
        """Yield the flow, deployed; each look is noted in `looks`."""
        with self._bench(text, registry) as bench:
            yield bench

    @pytest.fixture
    def interval(self, registry: Registry, trigger: Mapping[str, Any]) -> timedelta:
        """Return how long it waits between two looks."""
        loaded = _loaded(registry, trigger)
        return max(getattr(loaded, "interval", timedelta(minutes=1)), timedelta(seconds=1))

    def test_it_starts_nothing_when_there_is_nothing(
        self, bench: TriggerBench, interval: timedelta, looks: list[Any]
    ) -> None:
        bench.move(3 * interval)
        assert looks
        assert bench.executions == []

    def test_an_occasion_starts_one_execution_that_sees_it(
        self,
        bench: TriggerBench,
        interval: timedelta,
        occasion: Callable[[], object],
        declared: Declared,
    ) -> None:
        occasion()
        (execution,) = bench.move(interval)
        assert execution.state is State.SUCCESS, bench.messages(execution, "ERROR")
        variables = plain((execution.trigger or {})["variables"])
        assert json.loads(json.dumps(variables, allow_nan=False)) == variables
        _check_declared(variables, declared)

    def test_what_was_found_is_not_found_again(
        self, bench: TriggerBench, interval: timedelta, occasion: Callable[[], object]
    ) -> None:
        occasion()
        assert len(bench.move(interval)) == 1
        assert len(bench.move(3 * interval)) == (3 if self.finds_again else 0)

    def test_it_looks_once_an_interval(
        self, bench: TriggerBench, interval: timedelta, looks: list[Any]
    ) -> None:
        before = len(looks)
        bench.move(3 * interval)
        bench.settle()
        assert len(looks) == before + 3

    def test_another_engine_goes_on_where_the_first_one_was(
        self, bench: TriggerBench, interval: timedelta, occasion: Callable[[], object]
    ) -> None:
        occasion()
        bench.move(interval)
        bench.restart_engine()
        assert len(bench.executions) == 1
        bench.move(interval)
        assert len(bench.executions) == (2 if self.finds_again else 1)

    def test_secrets_are_told_nowhere(
        self,
        registry: Registry,
        trigger: Mapping[str, Any],
        declared: Declared,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        secrets = {**self.secrets, "CONTRACT": _SECRET}
        for name, value in trigger.items():
            if not isinstance(value, str) or not declared.properties.get(name, {}).get("$dynamic"):
                continue
            given = {**trigger, name: "{{ secret('CONTRACT') }}"}
            result = poll_trigger(given, kv=self.kv, secrets=secrets, registry=registry)
            said = [line.message for line in result.logs]
            said += [result.error or "", *capfd.readouterr()]
            told = [text for text in said if _SECRET in text]
            assert not told, f"The secret is in {told}"
