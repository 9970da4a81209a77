"""Several branches that are paused at once, as transitions."""

from __future__ import annotations

from world import World, flow

from tiercel import State
from tiercel.engine.machine import commands as cmd
from tiercel.engine.machine import events as ev

FLOW = "io.kestra.plugin.core.flow"
RETURN = "io.kestra.plugin.core.debug.Return"
PAUSES = "".join(f"{{id: {name}, type: {FLOW}.Pause}}, " for name in ("p", "q"))
TIMES = {"behavior": "RESUME", "timeout": None, "pauseDuration": None}


def branches(tasks: str, more: str = "") -> World:
    """Return a world whose execution runs tasks in parallel."""
    return World(flow(f"    - {{id: par, type: {FLOW}.Parallel, tasks: [{tasks}]{more}}}"))


def resume(world: World, task_id: str) -> None:
    """Resume a paused task run."""
    world.happen(ev.Resumed(at=world.tick(), task_run_id=world.run(task_id).id))


def paused(tasks: str, more: str = "") -> World:
    """Return such a world with all its pauses under way."""
    world = branches(tasks, more)
    while any(":next:" in each.id for each in world.pending(cmd.Evaluate)):
        world.answer(**TIMES)
    return world


def test_the_execution_is_paused_until_the_last_of_them_is_resumed():
    world = paused(PAUSES)
    resume(world, "p")
    assert (world.run("p").state, world.execution.state) == (State.SUCCESS, State.PAUSED)
    resume(world, "q")
    history = [State.CREATED, State.RUNNING, State.PAUSED, State.RESTARTED, State.RUNNING]
    assert [*world.execution.history.states] == [*history, State.SUCCESS]
    assert world.replayed() == world.execution


def test_a_branch_goes_on_while_another_one_is_paused():
    inner = f"{{id: s, type: {FLOW}.Sequential, tasks: [{{id: p, type: {FLOW}.Pause}}, "
    world = paused(f"{inner}{{id: a, type: {RETURN}}}]}}, {{id: q, type: {FLOW}.Pause}}")
    resume(world, "p")
    assert (world.run("a").state, world.execution.state) == (State.SUBMITTED, State.PAUSED)


def test_a_pause_that_is_cut_short_leaves_the_execution_running():
    world = paused(f"{PAUSES}{{id: x, type: {RETURN}}}", ", allowFailure: true")
    world.end("x", State.FAILED)
    runs = [world.run(each).state for each in ("p", "q", "par")]
    assert runs == [State.KILLED, State.KILLED, State.WARNING]
    history = [State.CREATED, State.RUNNING, State.PAUSED, State.RUNNING, State.WARNING]
    assert [*world.execution.history.states] == history


def test_a_person_can_have_all_of_them_go_on_at_once():
    world = paused(PAUSES)
    world.happen(ev.RunForced(at=world.tick()))
    assert world.execution.history.states.count(State.RESTARTED) == 1
    assert world.execution.state is State.SUCCESS
