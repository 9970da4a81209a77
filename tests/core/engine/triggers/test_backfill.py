"""Backfills: dates of the past that are made up for beside the schedule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from triggered import HOURLY, START, World

from tiercel.engine.triggers.backfill import Backfill
from tiercel.errors import ConflictError, NotFoundError

PAUSE = "{id: a, type: io.kestra.plugin.core.flow.Pause}"


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.tiercel.close()


def hour(number: int) -> datetime:
    """Return an hour of the day on which the tests begin."""
    return datetime(2026, 1, 1, number, tzinfo=UTC)


def test_a_backfill_starts_an_execution_for_each_date_ends_included(world: World) -> None:
    world.deploy(HOURLY + "}")
    world.trigger().backfill(hour(2), hour(5))
    world.settle()
    assert world.hours() == [2, 3, 4, 5]
    assert world.trigger().state.backfill is None


def test_a_backfill_goes_up_to_now_and_no_farther(world: World) -> None:
    world.deploy(HOURLY + "}")
    world.trigger().backfill(hour(6), hour(23))
    world.settle()
    assert world.hours() == [6, 7, 8]


def test_a_backfill_repeats_dates_that_had_their_execution(world: World) -> None:
    world.deploy(HOURLY + "}")
    world.move(hours=2)
    for _ in range(2):
        world.trigger().backfill(hour(9))
        world.settle()
    assert world.hours() == [9, 10, 9, 10, 9, 10]


def test_a_backfill_gives_inputs_and_labels_of_its_own(world: World) -> None:
    inputs = "inputs: [{id: a, type: STRING}, {id: b, type: STRING}]"
    world.deploy(HOURLY + ", inputs: {a: mine, b: mine}, labels: {x: mine}}", more=inputs)
    world.trigger().backfill(hour(8), inputs={"b": "{{ flow.id }}"}, labels={"y": "theirs"})
    world.settle()
    [execution] = world.executions()
    assert execution.inputs == {"a": "mine", "b": "f"}
    assert {("x", "mine"), ("y", "theirs")} <= set(execution.labels)


def test_the_schedule_goes_on_beside_a_backfill(world: World) -> None:
    world.deploy(HOURLY + "}", tasks=PAUSE)
    world.trigger().backfill(hour(1), hour(2))
    for _ in range(3):
        world.run_due()
        [paused] = [each for each in world.executions() if not each.done]
        world.clock.move(timedelta(minutes=30))
        world.tiercel.resume(paused.id)
        world.tiercel.wait(paused.id, 20)
    assert world.hours() == [1, 9, 2]


def test_a_paused_backfill_waits_until_it_is_resumed(world: World) -> None:
    world.deploy(HOURLY + "}", tasks=PAUSE)
    world.trigger().backfill(hour(1), hour(3))
    world.run_due()
    world.trigger().pause_backfill()
    world.tiercel.resume(world.executions()[0].id)
    world.tiercel.wait(world.executions()[0].id, 20)
    world.run_due()
    assert world.hours() == [1]
    world.trigger().resume_backfill()
    world.run_due()
    assert world.hours() == [1, 2]


def test_a_cancelled_backfill_is_forgotten(world: World) -> None:
    world.deploy(HOURLY + "}", tasks=PAUSE)
    world.trigger().backfill(hour(1), hour(3))
    world.run_due()
    world.trigger().cancel_backfill()
    world.tiercel.resume(world.executions()[0].id)
    world.settle()
    assert world.hours() == [1]
    with pytest.raises(NotFoundError, match="no backfill under way"):
        world.trigger().cancel_backfill()


def test_a_trigger_has_one_backfill_at_a_time(world: World) -> None:
    world.deploy(HOURLY + "}")
    world.trigger().backfill(hour(1))
    with pytest.raises(ConflictError, match="backfill under way"):
        world.trigger().backfill(hour(1))


def test_a_backfill_without_a_date_is_refused(world: World) -> None:
    world.deploy(HOURLY + "}")
    with pytest.raises(ConflictError, match="has no dates from 2026-01-01T08:01:00"):
        world.trigger().backfill(hour(8) + timedelta(minutes=1))


def test_only_triggers_with_dates_can_be_backfilled(world: World) -> None:
    world.deploy("{id: t, type: io.kestra.plugin.core.trigger.Webhook, key: k}")
    with pytest.raises(ConflictError, match="has no dates that could be made up for"):
        world.trigger().backfill(hour(1))


def test_a_new_revision_of_the_trigger_ends_its_backfill(world: World) -> None:
    world.deploy(HOURLY + "}", tasks=PAUSE)
    world.trigger().backfill(hour(1), hour(3))
    world.deploy(HOURLY + ", labels: {a: b}}", tasks=PAUSE)
    assert world.trigger().state.backfill is None


def test_a_backfill_reads_back_as_it_was_written() -> None:
    backfill = Backfill(
        "b", START, START + timedelta(1), hour(9), paused=True, inputs={"a": [1]}, labels={"b": "c"}
    )
    assert Backfill.parse(backfill.dump()) == backfill
