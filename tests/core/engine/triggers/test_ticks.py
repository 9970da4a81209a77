"""Which dates of a trigger count, without an engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tiercel.engine.triggers.ticks import ON_TIME, Dates, Due, due
from tiercel.errors import EvaluationError
from tiercel.plugin import Condition, ConditionContext, FlowRef, ScheduledTrigger

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Hourly(ScheduledTrigger):
    """Every full hour."""

    delay: float | None = None

    def maximum_delay(self) -> timedelta | None:
        return None if self.delay is None else HOUR * self.delay

    def next_date(self, after: datetime, context: ConditionContext) -> datetime:
        return MIDNIGHT + ((after - MIDNIGHT) // HOUR + 1) * HOUR

    def previous_date(self, before: datetime, context: ConditionContext) -> datetime:
        return MIDNIGHT - ((MIDNIGHT - before) // HOUR + 1) * HOUR


class AtHours(Condition):
    """Holds at certain hours; fails at others."""

    hours: frozenset[int] = frozenset()
    fails_at: frozenset[int] = frozenset()
    about_dates: bool = True

    def holds(self, context: ConditionContext) -> bool:
        assert context.date is not None
        if context.date.hour in self.fails_at:
            raise EvaluationError("Out of order")
        return context.date.hour in self.hours

    def is_about_dates(self) -> bool:
        return self.about_dates


def hour(number: float) -> datetime:
    return MIDNIGHT + HOUR * number


def trigger(*conditions: Condition, **properties: Any) -> Hourly:
    given = {"id": "t", "type": "test.Hourly", "conditions": list(conditions), **properties}
    return Hourly.model_construct(**given)


def dates(of: Hourly) -> Dates:
    return Dates(of, lambda date: ConditionContext(FlowRef("a", "b"), {}, lambda *_: "", date=date))


def condition(**properties: Any) -> AtHours:
    return AtHours.model_construct(type="test.AtHours", **properties)


def test_without_conditions_every_date_counts() -> None:
    assert dates(trigger()).after(hour(3)) == hour(4)
    assert dates(trigger()).before(hour(3)) == hour(2)


def test_dates_on_which_the_conditions_do_not_hold_are_passed_over() -> None:
    found = dates(trigger(condition(hours={5, 6}), condition(hours={4, 6})))
    assert found.after(hour(3)) == hour(6)
    assert found.before(hour(3)) == hour(-18)


def test_conditions_about_other_things_are_not_asked_about_dates_to_come() -> None:
    found = dates(trigger(condition(hours=set(), about_dates=False)))
    assert found.after(hour(3)) == hour(4)


def test_a_date_whose_condition_fails_counts_so_that_it_is_told_then() -> None:
    found = dates(trigger(condition(hours={9}, fails_at={5})))
    assert found.after(hour(3)) == hour(5)


def test_a_condition_that_never_holds_is_not_asked_for_ever() -> None:
    found = dates(trigger(condition(hours=set())))
    last = found.after(hour(0))
    assert last is not None
    assert last > hour(9_999)


@pytest.mark.parametrize(
    ("policy", "planned", "now", "expected"),
    [
        (None, 3, 3, Due(hour(3), hour(4))),
        (None, 3, 7.5, Due(hour(3), hour(4))),
        ("ALL", 3, 7.5, Due(hour(3), hour(4))),
        ("LAST", 3, 7.5, Due(hour(7), hour(8))),
        ("LAST", 3, 7, Due(hour(7), hour(8))),
        ("LAST", 3, 3.5, Due(hour(3), hour(4))),
        ("NONE", 3, 7.5, Due(None, hour(8))),
        ("NONE", 3, 7, Due(None, hour(8))),
    ],
)
def test_what_becomes_of_a_date(
    policy: str | None, planned: float, now: float, expected: Due
) -> None:
    asked = trigger(recover_missed_schedules=policy)
    assert due(asked, dates(asked), hour(planned), hour(now)) == expected


@pytest.mark.parametrize("policy", ["ALL", "LAST", "NONE"])
def test_a_little_late_is_on_time(policy: str) -> None:
    asked = trigger(recover_missed_schedules=policy)
    assert due(asked, dates(asked), hour(3), hour(3) + ON_TIME).date == hour(3)


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        (0.5, Due(hour(7), hour(8))),
        (0.25, Due(None, hour(8))),
        (2, Due(hour(6), hour(7))),
        (5, Due(hour(3), hour(4))),
    ],
)
def test_dates_later_than_the_maximum_delay_are_passed_over(delay: float, expected: Due) -> None:
    asked = trigger(delay=delay)
    assert due(asked, dates(asked), hour(3), hour(7.5)) == expected
