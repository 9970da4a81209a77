"""The scheduler on a clock that the test moves: what is started, and what is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from triggered import HOURLY, SCHEDULE, START, Asked, World

from tiercel import State
from tiercel.errors import ConflictError, EvaluationError, NotFoundError

PAUSE = "{id: a, type: io.kestra.plugin.core.flow.Pause}"
FAIL = "{id: a, type: io.kestra.plugin.core.execution.Fail}"


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.tiercel.close()


def test_a_schedule_starts_an_execution_on_each_of_its_dates(world: World) -> None:
    world.deploy(HOURLY + "}")
    world.move(minutes=29)
    assert world.dates() == []
    for _ in range(3):
        world.move(hours=1)
    assert world.dates() == [f"2026-01-01T{hour}:00:00Z" for hour in ("09", "10", "11")]


def test_an_execution_sees_its_date_and_is_labelled(world: World) -> None:
    world.deploy(HOURLY + ", labels: {kind: '{{ trigger.id }}'}}", more="labels: {team: a}")
    world.move(hours=1)
    [execution] = world.executions()
    assert execution.trigger == {
        "id": "t",
        "type": SCHEDULE,
        "variables": {
            "date": "2026-01-01T09:00:00Z",
            "next": "2026-01-01T10:00:00Z",
            "previous": "2026-01-01T08:00:00Z",
        },
    }
    labels = dict(execution.labels)
    assert labels.pop("system.correlationId") == execution.id
    assert labels == {"system.from": "trigger", "team": "a", "kind": "t"}


def test_an_execution_sees_its_date_by_the_older_name_too(world: World) -> None:
    shown = "{id: a, type: io.kestra.plugin.core.debug.Return, format: '{{ schedule.date }}'}"
    world.deploy(HOURLY + "}", tasks=shown)
    world.move(hours=1)
    [started] = world.executions()
    [task_run] = world.tiercel.wait(started.id, 10).task_runs.values()
    assert task_run.outputs == {"value": "2026-01-01T09:00:00Z"}


def test_the_same_occasion_has_the_same_execution_id(world: World) -> None:
    ids = []
    for other in (world, World()):
        other.deploy(HOURLY + "}")
        other.move(hours=1)
        ids += [each.id for each in other.executions()]
    other.tiercel.close()
    assert len(ids) == 2
    assert len(set(ids)) == 1


@pytest.mark.parametrize(
    ("policy", "hours"),
    [("", [9, 10, 11]), ("ALL", [9, 10, 11]), ("LAST", [11]), ("NONE", [])],
)
def test_dates_missed_in_three_hours_are_made_up_for_as_asked(
    world: World, policy: str, hours: list[int]
) -> None:
    world.deploy(HOURLY + (f", recoverMissedSchedules: {policy}}}" if policy else "}"))
    world.move(hours=3)
    assert world.hours() == hours
    assert world.trigger().state.next_date == START + timedelta(hours=3.5)
    world.move(minutes=30)
    assert world.hours() == [*hours, 12]


@pytest.mark.parametrize("policy", ["ALL", "LAST", "NONE"])
def test_a_date_that_is_noticed_a_little_late_was_not_missed(world: World, policy: str) -> None:
    world.deploy(HOURLY + f", recoverMissedSchedules: {policy}}}")
    world.move(minutes=30, seconds=10)
    assert world.hours() == [9]


def test_dates_later_than_the_maximum_delay_are_let_go(world: World) -> None:
    world.deploy(HOURLY + ", lateMaximumDelay: PT90M}")
    world.move(hours=3, minutes=20)
    assert world.hours() == [11]
    world.move(hours=2)
    assert world.hours() == [11, 13]
    assert world.trigger().state.next_date == START + timedelta(hours=5.5)


def test_a_date_waits_for_the_end_of_the_execution_before(world: World) -> None:
    world.deploy(HOURLY + "}", tasks=PAUSE)
    world.clock.move(timedelta(hours=2))
    world.run_due()
    world.run_due()
    assert world.hours() == [9]
    [first] = world.executions()
    assert world.trigger().state.execution_id == first.id
    world.tiercel.resume(first.id)
    world.tiercel.wait(first.id, 20)
    world.run_due()
    assert world.hours() == [9, 10]


def test_executions_run_side_by_side_when_that_is_allowed(world: World) -> None:
    world.deploy(HOURLY + ", allowConcurrent: true}", tasks=PAUSE)
    world.clock.move(timedelta(hours=3))
    world.run_due()
    assert world.hours() == [9, 10, 11]
    assert {each.state for each in world.executions()} == {State.PAUSED}


@pytest.mark.parametrize("ended", [State.FAILED, State.SUCCESS])
def test_a_trigger_stops_after_an_execution_with_a_certain_end(world: World, ended: State) -> None:
    world.deploy(HOURLY + ", stopAfter: [FAILED]}", tasks=FAIL if ended is State.FAILED else "")
    world.move(hours=1)
    world.move(hours=1)
    assert len(world.executions()) == (1 if ended is State.FAILED else 2)
    assert world.trigger().state.disabled is (ended is State.FAILED)


def test_a_date_on_which_a_condition_does_not_hold_starts_nothing(world: World) -> None:
    asked = []

    def only_at_ten(context: Any) -> bool:
        asked.append(context.date.hour)
        return context.date.hour == 10

    Asked.answer = only_at_ten
    world.deploy(HOURLY + ", conditions: [{type: test.Asked}]}")
    world.move(hours=3)
    assert world.hours() == [10]
    assert asked == [9, 10, 11]


def test_dates_that_conditions_exclude_are_not_even_planned(world: World) -> None:
    weekend = "{type: io.kestra.plugin.core.condition.Weekend}"
    world.deploy(HOURLY + f", conditions: [{weekend}]}}")
    next_date = world.trigger().state.next_date
    assert next_date is not None
    assert next_date.isoformat() == "2026-01-03T00:00:00+00:00"


def test_a_condition_that_cannot_be_evaluated_makes_an_execution_that_failed(
    world: World,
) -> None:
    def broken(_context: Any) -> bool:
        raise EvaluationError("No such calendar")

    Asked.answer = broken
    world.deploy(HOURLY + ", conditions: [{type: test.Asked}]}")
    world.move(hours=1)
    [execution] = world.executions()
    assert execution.history.states == (State.CREATED, State.FAILED)
    [line] = world.tiercel.logs(execution.id)
    assert line.message == (
        "[trigger: t] [date: 2026-01-01T09:00:00Z[UTC]] "
        "Evaluate Failed with error 'No such calendar'"
    )


def test_inputs_that_do_not_fit_make_an_execution_that_failed(world: World) -> None:
    world.deploy(HOURLY + ", inputs: {n: seven}}", more="inputs: [{id: n, type: INT}]")
    world.move(hours=1)
    [execution] = world.executions()
    assert execution.state is State.FAILED
    assert world.trigger().state.execution_id is None
    world.move(hours=1)
    assert len(world.executions()) == 2


def test_dates_that_pass_while_a_trigger_is_off_are_not_made_up_for(world: World) -> None:
    world.deploy(HOURLY + "}")
    world.trigger().disable()
    world.move(hours=2)
    assert world.trigger().state.disabled
    world.trigger().enable()
    world.move(hours=1)
    assert world.hours() == [11]


def test_a_trigger_disabled_in_its_flow_cannot_be_turned_on(world: World) -> None:
    world.deploy(HOURLY + ", disabled: true}")
    with pytest.raises(ConflictError, match="disabled in the flow's source"):
        world.trigger().enable()
    world.move(hours=2)
    assert world.executions() == []


def test_a_schedule_with_no_dates_left_is_left_alone(world: World) -> None:
    dates = 'dates: ["2026-01-01T09:00:00Z"]'
    world.deploy(f"{{id: t, type: io.kestra.plugin.core.trigger.ScheduleOnDates, {dates}}}")
    world.move(hours=2)
    world.move(days=400)
    assert world.dates() == ["2026-01-01T09:00:00Z"]
    assert world.trigger().state.next_date is None


def test_a_clock_that_is_put_back_starts_nothing_twice(world: World) -> None:
    world.deploy(HOURLY + "}")
    world.move(hours=2)
    world.clock._now -= timedelta(hours=1)
    world.settle()
    for _ in range(8):
        world.move(minutes=20)
    assert world.hours() == [9, 10, 11, 12]


def test_schedulers_that_see_the_same_date_start_one_execution(tmp_path: Any) -> None:
    one = World(home=tmp_path)
    two = World(one.clock, home=tmp_path)
    one.deploy(HOURLY + ", allowConcurrent: true}")
    for _ in range(12):
        one.clock.move(timedelta(hours=1))
        both = [threading.Thread(target=each.run_due) for each in (one, two)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
    found = one.dates()
    two.tiercel.close()
    one.tiercel.close()
    assert len(found) == 12
    assert len(set(found)) == 12


def test_a_trigger_that_cannot_be_evaluated_does_not_hold_up_the_others(world: World) -> None:
    broken = "{{ nowhere }}"
    world.deploy(
        f'{{id: bad, type: io.kestra.plugin.core.trigger.ScheduleOnDates, dates: "{broken}"}}, '
        + HOURLY
        + "}"
    )
    world.move(hours=2)
    assert world.hours() == [9, 10]


def test_a_trigger_of_no_deployed_flow_is_not_found(world: World) -> None:
    world.deploy(HOURLY + "}")
    for key in (("company.team", "f", "x"), ("company.team", "x", "t"), ("other", "f", "t")):
        with pytest.raises(NotFoundError, match="no trigger"):
            world.tiercel.triggers.get(*key)


def test_triggers_are_listed_by_flow_and_id(world: World) -> None:
    world.deploy(f'{{id: b, type: {SCHEDULE}, cron: "@daily"}}, {HOURLY}}}', "z")
    world.deploy(HOURLY + ", disabled: true}", "a")
    listed = [(each.flow_id, each.id, each.disabled) for each in world.tiercel.triggers.list()]
    assert listed == [("a", "t", True), ("z", "b", False), ("z", "t", False)]
    assert [each.flow_id for each in world.tiercel.triggers.list("company.team", "a")] == ["a"]
    assert list(world.tiercel.triggers.list("company")) == []
