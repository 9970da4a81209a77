"""An execution that begins at a date, as transitions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from world import START, World, flow

from tiercel import Flow, State
from tiercel.engine.machine import commands as cmd
from tiercel.engine.machine import events as ev

TASK = "    - {id: a, type: io.kestra.plugin.core.debug.Return}"
LIMIT = "    - {id: quick, type: MAX_DURATION, duration: PT1M, behavior: FAIL}"
DUE = START + timedelta(hours=1)


def scheduled(which: Flow, due: timedelta = timedelta(hours=1)) -> World:
    """Return a world whose execution is to begin so much later."""
    created = ev.ExecutionCreated(
        at=START,
        execution_id="e",
        tenant="main",
        namespace=which.namespace,
        flow_id=which.id,
        flow_revision=1,
        schedule_date=START + due,
    )
    return World(which, created)


def test_it_stays_created_until_its_date():
    w = scheduled(flow(TASK))
    (timer,) = w.outbox.values()
    assert (w.execution.state, timer.due, dict(w.execution.task_runs)) == (State.CREATED, DUE, {})
    w.fire()
    w.end("a")
    assert w.execution.history.states == (State.CREATED, State.RUNNING, State.SUCCESS)
    assert (w.now > DUE, w.outbox, w.replayed()) == (True, {}, w.execution)


@pytest.mark.parametrize("due", [timedelta(), timedelta(days=-1)])
def test_a_date_that_has_come_is_none(due):
    assert scheduled(flow(TASK), due).pending(cmd.SubmitTask)


def test_a_person_can_have_it_begin_at_once_past_the_limit():
    w = scheduled(flow(TASK, concurrency_="  limit: 1"))
    w.happen(ev.RunForced(at=w.tick()))
    assert w.execution.history.states == (State.CREATED, State.RUNNING)
    assert [type(each) for each in w.outbox.values()] == [cmd.SubmitTask]


def test_the_limit_counts_once_its_date_has_come():
    w = scheduled(flow(TASK, concurrency_="  limit: 1"))
    assert not w.pending(cmd.Admit)
    w.fire()
    assert w.pending(cmd.Admit)


def test_it_can_be_killed_before_it_began():
    w = scheduled(flow(TASK))
    w.kill()
    assert w.execution.history.states == (State.CREATED, State.KILLING, State.KILLED)
    assert (w.execution.done, w.outbox, w.replayed()) == (True, {}, w.execution)


def test_the_time_it_may_take_begins_with_it():
    w = scheduled(flow(TASK, sla=LIMIT))
    assert [each.due for each in w.pending(cmd.StartTimer)] == [DUE]
    w.fire()
    assert [each.due for each in w.pending(cmd.StartTimer)] == [DUE + timedelta(minutes=1)]


def test_a_timer_that_fires_after_it_was_forced_changes_nothing():
    w = scheduled(flow(TASK))
    w.happen(ev.RunForced(at=w.tick()))
    before = w.execution
    assert w.happen(ev.TimerFired(at=w.tick(), command_id=":scheduled")) is before
