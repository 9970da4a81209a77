"""Properties of `reduce` that hold for every flow, and for every order in which things happen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import World, ended, flow

from tiercel import State
from tiercel.engine.machine import commands as cmd
from tiercel.engine.machine import events as ev
from tiercel.engine.machine.scope import ROOT
from tiercel.engine.machine.transitions import ENDS

RETURN = "io.kestra.plugin.core.debug.Return"
FLOW = "io.kestra.plugin.core.flow"
COMMON = ("", ", allowFailure: true", ", runIf: '{{ x }}'", ", disabled: true")
RETRIES = (
    "",
    ", retry: {type: constant, interval: PT1S, maxAttempts: 2}",
    ", retry: {type: constant, interval: PT1S, maxAttempts: 2, behavior: CREATE_NEW_EXECUTION}",
)
ENDS_OR_NOT = st.sampled_from((*sorted(ENDS), State.RUNNING))
LEVELS = st.lists(
    st.tuples(
        st.sampled_from(("MAX_DURATION, duration: PT5S", "EXECUTION_ASSERTION, assert: x")),
        st.sampled_from(("FAIL", "CANCEL", "NONE")),
    ),
    max_size=2,
)

Tree = Any


def leaves() -> st.SearchStrategy[Tree]:
    """Tasks for workers."""
    return st.tuples(st.just("task"), st.sampled_from(COMMON), st.sampled_from(RETRIES))


def branches(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """Flowables around other tasks, some with errors and finally."""
    kinds = st.sampled_from(
        ("Sequential", "Parallel", "ForEach", "If", "Dag", "AllowFailure", "LoopUntil", "Pause")
    )
    lists = st.lists(inner, min_size=1, max_size=3)
    work = st.lists(leaves(), min_size=1, max_size=3)
    handlers = st.lists(leaves(), max_size=1)
    return st.one_of(
        st.tuples(kinds, lists, handlers, handlers),
        st.tuples(st.just("WorkingDirectory"), work, handlers, handlers),
    )


TREES = st.lists(st.recursive(leaves(), branches, max_leaves=8), min_size=1, max_size=3)


class Writer:
    """Writes trees as YAML in flow style, with ids of their own."""

    def __init__(self) -> None:
        self.count = 0

    def list(self, trees: list[Tree]) -> str:
        return "[" + ", ".join(map(self.task, trees)) + "]"

    def task(self, tree: Tree) -> str:
        self.count += 1
        name = f"t{self.count}"
        if tree[0] == "task":
            return f"{{id: {name}, type: {RETURN}{tree[1]}{tree[2]}}}"
        kind, tasks, errors, last = tree
        body = self.body(kind, tasks)
        body += f", errors: {self.list(errors)}" if errors else ""
        body += f", finally: {self.list(last)}" if last else ""
        return f"{{id: {name}, type: {FLOW}.{kind}, {body}}}"

    def body(self, kind: str, tasks: list[Tree]) -> str:
        if kind == "ForEach":
            return f"values: [x, y], concurrencyLimit: {len(tasks) % 2}, tasks: {self.list(tasks)}"
        if kind == "If":
            return f"condition: '{{{{ c }}}}', then: {self.list(tasks)}"
        if kind == "LoopUntil":
            often = "{interval: PT1S, maxIterations: 3}"
            return f"condition: '{{{{ c }}}}', checkFrequency: {often}, tasks: {self.list(tasks)}"
        if kind == "Pause":
            return f"pauseDuration: PT1S, tasks: {self.list(tasks)}"
        if kind == "Dag":
            return "tasks: [" + ", ".join(f"{{task: {self.task(t)}}}" for t in tasks) + "]"
        return f"tasks: {self.list(tasks)}"


def world_of(trees: list[Tree], levels: list[tuple[str, str]], limited: bool) -> World:
    """Return a new execution of a generated flow."""
    writer = Writer()
    tasks = "\n".join(f"    - {writer.task(tree)}" for tree in trees)
    handler = f"    - {{id: last, type: {RETURN}}}"
    sla = "\n".join(
        f"    - {{id: level, type: {what}, behavior: {behavior}, labels: {{late: '1'}}}}"
        for what, behavior in levels
    )
    others = {"sla": sla} if sla else {}
    if limited:
        others["concurrency"] = "    limit: 1"
    return World(flow(tasks, finally_=handler, **others))


def step(world: World, data: st.DataObject, seen: list[ev.AnyEvent]) -> None:
    """Let one of the things happen that can: an answer, an outcome, a timer."""
    command = data.draw(st.sampled_from(list(world.outbox.values())))
    event: ev.AnyEvent
    match command:
        case cmd.Evaluate():
            values = {
                "runIf": data.draw(st.booleans()),
                "condition": data.draw(st.booleans()),
                "holds": data.draw(st.sampled_from((True, True, False))),
            }
            values = {**command.expressions, **values, "values": ["x", "y"]}
            event = ev.Evaluated(at=world.tick(), command_id=command.id, values=values)
        case cmd.StartTimer():
            event = ev.TimerFired(at=world.tick(), command_id=command.id)
        case cmd.StartChild():
            event = ev.ChildCreated(
                at=world.tick(),
                command_id=command.id,
                execution_id=command.execution_id,
                flow_id="f",
                namespace="a.b",
            )
        case cmd.Admit():
            verdicts = (State.RUNNING, State.RUNNING, State.QUEUED, State.CANCELLED, State.FAILED)
            event = ev.Admitted(at=world.tick(), state=data.draw(st.sampled_from(verdicts)))
        case cmd.KillTask():
            event = ended(command, world.tick(), State.KILLED)
        case _:
            states = st.sampled_from((State.SUCCESS, State.SUCCESS, State.WARNING, State.FAILED))
            event = ended(
                command, world.tick(), data.draw(states), outputs={"value": world.tick().second}
            )
    seen.append(event)
    world.happen(event)


def ask(world: World, data: st.DataObject) -> None:
    """Let a person ask for something, whether it makes sense now or not."""
    at = world.tick()
    runs = list(world.execution.task_runs.values())
    requests: list[ev.Request] = [
        ev.PauseRequested(at=at),
        ev.Resumed(at=at),
        ev.RunForced(at=at),
        ev.Restarted(at=at),
        ev.LabelsSet(at=at, labels=(("a", "b"),)),
        ev.ExecutionMarked(at=at, state=data.draw(ENDS_OR_NOT)),
    ]
    if runs:
        run = data.draw(st.sampled_from(sorted(runs, key=lambda each: each.id)))
        state = data.draw(ENDS_OR_NOT)
        requests.append(ev.TaskRunMarked(at=at, task_run_id=run.id, state=state))
    world.happen(data.draw(st.sampled_from(requests)))


def go_on(world: World, data: st.DataObject) -> None:
    """Let a person have an execution that has ended go on, or try to."""
    kept = ended_well(world)
    if data.draw(st.booleans()):
        world.restart()
        live(world, data)
        assert kept <= ended_well(world)
    else:
        ask(world, data)
        live(world, data)


def check(world: World) -> None:
    """Nothing is left when the execution is done, and nobody outlives their parent."""
    runs = world.execution.task_runs
    for run in runs.values():
        parent = runs.get(run.parent_id) if run.parent_id else None
        assert parent is None or run.state.is_terminal or not parent.state.is_terminal
    if world.execution.done:
        assert world.execution.state.is_terminal
        assert all(run.state.is_terminal for run in runs.values())
        assert world.outbox == {}
        places = [(run.parent_id, run.task_id, run.value, run.iteration) for run in runs.values()]
        assert len(set(places)) == len(places)
    elif not world.outbox:
        assert world.execution.scopes[ROOT].held, (
            "an execution that is not done waits for something"
        )


def live(world: World, data: st.DataObject) -> None:
    """Run an execution to its end in a generated order, looking at it after each event."""
    seen: list[ev.AnyEvent] = []
    kill_at = data.draw(st.one_of(st.none(), st.integers(0, 15)))
    check(world)
    repeat_at = data.draw(st.sets(st.integers(1, 20), max_size=3))
    ask_at = data.draw(st.sets(st.integers(0, 20), max_size=3))
    for turn in range(400):
        if world.execution.done:
            break
        if turn == kill_at:
            world.kill()
        elif turn in ask_at:
            ask(world, data)
        elif world.outbox:
            step(world, data, seen)
        else:
            world.happen(ev.Resumed(at=world.tick()))
        check(world)
        if turn in repeat_at and seen:
            world.happen(data.draw(st.sampled_from(seen)))
            check(world)
    assert world.execution.done
    assert world.replayed() == world.execution
    before = world.execution
    for event in seen:
        world.happen(event)
    assert world.execution == before


def play(trees: list[Tree], data: st.DataObject) -> None:
    """Run a generated flow to its end, go on with it, and repeat it."""
    world = world_of(trees, data.draw(LEVELS), data.draw(st.booleans()))
    live(world, data)
    for _ in range(data.draw(st.integers(0, 2))):
        go_on(world, data)
    runs = sorted(world.execution.task_runs)
    if runs and data.draw(st.booleans()):
        repeat, at = world.repeat(), world.tick()
        chosen = data.draw(st.sampled_from(runs))
        live(World(world.flow, repeat.replayed_from(chosen, "e2", at, {})), data)


def ended_well(world: World) -> set[tuple[str, Any]]:
    """Return the task runs that a restart has no business with, as they are."""
    last = {task.id for task in world.flow.finally_ or ()}
    runs = world.execution.task_runs.values()
    parents = {run.parent_id for run in runs}
    return {
        (run.id, run.history)
        for run in runs
        if run.parent_id is None and run.task_id not in last and run.id not in parents
        if not run.state.is_failed
    }


_SETTINGS = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=150, **_SETTINGS)
@given(TREES, st.data())
def test_every_flow_ends_in_every_order_and_replays_the_same(
    trees: list[Tree], data: st.DataObject
) -> None:
    play(trees, data)


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(max_examples=5000, **_SETTINGS)
@given(TREES, st.data())
def test_every_flow_ends_in_very_many_orders(trees: list[Tree], data: st.DataObject) -> None:
    play(trees, data)
