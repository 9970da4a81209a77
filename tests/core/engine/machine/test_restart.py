"""Restarts, replays and changed ends, as transitions: what runs again, and what stays as it is."""

from __future__ import annotations

from time import perf_counter

import pytest
from world import World, ended, flow

from tiercel import State
from tiercel.engine.machine import commands as cmd
from tiercel.engine.machine import events as ev

RETURN = "io.kestra.plugin.core.debug.Return"
FLOW = "io.kestra.plugin.core.flow"
S = State
RAN = (S.CREATED, S.SUBMITTED, S.RUNNING)


def task(name: str, more: str = "") -> str:
    return f"{{id: {name}, type: {RETURN}{more}}}"


def around(kind: str, name: str, tasks: list[str], more: str = "") -> str:
    return f"{{id: {name}, type: {FLOW}.{kind}, tasks: [{', '.join(tasks)}]{more}}}"


def world(*tasks: str, **others: str) -> World:
    return World(flow("\n".join(f"    - {each}" for each in tasks), **others))


def handler(name: str) -> str:
    return f"    - {task(name)}"


def submitted(world: World) -> list[str]:
    """Return the ids of the tasks that workers are to run."""
    runs = world.execution.task_runs
    return sorted(runs[each.task_run_id].task_id for each in world.pending(cmd.SubmitTask))


def present(world: World) -> list[str]:
    """Return the ids of the tasks that have task runs."""
    return sorted(each.task_id for each in world.execution.task_runs.values())


def play(world: World, *failing: str) -> World:
    """Have workers end everything well but the named tasks."""
    while not world.execution.done:
        if world.pending(cmd.Evaluate):
            world.answer(values=["x", "y", "z"], condition=True, runIf=True, concurrent=0)
        else:
            name = submitted(world)[0]
            world.end(name, S.FAILED if name in failing else S.SUCCESS, outputs={"value": name})
    return world


def answer_all(world: World) -> World:
    """Answer every question."""
    while world.pending(cmd.Evaluate):
        world.answer(values=["x", "y", "z"], condition=True, runIf=True, concurrent=0)
    return world


# Restart


def test_a_restart_runs_the_failed_task_again_and_what_comes_after_it():
    w = play(world(task("a"), task("b"), task("c")), "b")
    w.restart()
    assert w.execution.history.states[-3:] == (S.FAILED, S.RESTARTED, S.RUNNING)
    assert submitted(w) == ["b"]
    play(w)
    assert w.run("a").history.states == (*RAN, S.SUCCESS)
    assert w.run("b").history.states == (
        *RAN,
        S.FAILED,
        S.RESTARTED,
        S.SUBMITTED,
        S.RUNNING,
        S.SUCCESS,
    )
    assert [each.state for each in w.run("b").attempts] == [S.FAILED, S.SUCCESS]
    assert (w.execution.state, w.replayed()) == (S.SUCCESS, w.execution)


def test_a_restart_is_told_by_a_label_and_clears_what_had_failed():
    w = play(world(task("a")), "a")
    w.restart()
    assert dict(w.execution.labels) == {"system.restarted": "true"}
    assert (w.execution.done, w.execution.error, w.run("a").error) == (False, None, None)


def test_flowables_around_the_failed_task_go_on_and_the_others_stay():
    ok = around("Sequential", "ok", [task("x")])
    inner = around("Parallel", "p", [task("a"), task("b")])
    w = play(world(ok, around("Sequential", "s", [inner, task("c")])), "b")
    w.restart()
    answer_all(w)
    assert submitted(w) == ["b"]
    assert w.run("p").history.states == (S.CREATED, S.RUNNING, S.FAILED, S.RUNNING)
    play(w)
    assert w.run("s").history.states == (S.CREATED, S.RUNNING, S.FAILED, S.RUNNING, S.SUCCESS)
    assert [each.state for each in w.run("s").attempts] == [S.SUCCESS]
    assert w.run("ok").history.states == (S.CREATED, S.RUNNING, S.SUCCESS)


def test_what_was_stopped_beside_the_failed_task_runs_again_too():
    w = world(around("Parallel", "p", [task("a"), f"{task('b')}"]))
    answer_all(w)
    w.end("a", S.FAILED)
    w.end("b", S.KILLED)
    w.restart()
    answer_all(w)
    assert submitted(w) == ["a", "b"]


def test_errors_finally_and_after_execution_begin_anew():
    lists = {"errors": handler("e"), "finally_": handler("z"), "afterExecution": handler("q")}
    w = play(world(task("a"), **lists), "a")
    assert present(w) == ["a", "e", "q", "z"]
    w.restart()
    assert present(w) == ["a"]
    play(w)
    assert present(w) == ["a", "q", "z"]
    assert w.run("z").history.states == (*RAN, S.SUCCESS)


def test_what_failed_in_errors_begins_anew_too():
    w = play(world(task("a"), errors=f"    - {around('Sequential', 's', [task('e')])}"), "a", "e")
    assert (w.run("e").state, w.run("s").state) == (S.FAILED, S.FAILED)
    w.restart()
    assert (present(w), submitted(w)) == (["a"], ["a"])
    play(w, "a")
    assert w.run("e").history.states == (*RAN, S.SUCCESS)


def test_a_restart_repeats_what_failed_in_finally_alone():
    w = play(world(task("a"), finally_=handler("z")), "z")
    assert w.execution.state is S.SUCCESS
    w.restart()
    assert (present(w), submitted(w)) == (["a", "z"], ["z"])
    assert w.run("a").history.states == (*RAN, S.SUCCESS)


def test_errors_of_a_flowable_that_goes_on_begin_anew_and_those_of_others_stay():
    kept = around("Sequential", "k", [task("x")], f", finally: [{task('kz')}]")
    again = around("Sequential", "s", [task("a")], f", errors: [{task('e')}]")
    w = play(world(kept, again), "a")
    w.restart()
    assert present(w) == ["a", "k", "kz", "s", "x"]


def test_a_failure_that_was_allowed_is_no_reason_to_run_again_but_is_taken_along():
    """Kestra restarts every failed task run, those under AllowFailure among them."""
    w = play(world(around("AllowFailure", "l", [task("a")]), task("b"), task("c")), "a", "c")
    w.restart()
    assert submitted(w) == ["a"]
    w.end("a")
    assert submitted(w) == ["c"]
    assert w.run("b").history.states == (*RAN, S.SUCCESS)


def test_the_rounds_of_a_loop_that_went_well_are_not_repeated():
    loop = around("ForEach", "l", [task("a"), task("b")], ", values: [x, y, z]")
    w = answer_all(world(loop))
    for name in ("a", "b", "a"):
        w.end(name)
    w.end("b", S.FAILED)
    w.restart()
    answer_all(w)
    assert submitted(w) == ["b"]
    play(w)
    assert [len(each.attempts) for each in w.runs("a")] == [1, 1, 1]
    assert [len(each.attempts) for each in w.runs("b")] == [1, 2, 1]


def test_a_loop_until_goes_on_with_the_round_that_failed():
    often = "{interval: PT1S, maxIterations: 9}"
    w = world(
        around(
            "LoopUntil", "l", [task("a")], f", condition: '{{{{ c }}}}', checkFrequency: {often}"
        )
    )
    asked = {"interval": "PT1S", "maxIterations": 9, "maxDuration": None, "failOnMaxReached": False}
    w.answer(**asked)
    w.end("a")
    w.answer(condition=False)
    w.answer(condition=False)
    w.fire()
    w.end("a", S.FAILED)
    w.restart()
    w.answer(**asked)
    assert submitted(w) == ["a"]
    w.end("a")
    w.answer(condition=True)
    assert [each.iteration for each in w.runs("a")] == [0, 1]
    assert (w.execution.state, w.run("l").outputs) == (S.SUCCESS, {"iterationCount": 2})


def test_a_branch_once_chosen_stays_chosen():
    branches = f"then: [{task('a')}], else: [{task('b')}]"
    w = world(f"{{id: i, type: {FLOW}.If, condition: '{{{{ c }}}}', {branches}}}")
    w.answer(condition=True)
    w.end("a", S.FAILED)
    w.restart()
    assert (submitted(w), w.pending(cmd.Evaluate)) == (["a"], [])


def test_run_if_is_asked_again():
    w = answer_all(world(task("a", ", runIf: '{{ x }}'")))
    w.end("a", S.FAILED)
    w.restart()
    assert w.run("a").state is S.RESTARTED
    w.answer(runIf=False)
    assert (w.run("a").state, w.execution.state) == (S.SKIPPED, S.SUCCESS)


def test_a_shared_folder_is_gone_so_its_tasks_all_run_again():
    w = play(world(around("WorkingDirectory", "d", [task("a"), task("b")])), "b")
    w.restart()
    answer_all(w)
    assert w.run("d").history.states[-2:] == (S.RESTARTED, S.RUNNING)
    assert (present(w), len(w.run("a").attempts)) == (["a", "d"], 1)


def test_an_execution_can_be_restarted_again_and_again():
    w = play(world(task("a"), task("b")), "b")
    for count in range(2, 5):
        w.restart()
        play(w, "b")
        assert [len(w.run("a").attempts), len(w.run("b").attempts)] == [1, count]
    assert w.replayed() == w.execution


@pytest.mark.parametrize("state", [S.SUCCESS, S.KILLED])
def test_nothing_to_restart_changes_nothing(state):
    w = world(task("a"))
    if state is S.KILLED:
        w.kill()
    w.end("a", state)
    before = w.execution
    assert (w.restart(), w.execution.state) == (before, state)


def test_an_execution_that_runs_cannot_be_restarted():
    w = world(task("a"), task("b"))
    before = w.execution
    assert w.restart() is before


def test_a_late_answer_of_an_attempt_before_the_restart_is_stale():
    w = world(task("a"))
    old = w.pending(cmd.SubmitTask)[0]
    w.end("a", S.FAILED)
    w.restart()
    before = w.execution
    late = ev.TaskRunEnded(
        at=w.tick(), task_run_id=old.task_run_id, attempt=1, state=S.SUCCESS, started=w.now
    )
    assert w.happen(late) == before


def test_a_paused_execution_is_restarted_by_ending_the_pause():
    w = answer_all(world(f"{{id: p, type: {FLOW}.Pause}}", task("a")))
    assert w.execution.state is S.PAUSED
    w.restart()
    assert w.execution.history.states[-3:] == (S.PAUSED, S.RESTARTED, S.RUNNING)
    assert w.run("p").history.states == (S.CREATED, S.RUNNING, S.PAUSED, S.RUNNING, S.SUCCESS)
    assert submitted(w) == ["a"]


# Another end


def test_a_failed_task_that_is_made_a_success_lets_the_flow_go_on():
    w = play(world(task("a"), task("b"), errors=handler("e")), "a")
    w.happen(ev.TaskRunMarked(at=w.tick(), task_run_id=w.run("a").id, state=S.SUCCESS))
    assert (submitted(w), present(w)) == (["b"], ["a", "b"])
    assert w.run("a").history.states == (*RAN, S.FAILED, S.SUCCESS)
    assert [each.state for each in w.run("a").attempts] == [S.SUCCESS]


def test_a_task_inside_is_marked_and_those_around_it_go_on():
    w = play(world(around("Sequential", "s", [task("a"), task("b")])), "a")
    w.happen(ev.TaskRunMarked(at=w.tick(), task_run_id=w.run("a").id, state=S.WARNING))
    play(w)
    assert w.run("s").history.states == (S.CREATED, S.RUNNING, S.FAILED, S.RUNNING, S.WARNING)
    assert w.execution.state is S.WARNING


def test_a_success_that_is_made_a_failure_ends_the_flow_and_keeps_what_came_after():
    w = play(world(task("a"), task("b"), errors=handler("e")))
    w.happen(ev.TaskRunMarked(at=w.tick(), task_run_id=w.run("a").id, state=S.FAILED))
    assert submitted(w) == ["e"]
    play(w)
    assert (present(w), w.execution.state) == (["a", "b", "e"], S.FAILED)


def test_what_failed_elsewhere_stays_failed():
    w = play(world(around("Parallel", "p", [task("a"), task("b")])), "a", "b")
    w.happen(ev.TaskRunMarked(at=w.tick(), task_run_id=w.run("a").id, state=S.SUCCESS))
    answer_all(w)
    assert w.run("b").history.states == (*RAN, S.FAILED)
    assert (w.run("p").state, w.execution.state) == (S.FAILED, S.FAILED)


def test_cancelled_ends_the_execution_at_once():
    w = play(world(task("a"), task("b")), "a")
    w.happen(ev.TaskRunMarked(at=w.tick(), task_run_id=w.run("a").id, state=S.CANCELLED))
    assert w.execution.history.states[-2:] == (S.FAILED, S.CANCELLED)
    assert w.execution.done


def test_an_execution_can_be_given_another_end():
    w = play(world(task("a")), "a")
    w.happen(ev.ExecutionMarked(at=w.tick(), state=S.SUCCESS))
    assert w.execution.history.states == (S.CREATED, S.RUNNING, S.FAILED, S.SUCCESS)
    assert (w.execution.done, w.run("a").state) == (True, S.FAILED)


@pytest.mark.parametrize("state", [S.RUNNING, S.PAUSED, S.RETRIED, S.CREATED])
def test_nobody_ends_in_a_state_that_is_no_end(state):
    w = play(world(task("a")), "a")
    before = w.execution
    assert w.happen(ev.ExecutionMarked(at=w.tick(), state=state)) is before
    marked = ev.TaskRunMarked(at=w.tick(), task_run_id=w.run("a").id, state=state)
    assert w.happen(marked) is before


# Replay


@pytest.mark.parametrize(
    ("replayed", "kept", "anew"),
    [
        ("a", [], ["b", "c", "d", "s"]),
        ("s", ["a"], ["b", "c", "d"]),
        ("b", ["a"], ["c", "d"]),
        ("c", ["a", "b"], ["d"]),
        ("d", ["a", "b", "c", "s"], []),
    ],
)
@pytest.mark.parametrize("revision", ["same", "newer"])
def test_a_replay_takes_over_what_was_before_and_runs_what_comes_after(
    replayed, kept, anew, revision
):
    tasks = [task("a"), around("Sequential", "s", [task("b"), task("c")]), task("d")]
    w = play(world(*tasks))
    newer = world(*tasks, task("e")).flow if revision == "newer" else None
    again = play(w.replay(replayed, newer))
    for name in kept:
        assert again.run(name).history == w.run(name).history
        assert again.run(name).outputs == w.run(name).outputs
    for name in anew:
        assert again.run(name).history.started > w.run(name).history.entries[-1][1]
    assert again.execution.history.states == (
        S.CREATED,
        S.RUNNING,
        S.SUCCESS,
        S.RESTARTED,
        S.RUNNING,
        S.SUCCESS,
    )
    assert bool(again.runs("e")) == (revision == "newer")
    assert again.replayed() == again.execution


def test_a_replay_is_an_execution_of_its_own_that_knows_where_it_comes_from():
    w = play(world(task("a"), task("b")))
    again = w.replay("b").execution
    assert (again.id, again.parent_id, again.original_id) == ("e2", "e", "e")
    assert dict(again.labels) == {"system.replay": "true"}
    assert set(again.task_runs).isdisjoint(w.execution.task_runs)


def test_branches_beside_the_replayed_task_are_kept_unless_they_failed():
    w = play(world(around("Parallel", "p", [task("a"), task("b"), task("c")])), "c")
    again = answer_all(w.replay("a"))
    assert submitted(again) == ["a", "c"]
    assert again.run("b").history == w.run("b").history
    assert again.run("c").history.states == (S.CREATED, S.SUBMITTED)


def test_branches_of_an_execution_that_still_runs_are_run_again():
    w = answer_all(world(around("Parallel", "p", [task("a"), task("b")])))
    w.end("a")
    again = answer_all(w.replay("a"))
    assert submitted(again) == ["a", "b"]
    assert again.run("b").history.states == (S.CREATED, S.SUBMITTED)
    assert w.execution.state is S.RUNNING


def test_a_task_that_still_runs_can_be_replayed():
    w = world(task("a"), task("b"))
    w.end("a")
    again = w.replay("b")
    assert again.run("b").history.states == (S.CREATED, S.SUBMITTED)
    assert play(again).execution.state is S.SUCCESS


def test_rounds_before_the_replayed_one_are_kept_and_later_ones_run_anew():
    loop = around("ForEach", "l", [task("a"), task("b")], ", values: [x, y, z]")
    w = play(world(loop))
    second = w.runs("b")[1]
    event = w.repeat().replayed_from(second.id, "e2", w.tick(), {})
    again = play(World(w.flow, event))
    assert [len(each.history.states) for each in again.runs("a")] == [4, 4, 4]
    assert [
        each.history == old.history for each, old in zip(again.runs("b"), w.runs("b"), strict=True)
    ] == [True, False, False]
    assert [len(each.attempts) for each in again.runs("b")] == [1, 2, 1]


def test_what_depends_on_the_replayed_task_runs_anew_and_the_rest_is_kept():
    tasks = f"[{{task: {task('a')}}}, {{task: {task('b')}, dependsOn: [a]}}, {{task: {task('c')}}}]"
    w = play(world(f"{{id: d, type: {FLOW}.Dag, tasks: {tasks}}}"))
    again = answer_all(w.replay("a"))
    assert (submitted(again), again.run("c").history) == (["a"], w.run("c").history)
    play(again)
    assert again.run("b").history.started > w.run("b").history.started


def test_a_branch_that_is_replayed_itself_is_chosen_anew():
    branches = f"then: [{task('a')}], else: [{task('b')}]"
    w = play(world(f"{{id: i, type: {FLOW}.If, condition: '{{{{ c }}}}', {branches}}}"))
    again = w.replay("i")
    again.answer(condition=False)
    assert (submitted(again), again.runs("a")) == (["b"], [])


def test_a_replay_can_begin_in_errors_and_keeps_the_failure():
    w = play(world(task("a"), errors="\n".join(map(handler, ("d", "e")))), "a")
    again = w.replay("e")
    assert submitted(again) == ["e"]
    play(again)
    assert (again.run("a").state, again.execution.state) == (S.FAILED, S.FAILED)
    assert again.run("d").history == w.run("d").history


def test_a_replay_can_be_restarted_and_replayed_itself():
    w = play(world(task("a"), task("b"), task("c")))
    again = play(w.replay("b"), "c")
    again.restart()
    assert submitted(again) == ["c"]
    play(again)
    event = again.repeat().replayed_from(again.run("c").id, "e3", again.tick(), {})
    third = play(World(w.flow, event))
    assert (third.execution.original_id, third.execution.parent_id) == ("e", "e2")
    assert third.run("a").history == w.run("a").history


def test_a_restart_with_another_revision_takes_over_what_went_well():
    tasks = around("Sequential", "s", [task("a"), task("b")])
    w = play(world(tasks), "b")
    newer = world(around("Sequential", "s", [task("a"), task("b"), task("c")])).flow
    again = World(newer, w.repeat(newer).restarted("e2", w.tick()))
    assert submitted(again) == ["b"]
    play(again)
    assert again.run("a").history == w.run("a").history
    assert again.run("b").history.states[3:5] == (S.FAILED, S.RESTARTED)
    assert (again.execution.flow_revision, dict(again.execution.labels)) == (
        2,
        {"system.restarted": "true"},
    )


def seconds_to_take_over(rounds: int) -> float:
    """Return how long it takes to pass over so many rounds of a loop, but the last."""
    values = [str(number) for number in range(rounds)]
    w = world(around("ForEach", "l", [task("a")], ", values: '{{ v }}'"))
    w.answer(values=values)
    for _ in values:
        (submit,) = w.pending(cmd.SubmitTask)
        w.happen(ended(submit, w.now, S.SUCCESS))
    event = w.repeat().replayed_from(w.runs("a")[-1].id, "e2", w.tick(), {})
    began = perf_counter()
    again = World(w.flow, event)
    again.answer(values=values)
    taken = perf_counter() - began
    assert (len(again.runs("a")), submitted(again)) == (rounds, ["a"])
    return taken


def test_taking_over_the_rounds_of_a_loop_takes_time_in_proportion():
    few = min(seconds_to_take_over(200) for _ in range(3))
    many = min(seconds_to_take_over(2000) for _ in range(2))
    assert many < 30 * few
