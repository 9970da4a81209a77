"""What people do to executions: restart, replay, pause, mark, label, delete, one or many."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from probe import wait_for

from tiercel import State, Tiercel
from tiercel.engine.loop.recover import rebuild
from tiercel.engine.machine import codec
from tiercel.engine.machine.events import KillRequested
from tiercel.errors import ConflictError, InputError, NotFoundError, StoredFileNotFoundError
from tiercel.model.execution import Execution, TaskRun
from tiercel.repository.spi import ExecutionQuery
from tiercel.testing import FakeClock

CORE = "io.kestra.plugin.core"
FAILS_ONCE = "{{ kv('open', errorOnMissing=false) is null }}"
FLOW = f"""
id: f
namespace: a.b
inputs: [{{id: n, type: INT, defaults: 1}}]
variables: {{v: first}}
tasks:
  - {{id: a, type: {CORE}.debug.Return, format: "a{{{{ inputs.n }}}}"}}
  - {{id: f, type: {CORE}.execution.Fail, condition: "{FAILS_ONCE}"}}
  - id: b
    type: {CORE}.debug.Return
    format: "{{{{ outputs.a.value }}}} {{{{ outputs.e.value ?? '-' }}}}"
errors:
  - {{id: e, type: {CORE}.debug.Return, format: told}}
"""
PLAIN = f"""
id: plain
namespace: a.b
tasks: [{{id: a, type: {CORE}.debug.Return}}]
"""
PARENT = f"""
id: parent
namespace: a.b
tasks:
  - {{id: s, type: {CORE}.flow.Subflow, namespace: a.b, flowId: f, restartBehavior: %s}}
"""
PAUSE = f"""
id: p
namespace: a.b
tasks:
  - {{id: p, type: {CORE}.flow.Pause, onResume: [{{id: why, type: STRING}}]}}
  - {{id: a, type: {CORE}.debug.Return, format: "{{{{ outputs.p.onResume.why }}}}"}}
"""
SLEEP = f"""
id: s
namespace: a.b
tasks:
  - {{id: a, type: {CORE}.flow.Sleep, duration: PT%sS}}
  - {{id: b, type: {CORE}.debug.Return, format: b}}
"""


@pytest.fixture
def tiercel() -> Iterator[Tiercel]:
    with Tiercel(environ={}) as made:
        yield made


def unlock(tiercel: Tiercel) -> None:
    """Have the failing task of `FLOW` succeed from now on."""
    tiercel.services.kv_store("a.b").set("open", True)


def failed(tiercel: Tiercel) -> Execution:
    execution = tiercel.run(FLOW)
    assert execution.state is State.FAILED
    return execution


def run_of(execution: Execution, task_id: str) -> TaskRun:
    (found,) = [each for each in execution.task_runs.values() if each.task_id == task_id]
    return found


# Restart


def test_a_restart_goes_on_under_the_same_id(tiercel: Tiercel) -> None:
    before = failed(tiercel)
    unlock(tiercel)
    assert tiercel.operations.restart(before.id) == before.id
    after = tiercel.wait(before.id, 20)
    assert (after.state, run_of(after, "a")) == (State.SUCCESS, run_of(before, "a"))
    assert len(run_of(after, "f").attempts) == 2


def test_expressions_see_no_outputs_of_task_runs_that_are_gone(tiercel: Tiercel) -> None:
    execution = failed(tiercel)
    assert tiercel.evaluate(execution.id, "{{ outputs.e.value }}") == "told"
    unlock(tiercel)
    tiercel.operations.restart(execution.id)
    assert run_of(tiercel.wait(execution.id, 20), "b").outputs == {"value": "a1 -"}


def test_what_cannot_be_restarted_is_refused_in_words(tiercel: Tiercel) -> None:
    unlock(tiercel)
    with pytest.raises(ConflictError, match="No task found to restart execution from!"):
        tiercel.operations.restart(tiercel.run(FLOW).id)
    running = tiercel.start(SLEEP % 30)
    with pytest.raises(ConflictError, match=r"must be terminated or paused .* 'RUNNING'"):
        tiercel.operations.restart(running)
    tiercel.kill(running)
    tiercel.wait(running, 20)
    with pytest.raises(ConflictError, match=r"not killed .* 'KILLED'"):
        tiercel.operations.restart(running)
    with pytest.raises(NotFoundError):
        tiercel.operations.restart("nobody")


def test_a_restart_with_a_revision_is_a_new_execution(tiercel: Tiercel) -> None:
    before = failed(tiercel)
    text = FLOW.replace("Fail, condition", "Fail, disabled: true, condition")
    newer = tiercel.save_flow(tiercel.load_flow(text.replace("v: first", "v: second")))
    restarted = tiercel.operations.restart(before.id, newer.revision)
    after = tiercel.wait(restarted, 20)
    assert (after.id != before.id, after.flow_revision, after.parent_id) == (True, 2, before.id)
    assert (after.state, after.variables) == (State.SUCCESS, {"v": "second"})
    assert run_of(after, "a").outputs == {"value": "a1"}
    assert tiercel.execution(before.id).state is State.FAILED


def test_a_revision_that_is_not_there_is_refused(tiercel: Tiercel) -> None:
    with pytest.raises(NotFoundError, match="revision 9"):
        tiercel.operations.restart(failed(tiercel).id, 9)


def test_a_restart_works_on_what_an_earlier_process_left(tmp_path: Path) -> None:
    with Tiercel(tmp_path, environ={}) as first:
        execution = failed(first)
    with Tiercel(tmp_path, environ={}) as second:
        unlock(second)
        second.operations.restart(execution.id)
        assert second.wait(execution.id, 20).state is State.SUCCESS
        assert second.interrupted() == []


@pytest.mark.parametrize("again", ["restart", "replay", "mark"])
def test_the_event_log_leads_to_what_is_stored(tiercel: Tiercel, again: str) -> None:
    execution = failed(tiercel)
    unlock(tiercel)
    operations, run_id = tiercel.operations, run_of(execution, "f").id
    if again == "restart":
        execution_id = operations.restart(execution.id)
    elif again == "replay":
        execution_id = operations.replay(execution.id, run_id)
    else:
        execution_id = execution.id
        operations.mark_task_run(execution_id, run_id, State.SUCCESS)
    stored = tiercel.wait(execution_id, 20)
    log = tiercel.repository.events(execution_id)
    rebuilt = rebuild(tiercel.driver._parts, log, 1).execution
    assert dict(rebuilt.task_runs) == dict(stored.task_runs)
    assert (rebuilt.history, rebuilt.labels) == (stored.history, stored.labels)


def test_a_request_from_before_a_restart_does_not_reach_it(tiercel: Tiercel) -> None:
    execution = failed(tiercel)
    late = KillRequested(at=execution.history.entries[-1][1])
    with tiercel.repository.transaction() as work:
        assert not work.send(execution.id, *codec.encode(late))
    unlock(tiercel)
    tiercel.operations.restart(execution.id)
    assert tiercel.wait(execution.id, 20).state is State.SUCCESS


# Subflows


def test_a_restart_restarts_the_subflow_that_failed(tiercel: Tiercel) -> None:
    tiercel.save_flow(tiercel.load_flow(FLOW))
    parent = tiercel.run(PARENT % "RETRY_FAILED")
    child_id = run_of(parent, "s").outputs["executionId"]
    unlock(tiercel)
    tiercel.operations.restart(parent.id)
    after = tiercel.wait(parent.id, 20)
    assert (after.state, run_of(after, "s").outputs["executionId"]) == (State.SUCCESS, child_id)
    assert State.RESTARTED in tiercel.execution(child_id).history.states
    assert [each.state for each in run_of(after, "s").attempts] == [State.FAILED, State.SUCCESS]
    told = [each.message for each in tiercel.logs(parent.id)]
    assert any(
        message.startswith(f'Restarted execution [[link execution="{child_id}"') for message in told
    )


def test_a_subflow_that_is_to_begin_anew_does(tiercel: Tiercel) -> None:
    tiercel.save_flow(tiercel.load_flow(FLOW))
    parent = tiercel.run(PARENT % "NEW_EXECUTION")
    child_id = run_of(parent, "s").outputs["executionId"]
    unlock(tiercel)
    tiercel.operations.restart(parent.id)
    after = tiercel.wait(parent.id, 20)
    assert (after.state, run_of(after, "s").outputs["executionId"] != child_id) == (
        State.SUCCESS,
        True,
    )
    assert tiercel.execution(child_id).state is State.FAILED


def test_a_subflow_that_did_well_meanwhile_is_not_run_again(tiercel: Tiercel) -> None:
    tiercel.save_flow(tiercel.load_flow(FLOW))
    parent = tiercel.run(PARENT % "RETRY_FAILED")
    child_id = run_of(parent, "s").outputs["executionId"]
    unlock(tiercel)
    tiercel.operations.restart(child_id)
    tiercel.wait(child_id, 20)
    tiercel.operations.restart(parent.id)
    after = tiercel.wait(parent.id, 20)
    assert (after.state, run_of(after, "s").outputs["executionId"]) == (State.SUCCESS, child_id)
    assert tiercel.execution(child_id).history.states.count(State.RESTARTED) == 1


def test_a_subflow_that_was_killed_cannot_go_on_so_a_new_one_begins(tiercel: Tiercel) -> None:
    tiercel.save_flow(tiercel.load_flow(SLEEP % 30))
    parent_id = tiercel.start((PARENT % "RETRY_FAILED").replace("flowId: f", "flowId: s"))
    wait_for(lambda: tiercel.executions(ExecutionQuery(flow_id="s")))
    (child,) = tiercel.executions(ExecutionQuery(flow_id="s"))
    tiercel.kill(child.id)
    assert tiercel.wait(parent_id, 20).state is State.KILLED
    tiercel.operations.mark(parent_id, State.FAILED)  # nobody restarts what was killed
    tiercel.operations.restart(parent_id)
    wait_for(lambda: len(tiercel.executions(ExecutionQuery(flow_id="s"))) == 2)
    tiercel.kill(parent_id)
    assert tiercel.wait(parent_id, 20).state is State.KILLED


EACH = f"""
id: each
namespace: a.b
tasks:
  - {{id: rows, type: {CORE}.storage.Write, content: "1\\n2\\n3\\n"}}
  - id: e
    type: {CORE}.flow.ForEachItem
    items: "{{{{ outputs.rows.uri }}}}"
    batch: {{rows: 1}}
    namespace: a.b
    flowId: f
    inputs: {{n: "{{{{ taskrun.iteration }}}}"}}
"""


def test_of_many_executions_only_those_that_failed_are_restarted(tiercel: Tiercel) -> None:
    some = FAILS_ONCE.replace("is null", "is null and inputs.n == 2")
    tiercel.save_flow(tiercel.load_flow(FLOW.replace(FAILS_ONCE, some)))
    parent = tiercel.run(EACH)
    assert parent.state is State.FAILED
    unlock(tiercel)
    tiercel.operations.restart(parent.id)
    assert tiercel.wait(parent.id, 20).state is State.SUCCESS
    children = tiercel.executions(ExecutionQuery(flow_id="f"))
    restarts = {each.inputs["n"]: each.history.states.count(State.RESTARTED) for each in children}
    assert restarts == {1: 0, 2: 1, 3: 0}


# Replay


def test_a_replay_from_the_start_can_have_other_inputs(tiercel: Tiercel) -> None:
    before = failed(tiercel)
    unlock(tiercel)
    again = tiercel.wait(tiercel.operations.replay(before.id, inputs={"n": "7"}), 20)
    assert (again.inputs, again.history.states[0]) == ({"n": 7}, State.CREATED)
    assert run_of(again, "b").outputs == {"value": "a7 -"}
    assert (again.original_id, again.parent_id) == (before.id, before.id)
    with pytest.raises(InputError):
        tiercel.operations.replay(before.id, inputs={"n": "seven"})


def test_a_replay_from_a_task_sees_the_variables_of_that_time(tiercel: Tiercel) -> None:
    setter = f"type: {CORE}.execution.SetVariables, overwrite: true, variables: {{v: %s}}"
    text = f"""
id: vars
namespace: a.b
variables: {{v: none}}
tasks:
  - {{id: one, {setter % "one"}}}
  - {{id: a, type: {CORE}.debug.Return, format: "{{{{ vars.v }}}}"}}
  - {{id: two, {setter % "two"}}}
"""
    execution = tiercel.run(text)
    assert execution.variables == {"v": "two"}
    again = tiercel.operations.replay(execution.id, run_of(execution, "a").id)
    assert run_of(tiercel.wait(again, 20), "a").outputs == {"value": "one"}


def test_a_task_run_of_somebody_else_is_refused(tiercel: Tiercel) -> None:
    with pytest.raises(NotFoundError, match="has no task run 'x'"):
        tiercel.operations.replay(failed(tiercel).id, "x")


def test_a_replay_outlives_what_it_repeats(tiercel: Tiercel) -> None:
    before = failed(tiercel)
    again = tiercel.wait(tiercel.operations.replay(before.id, run_of(before, "f").id), 20)
    tiercel.operations.delete(before.id)
    unlock(tiercel)
    tiercel.operations.restart(again.id)
    assert run_of(tiercel.wait(again.id, 20), "b").outputs == {"value": "a1 -"}


# Pause and resume


def test_while_an_execution_is_held_nothing_begins(tiercel: Tiercel) -> None:
    execution_id = tiercel.start(SLEEP % 0.3)
    tiercel.operations.pause(execution_id)
    wait_for(lambda: run_of(tiercel.execution(execution_id), "a").state is State.SUCCESS)
    assert tiercel.execution(execution_id).state is State.PAUSED
    tiercel.operations.resume(execution_id)
    after = tiercel.wait(execution_id, 20)
    assert [str(each) for each in after.history.states[2:]] == ["PAUSED", "RUNNING", "SUCCESS"]


def test_what_does_not_run_cannot_be_held_and_what_is_not_held_not_resumed(
    tiercel: Tiercel,
) -> None:
    execution = failed(tiercel)
    with pytest.raises(ConflictError, match="The execution is not running"):
        tiercel.operations.pause(execution.id)
    with pytest.raises(ConflictError, match="The execution is not paused"):
        tiercel.operations.resume(execution.id)
    with pytest.raises(ConflictError, match="Only non terminated executions"):
        tiercel.operations.force_run(execution.id)


def test_a_person_resumes_what_another_process_runs(tmp_path: Path) -> None:
    with Tiercel(tmp_path, environ={}) as here, Tiercel(tmp_path, environ={}) as there:
        execution_id = here.start(PAUSE)
        wait_for(lambda: here.execution(execution_id).state is State.PAUSED)
        with pytest.raises(InputError):
            there.operations.resume(execution_id)
        there.operations.resume(execution_id, {"why": "ok"})
        assert run_of(here.wait(execution_id, 20), "a").outputs == {"value": "ok"}


def test_a_paused_execution_can_be_forced_to_run(tiercel: Tiercel) -> None:
    execution_id = tiercel.start(SLEEP % 0.2)
    tiercel.operations.pause(execution_id)
    tiercel.operations.force_run(execution_id)
    assert tiercel.wait(execution_id, 20).state is State.SUCCESS


# Ends and labels


def test_a_task_run_gets_another_end_and_the_flow_goes_on(tiercel: Tiercel) -> None:
    execution = failed(tiercel)
    run = run_of(execution, "f")
    tiercel.operations.mark_task_run(execution.id, run.id, State.SUCCESS)
    after = tiercel.wait(execution.id, 20)
    assert (after.state, run_of(after, "b").outputs) == (State.SUCCESS, {"value": "a1 -"})


def test_only_what_has_ended_gets_another_end_and_only_an_end(tiercel: Tiercel) -> None:
    execution_id = tiercel.start(SLEEP % 30)
    wait_for(lambda: tiercel.execution(execution_id).task_runs)
    run = run_of(tiercel.execution(execution_id), "a")
    with pytest.raises(ConflictError, match="that has ended"):
        tiercel.operations.mark_task_run(execution_id, run.id, State.SUCCESS)
    with pytest.raises(ConflictError, match="that has ended"):
        tiercel.operations.mark(execution_id, State.SUCCESS)
    with pytest.raises(ConflictError, match="Nothing can be given the state RUNNING"):
        tiercel.operations.mark(execution_id, State.RUNNING)
    tiercel.kill(execution_id)


def test_an_execution_gets_another_end_and_nothing_runs(tiercel: Tiercel) -> None:
    execution = failed(tiercel)
    tiercel.operations.mark(execution.id, State.WARNING)
    after = tiercel.execution(execution.id)
    assert (after.state, after.done) == (State.WARNING, True)
    assert dict(after.task_runs) == dict(execution.task_runs)


def test_a_paused_task_run_is_given_its_end(tiercel: Tiercel) -> None:
    execution_id = tiercel.start(PAUSE)
    wait_for(lambda: tiercel.execution(execution_id).state is State.PAUSED)
    run = run_of(tiercel.execution(execution_id), "p")
    tiercel.operations.mark_task_run(execution_id, run.id, State.FAILED)
    assert tiercel.wait(execution_id, 20).state is State.FAILED


def test_labels_are_added_and_replaced_while_it_runs_and_afterwards(tiercel: Tiercel) -> None:
    execution_id = tiercel.start(SLEEP % 0.2, labels={"team": "x", "a": "1"})
    tiercel.operations.set_labels(execution_id, {"team": "y"})
    tiercel.wait(execution_id, 20)
    tiercel.operations.set_labels(execution_id, {"b": "2"})
    found = tiercel.executions(ExecutionQuery(labels=(("team", "y"), ("a", "1"), ("b", "2"))))
    assert [each.id for each in found] == [execution_id]
    with pytest.raises(ConflictError, match=r"system\.x"):
        tiercel.operations.set_labels(execution_id, {"system.x": "1"})


# Delete


def test_a_deleted_execution_leaves_nothing(tiercel: Tiercel) -> None:
    text = f"id: w\nnamespace: a.b\ntasks: [{{id: w, type: {CORE}.storage.Write, content: x}}]"
    execution = tiercel.run(text)
    uri = run_of(execution, "w").outputs["uri"]
    assert tiercel.files.size(uri) == 1
    tiercel.operations.delete(execution.id)
    assert tiercel.executions() == []
    assert tiercel.logs(execution.id) == []
    with pytest.raises(StoredFileNotFoundError):
        tiercel.files.size(uri)


def test_what_runs_is_not_deleted(tiercel: Tiercel) -> None:
    execution_id = tiercel.start(SLEEP % 30)
    with pytest.raises(ConflictError, match="You can only delete an execution that has ended"):
        tiercel.operations.delete(execution_id)
    tiercel.kill(execution_id)


# Many


def test_many_are_restarted_and_refusals_stop_nothing(tiercel: Tiercel) -> None:
    first, second = failed(tiercel), failed(tiercel)
    unlock(tiercel)
    well = tiercel.run(FLOW)
    operations = tiercel.operations
    ids = [first.id, well.id, "nobody", second.id]
    outcomes = operations.each(ids, operations.restart)
    assert [type(each.error).__name__ for each in outcomes] == [
        "NoneType",
        "ConflictError",
        "NotFoundError",
        "NoneType",
    ]
    assert [tiercel.wait(each.id, 20).state for each in (first, second)] == [State.SUCCESS] * 2


def test_all_that_match_are_found_however_many(
    tiercel: Tiercel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiercel.engine.operations.operations._PAGE", 2)
    ids = {failed(tiercel).id for _ in range(5)}
    unlock(tiercel)
    tiercel.run(FLOW)
    operations = tiercel.operations
    query = ExecutionQuery(namespace="a.b", states=frozenset({State.FAILED}))
    found = [each.id for each in operations.matching(query)]
    assert (set(found), len(found)) == (ids, 5)
    operations.each(found, partial(operations.set_labels, labels={"seen": "yes"}))
    assert len(tiercel.executions(ExecutionQuery(labels=(("seen", "yes"),)))) == 5


def test_two_threads_restart_one_execution_once(tiercel: Tiercel) -> None:
    execution = failed(tiercel)
    unlock(tiercel)
    together = threading.Barrier(2)

    def restart() -> None:
        together.wait()
        tiercel.operations.each([execution.id], tiercel.operations.restart)

    threads = [threading.Thread(target=restart) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(run_of(tiercel.wait(execution.id, 20), "f").attempts) == 2


# Executions that begin later


def test_an_execution_begins_at_its_date_or_when_it_is_forced() -> None:
    clock = FakeClock()
    with Tiercel(clock=clock, environ={}) as tiercel:
        tomorrow = clock.now() + timedelta(days=1)
        ids = [tiercel.start(PLAIN, schedule_date=tomorrow) for _ in range(3)]
        assert {tiercel.execution(each).state for each in ids} == {State.CREATED}
        tiercel.operations.force_run(ids[0])
        tiercel.operations.kill(ids[1])
        assert tiercel.wait(ids[0], 20).state is State.SUCCESS
        assert tiercel.wait(ids[1], 20).state is State.KILLED
        assert tiercel.execution(ids[2]).state is State.CREATED
        clock.move(timedelta(days=1))
        tiercel.driver.wake()
        assert tiercel.wait(ids[2], 20).state is State.SUCCESS


def test_an_execution_begins_at_its_date_in_a_later_process(tmp_path: Path) -> None:
    clock = FakeClock()
    with Tiercel(tmp_path, clock=clock, environ={}) as first:
        execution_id = first.start(PLAIN, schedule_date=clock.now() + timedelta(hours=1))
    clock.move(timedelta(hours=2))
    with Tiercel(tmp_path, clock=clock, environ={}) as second:
        assert second.recover() == [execution_id]
        assert second.wait(execution_id, 20).state is State.SUCCESS


def test_a_date_without_a_zone_is_refused(tiercel: Tiercel) -> None:
    with pytest.raises(InputError, match="needs a time zone: '2024-01-01T00:00:00'"):
        tiercel.start(PLAIN, schedule_date=datetime(2024, 1, 1))
