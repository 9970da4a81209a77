"""Events: what a program is told of executions, in which order, and what it is never told twice."""

from __future__ import annotations

import gc
import random
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

from tiercel import (
    ExecutionCreated,
    ExecutionEnded,
    ExecutionStateChanged,
    LogLine,
    Missed,
    NotFoundError,
    State,
    TaskRunStateChanged,
)
from tiercel.errors import RepositoryError
from tiercel.executor.inline import InlineExecutor
from tiercel.repository.memory import MemoryRepository
from tiercel.testing import FakeClock

PATIENCE = 20.0
MANY = """
id: many
namespace: company.team
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [a, b, c, d, e, f, g, h]
    concurrencyLimit: 0
    tasks:
      - {id: log, type: io.kestra.plugin.core.log.Log, message: "{{ taskrun.value }}"}
"""

BUSY = MANY + "      - {id: nap, type: io.kestra.plugin.core.flow.Sleep, duration: PT0.02S}\n"


def short(event):
    """Return an event as a text of one word or two."""
    match event:
        case ExecutionCreated():
            return "created"
        case ExecutionStateChanged():
            return f"{event.previous}-{event.state}"
        case TaskRunStateChanged():
            return f"{event.task_run.task_id} {event.state}"
        case LogLine():
            return f"log {event.entry.message}"
        case ExecutionEnded():
            return f"ended {event.state}"
    return type(event).__name__


GATED = [
    "created",
    "CREATED-RUNNING",
    "first CREATED",
    "first SUBMITTED",
    "first RUNNING",
    "log one",
    "first SUCCESS",
    "gate CREATED",
    "gate SUBMITTED",
    "gate RUNNING",
    "log two",
    "gate SUCCESS",
    "last CREATED",
    "last SUBMITTED",
    "last RUNNING",
    "log three",
    "last SUCCESS",
    "RUNNING-SUCCESS",
    "ended SUCCESS",
]


# Of one execution


def test_what_has_happened_comes_first_then_what_happens(tiercel, flows, gate):
    execution_id = tiercel.start(flows["gated"])
    assert gate.entered.acquire(timeout=PATIENCE)
    told = []
    for event in tiercel.events(execution_id=execution_id):
        told.append(short(event))
        if told[-1] == "first SUCCESS":
            gate.opened.set()
    assert sorted(told) == sorted(GATED)
    assert [each for each in told if "log" not in each] == [e for e in GATED if "log" not in e]
    assert [each for each in told if "log" in each] == ["log one", "log two", "log three"]


def test_an_execution_that_has_ended_is_told_of_from_its_beginning(tiercel, flows, gate):
    gate.opened.set()
    execution = tiercel.run(flows["gated"])
    assert sorted(map(short, tiercel.events(execution_id=execution.id))) == sorted(GATED)


def test_the_end_comes_last_even_when_the_clock_stands_still(make, flows, gate):
    gate.opened.set()
    tiercel = make(clock=FakeClock())
    told = [*map(short, tiercel.events(execution_id=tiercel.start(flows["gated"])))]
    assert told[-2:] == ["RUNNING-SUCCESS", "ended SUCCESS"]
    last = [each for each in GATED if each.startswith("last")]
    assert [each for each in told if each.startswith("last")] == last


@pytest.mark.parametrize("home", [False, True])
def test_nothing_is_lost_or_told_twice_whenever_one_subscribes(make, tmp_path, home):
    tiercel = make(tmp_path) if home else make()
    for _ in range(10):
        execution_id = tiercel.start(MANY)
        readers = [tiercel.events(execution_id=execution_id) for _ in range(3)]
        told = [Counter(map(short, reader)) for reader in readers]
        told.append(Counter(map(short, tiercel.events(execution_id=execution_id))))
        assert told[0]["log SUCCESS"] == 8
        assert all(each == told[0] for each in told)
        assert max(count for name, count in told[0].items() if "log " not in name) == 1
        assert {told[0][f"log {value}"] for value in "abcdefgh"} == {1}


def test_a_slow_reader_of_one_execution_misses_nothing(tiercel):
    with tiercel.events(execution_id=tiercel.start(MANY), buffer=1) as events:
        first = next(events)
        tiercel.wait(first.execution.id, PATIENCE)
        told = Counter([short(first), *map(short, events)])
    assert (told["log SUCCESS"], told["Missed"], told["ended SUCCESS"]) == (8, 0, 1)


def test_one_may_go_on_after_the_end_and_hear_of_a_restart(tiercel):
    fails = "id: f\nnamespace: a.b\ntasks: [{id: t, type: io.kestra.plugin.core.execution.Fail}]"
    execution = tiercel.run(fails)
    with tiercel.events(execution_id=execution.id, until_end=False) as events:
        while short(next(events)) != "ended FAILED":
            pass
        tiercel.restart(execution.id)
        told = []
        while "ended FAILED" not in told:
            told.append(short(events.get(PATIENCE)))
    assert told[0] == "FAILED-RESTARTED"


def test_log_lines_have_growing_numbers(tiercel):
    events = tiercel.events(execution_id=tiercel.start(MANY))
    numbers = [event.number for event in events if isinstance(event, LogLine)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= 8


def test_an_execution_that_is_not_there_is_told_at_once(tiercel):
    with pytest.raises(NotFoundError, match="nope"):
        tiercel.events(execution_id="nope")


def test_an_execution_of_another_engine_is_followed_to_its_end(make, flows, gate, tmp_path):
    one, other = make(tmp_path), make(tmp_path)
    execution_id = one.start(flows["gated"])
    events = other.events(execution_id=execution_id)
    assert short(next(events)) == "created"
    gate.opened.set()
    assert [*map(short, events)][-1] == "ended SUCCESS"


def test_what_another_engine_did_is_told_when_this_one_goes_on_with_it(make, flows, gate, tmp_path):
    one, other = make(tmp_path), make(tmp_path)
    execution_id = one.start(flows["gated"])
    with other.events(execution_id=execution_id) as events:
        told = [short(next(events))]
        gate.opened.set()
        one.wait(execution_id, PATIENCE)
        other.set_labels(execution_id, {"seen": "true"})
        told += map(short, events)
    assert Counter(told) == Counter(GATED)


def assert_complete(tiercel, events):
    """Check that events tell all of the histories, in order, and the whole log."""
    execution = tiercel.execution(events[0].execution.id)
    states = [each.state for each in events if isinstance(each, ExecutionStateChanged)]
    assert (State.CREATED, *states) == execution.history.states
    for run in execution.task_runs.values():
        changes = [each for each in events if isinstance(each, TaskRunStateChanged)]
        told = tuple(each.state for each in changes if each.task_run.id == run.id)
        assert told == run.history.states
    lines = [each.entry for each in events if isinstance(each, LogLine)]
    assert lines == tiercel.logs(execution.id)
    assert isinstance(events[0], ExecutionCreated)
    assert isinstance(events[-1], ExecutionEnded)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_events_are_the_histories_whoever_runs_follows_or_kills(make, tmp_path, seed):
    engines, dice, wide = [make(tmp_path), make(tmp_path)], random.Random(seed), []

    def play(runs, follows, kill_after):
        execution_id = runs.start(BUSY)
        told = []
        for event in follows.events(execution_id=execution_id):
            told.append(event)
            if len(told) == kill_after:
                follows.kill(execution_id)
        assert_complete(follows, told)

    callbacks = engines[0].on_change(wide.append)
    with ThreadPoolExecutor(20) as pool:
        played = [
            pool.submit(play, dice.choice(engines), dice.choice(engines), dice.randrange(200))
            for _ in range(20)
        ]
        for each in played:
            each.result()
    engines[0].close()
    assert callbacks.join(PATIENCE)
    by_execution = defaultdict(list)
    for event in wide:
        by_execution[event.execution.id].append(event)
    for told in by_execution.values():
        assert_complete(engines[1], told)


# Of many


def test_from_now_on_means_not_what_was_before(tiercel, flows, gate):
    before = tiercel.start(flows["gated"])
    assert gate.entered.acquire(timeout=PATIENCE)
    with tiercel.events() as events:
        gate.opened.set()
        tiercel.wait(before, PATIENCE)
        told = [short(events.get(PATIENCE))]
        while told[-1] != "ended SUCCESS":
            told.append(short(events.get(PATIENCE)))
    assert set(told) <= set(GATED[7:])
    assert "last SUCCESS" in told


@pytest.mark.parametrize(
    ("scope", "heard"),
    [
        ({}, {"hello", "other"}),
        ({"namespace": "company"}, {"hello", "other"}),
        ({"namespace": "company.team"}, {"hello"}),
        ({"namespace": "comp"}, set()),
        ({"flow_id": "other"}, {"other"}),
    ],
)
def test_a_subscription_is_about_a_namespace_or_a_flow(tiercel, flows, scope, heard):
    other = flows["hello"].replace("id: hello", "id: other").replace("company.team", "company.x")
    with tiercel.events(**scope) as events:
        for flow in (flows["hello"], other):
            tiercel.run(flow, {"name": "Ada"})
        tiercel.close()
        assert {event.execution.flow_id for event in events} == heard


def test_a_slow_reader_of_many_is_told_what_it_missed(tiercel, flows):
    with tiercel.events(buffer=6) as events:
        for number in range(6):
            tiercel.run(flows["hello"], {"name": str(number)})
        tiercel.close()
        missed, *told = events
    assert missed == Missed(executions=3, lines=0)
    assert Counter(map(short, told))["ended SUCCESS"] == 3


def test_of_more_lines_than_there_is_room_for_the_last_are_kept(tiercel):
    with tiercel.events(buffer=5) as events:
        tiercel.run(MANY)
        tiercel.close()
        missed, *told = events
    assert missed == Missed(executions=0, lines=3)
    assert sum(isinstance(event, LogLine) for event in told) == 5
    assert short(told[-1]) == "ended SUCCESS"


def test_what_is_told_is_durable(tiercel, flows):
    with tiercel.events() as events:
        tiercel.start(flows["hello"], {"name": "Ada"})
        for event in events:
            stored = tiercel.execution(event.execution.id)
            assert len(stored.history.entries) >= len(event.execution.history.entries)
            if isinstance(event, ExecutionEnded):
                break
    assert stored.outputs == {"greeting": "Hello, Ada"}


def test_an_engine_without_threads_works_while_one_asks(make, flows):
    tiercel = make(stepped=True, executor=InlineExecutor(), clock=FakeClock())
    events = tiercel.events(execution_id=tiercel.start(flows["hello"], {"name": "Ada"}))
    assert [*map(short, events)][-1] == "ended SUCCESS"
    assert tiercel.events().get() is None


# The end


def test_closing_the_engine_ends_subscriptions(make, flows):
    tiercel = make()
    events = [tiercel.events(), tiercel.events(execution_id=tiercel.start(flows["asking"]))]
    readers = [threading.Thread(target=list, args=(each,)) for each in events]
    for reader in readers:
        reader.start()
    tiercel.close()
    for reader in readers:
        reader.join(PATIENCE)
    assert not any(reader.is_alive() for reader in readers)
    assert [*tiercel.events()] == []


def test_a_reader_that_gives_up_is_forgotten(tiercel, flows):
    with tiercel.events() as left, tiercel.events(execution_id=tiercel.start(flows["asking"])):
        assert left.get(0) is not None
    assert (tiercel.hub._others, tiercel.hub._of_one) == ((), {})


def test_a_reader_that_is_dropped_is_forgotten(tiercel, flows):
    execution = tiercel.run(flows["hello"], {"name": "Ada"})
    for _ in range(3):
        next(tiercel.events(execution_id=execution.id))
    assert [*tiercel.events(execution_id=execution.id)]
    gc.collect()
    tiercel.run(flows["hello"], {"name": "Ada"})
    assert (tiercel.hub._others, tiercel.hub._of_one) == ((), {})


def test_the_next_event_is_waited_for_no_longer_than_is_said(tiercel, flows):
    with tiercel.events(execution_id=tiercel.start(flows["asking"])) as events:
        while next(events).execution.state is not State.PAUSED:
            pass
        while events.get(0.6) is not None:  # longer than it takes to look at another engine
            pass
        assert events.get(0) is None


def test_an_execution_that_is_deleted_has_no_more_events(tiercel, flows):
    execution = tiercel.run(flows["hello"], {"name": "Ada"})
    with tiercel.events(execution_id=execution.id, until_end=False) as events:
        while short(next(events)) != "ended SUCCESS":
            pass
        tiercel.delete(execution.id)
        assert events.get(PATIENCE) is None


class Flaky(MemoryRepository):
    """A repository that may refuse to be read."""

    refuses = False

    def logs(self, *args, **kwargs):
        """Return log lines, or refuse once."""
        if self.refuses:
            self.refuses = False
            raise RepositoryError("out of reach")
        return super().logs(*args, **kwargs)


def test_a_database_out_of_reach_loses_no_event(make, flows, gate):
    repository = Flaky()
    tiercel = make(repository=repository)
    told = []
    with tiercel.events(execution_id=tiercel.start(flows["gated"])) as events:
        told.append(short(next(events)))
        gate.opened.set()
        while told[-1] != "ended SUCCESS":
            repository.refuses = "refused" not in told and "gate SUCCESS" not in told
            try:
                told.append(short(events.get(PATIENCE)))
            except RepositoryError:
                told.append("refused")
    assert Counter(told) == Counter([*GATED, "refused"])


def test_there_is_no_hub_unless_somebody_subscribes(tiercel, flows):
    tiercel.run(flows["hello"], {"name": "Ada"})
    assert tiercel._hub is None


# Callbacks


def test_a_callback_is_called_in_order_on_a_thread_of_its_own(tiercel, flows, gate):
    gate.opened.set()
    told, threads = [], set()

    def listen(event):
        told.append(short(event))
        threads.add(threading.current_thread())

    execution_id = tiercel.start(flows["gated"])
    with tiercel.on_change(listen, execution_id=execution_id) as callbacks:
        assert callbacks.join(PATIENCE)
    assert told[-1] == "ended SUCCESS"
    assert len(threads) == 1
    assert threads != {threading.current_thread()}


def test_a_callback_that_fails_is_called_again_and_stops_nothing(tiercel, flows, caplog):
    told = []

    def listen(event):
        told.append(event)
        raise ValueError("no")

    with tiercel.on_change(listen, flow_id="hello") as callbacks:
        assert tiercel.run(flows["hello"], {"name": "Ada"}).state is State.SUCCESS
        tiercel.close()
        assert callbacks.join(PATIENCE)
    assert len(told) > 2
    assert "A callback failed" in caplog.text


def test_a_callback_may_end_its_own_subscription(tiercel, flows):
    told = []

    def listen(event):
        told.append(event)
        callbacks.close()

    callbacks = tiercel.on_change(listen)
    tiercel.run(flows["hello"], {"name": "Ada"})
    assert callbacks.join(PATIENCE)
    assert len(told) >= 1


# Logs


def test_log_lines_are_followed_until_the_end(tiercel, flows, gate):
    found = []
    for entry in tiercel.follow_logs(tiercel.start(flows["gated"]), level="INFO"):
        found.append(entry.message)
        if entry.message == "two":
            gate.opened.set()
    assert found == ["one", "two", "three"]
