"""Which triggers work: those of deployed flows, as their newest revisions have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from triggered import HOURLY, SCHEDULE, World, flow

from tiercel.errors import NotFoundError

DAILY = f'{{id: t, type: {SCHEDULE}, cron: "0 10 * * *"}}'


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.tiercel.close()


def test_a_flow_that_is_only_run_does_not_start_by_itself(world: World) -> None:
    world.tiercel.run(flow(HOURLY + "}"), timeout=20)
    world.move(hours=2)
    assert len(world.executions()) == 1
    assert list(world.tiercel.triggers.list()) == []


def test_a_stored_flow_is_deployed_without_a_new_revision(world: World) -> None:
    world.tiercel.run(flow(HOURLY + "}"), timeout=20)
    world.deploy(HOURLY + "}")
    assert world.tiercel.flow("company.team", "f").revision == 1
    assert world.trigger().state.next_date is not None


def test_a_run_of_a_new_revision_changes_the_triggers_of_a_deployed_flow(world: World) -> None:
    world.deploy(HOURLY + "}")
    world.tiercel.run(flow(DAILY), timeout=20)
    world.move(hours=2)
    assert [each.trigger and each.trigger["variables"]["date"] for each in world.executions()] == [
        None,
        "2026-01-01T10:00:00Z",
    ]


def test_a_changed_trigger_waits_for_its_new_dates(world: World) -> None:
    world.deploy(HOURLY + "}")
    world.clock.move(world.tiercel.clock.now().resolution)
    world.deploy(DAILY)
    world.move(hours=3)
    assert world.hours() == [10]


def test_a_trigger_that_did_not_change_goes_on(world: World) -> None:
    world.deploy(HOURLY + "}")
    before = world.trigger().state
    world.deploy(HOURLY + "}", more="description: other")
    assert world.trigger().state == before


def test_a_trigger_that_was_turned_off_stays_off_in_the_next_revision(world: World) -> None:
    world.deploy(HOURLY + "}")
    world.trigger().disable()
    world.deploy(DAILY)
    assert world.trigger().state.disabled


def test_a_removed_trigger_starts_nothing_more(world: World) -> None:
    world.deploy(HOURLY + "}")
    world.deploy("")
    world.move(hours=2)
    assert world.executions() == []
    with pytest.raises(NotFoundError):
        world.trigger()


def test_a_disabled_flow_starts_nothing_and_makes_up_for_nothing(world: World) -> None:
    world.deploy(HOURLY + "}")
    world.deploy(HOURLY + "}", more="disabled: true")
    world.move(hours=2)
    assert world.trigger().state.disabled
    world.deploy(HOURLY + "}")
    world.move(hours=1)
    assert world.hours() == [11]


def test_a_deleted_flow_starts_nothing_until_it_is_deployed_again(world: World) -> None:
    world.deploy(HOURLY + "}")
    world.deploy(HOURLY + "}", "other")
    world.tiercel.flows.delete("company.team", "f")
    world.move(hours=2)
    assert world.executions() == []
    assert len(world.executions("other")) == 2
    world.deploy(HOURLY + "}")
    world.move(hours=1)
    assert world.hours() == [11]


def test_an_unknown_flow_cannot_be_deleted(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.tiercel.flows.delete("company.team", "nowhere")


def test_another_engine_learns_of_what_is_deployed(world: World) -> None:
    other = World(world.clock, repository=world.tiercel.repository)
    other.run_due()
    world.deploy(HOURLY + "}")
    other.move(hours=1)
    assert other.hours() == [9]
    other.tiercel.close()


def test_a_flow_whose_plugin_is_gone_does_not_hold_up_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.deploy("{id: t, type: test.Look}", "theirs")
    world.deploy(HOURLY + "}")
    stored = world.tiercel.repository.flow("main", "company.team", "theirs")
    gone = replace(stored, revision=2, source=stored.source.replace("test.Look", "test.Gone"))
    with world.tiercel.repository.transaction() as work:
        work.save_flow(gone)
    world.move(hours=1)
    assert world.hours() == [9]
    assert "Trigger t of company.team.theirs is out of work" in caplog.text
