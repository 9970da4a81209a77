"""`tiercel executions restart`, `replay`, `pause`, … on one execution and on many."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tiercel import Tiercel as Engine

if TYPE_CHECKING:
    from conftest import Tiercel

FLOW = """
id: picky
namespace: company.team
inputs: [{id: n, type: INT, defaults: 1}]
tasks:
  - {id: a, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.n }}"}
  - id: check
    type: io.kestra.plugin.core.execution.Fail
    condition: "{{ kv('open', errorOnMissing=false) is null }}"
  - {id: b, type: io.kestra.plugin.core.debug.Return, format: done}
"""
PAUSE = """
id: paused
namespace: company.team
tasks:
  - {id: p, type: io.kestra.plugin.core.flow.Pause, onResume: [{id: why, type: STRING}]}
outputs: [{id: why, type: STRING, value: "{{ outputs.p.onResume.why }}"}]
"""
LOOP = """
id: loop
namespace: company.team
tasks:
  - id: l
    type: io.kestra.plugin.core.flow.ForEach
    values: [x, y]
    tasks: [{id: t, type: io.kestra.plugin.core.debug.Return, format: "{{ taskrun.value }}"}]
"""


@pytest.fixture
def failed(tiercel: Tiercel) -> str:
    """An execution whose second task failed."""
    return run(tiercel, FLOW, "FAILED")


def run(tiercel: Tiercel, text: str, state: str = "SUCCESS") -> str:
    Path("a_flow.yaml").write_text(text)
    execution = tiercel("run", "a_flow.yaml", "-q", "--json").json()
    assert execution["state"]["current"] == state
    return str(execution["id"])


def unlock(home: Path) -> None:
    """Have the failing task succeed from now on."""
    with Engine(home) as engine:
        engine.services.kv_store("company.team").set("open", True)


@contextmanager
def running(home: Path, text: str) -> Iterator[str]:
    """Run a flow in another engine until the block ends; yield the execution's id."""
    with Engine(home, environ={}) as engine:
        execution_id = engine.start(text)
        while engine.execution(execution_id).state not in ("PAUSED", "RUNNING"):
            threading.Event().wait(0.01)
        yield execution_id
        engine.wait(execution_id, 20)


def test_a_restart_goes_on_and_tells_how_it_ended(
    tiercel: Tiercel, failed: str, home: Path
) -> None:
    assert tiercel("executions", "restart", failed, "-q").code == 1
    unlock(home)
    done = tiercel("executions", "restart", failed, "-q")
    assert (done.code, done.out) == (0, f"Execution {failed}\nSUCCESS\n")


def test_a_restart_with_the_newest_revision_is_a_new_execution(
    tiercel: Tiercel, failed: str
) -> None:
    Path("newer.yaml").write_text(FLOW.replace("condition: ", "disabled: true\n    condition: "))
    run(tiercel, Path("newer.yaml").read_text())
    execution = tiercel("executions", "restart", failed, "--latest", "-q", "--json").json()
    assert (execution["id"] != failed, execution["flowRevision"]) == (True, 2)
    assert [each["taskId"] for each in execution["taskRunList"]] == ["a", "b"]


def test_what_cannot_be_restarted_is_told(tiercel: Tiercel, execution_id: str) -> None:
    done = tiercel("executions", "restart", execution_id, "-q")
    assert (done.code, done.out) == (1, "")
    assert done.err == "Error: No task found to restart execution from!\n"


def test_a_replay_repeats_from_a_task_or_with_other_inputs(
    tiercel: Tiercel, failed: str, home: Path
) -> None:
    unlock(home)
    replay = ("executions", "replay", failed, "-q", "--json")
    again = tiercel(*replay, "--task", "check").json()
    assert (again["state"]["current"], again["originalId"]) == ("SUCCESS", failed)
    again = tiercel(*replay, "--input", "n=7").json()
    assert again["taskRunList"][0]["outputs"] == {"value": "7"}


def test_a_replay_needs_a_task_run_that_is_there_and_the_only_one(tiercel: Tiercel) -> None:
    execution_id = run(tiercel, LOOP)
    replay = ("executions", "replay", execution_id, "-q")
    done = tiercel(*replay, "--task", "x")
    assert (done.code, "has no run of task 'x'" in done.err) == (4, True)
    done = tiercel(*replay, "--task", "t")
    assert (done.code, "ran 2 times; --value is one of x, y" in done.err) == (2, True)
    assert tiercel(*replay, "--task", "t", "--value", "y").code == 0


def test_a_task_gets_another_state_and_the_execution_goes_on(tiercel: Tiercel, failed: str) -> None:
    change = ("executions", "change-state", failed, "-q")
    done = tiercel(*change, "--task", "check", "--to", "success")
    assert (done.code, done.out.splitlines()[-1]) == (0, "SUCCESS")
    done = tiercel(*change, "--to", "FAILED")
    assert (done.code, done.out.splitlines()[-1]) == (0, "FAILED")


def test_a_paused_execution_of_another_process_is_resumed(tiercel: Tiercel, home: Path) -> None:
    with running(home, PAUSE) as execution_id:
        resume = ("executions", "resume", execution_id, "-q")
        done = tiercel(*resume)
        assert (done.code, "why" in done.err) == (2, True)
        assert tiercel(*resume, "--input", "why=ok").code == 0
    assert tiercel("executions", "outputs", execution_id).json()["outputs"] == {"why": "ok"}


def test_a_running_execution_is_paused_and_killed(tiercel: Tiercel, home: Path) -> None:
    sleep = LOOP.replace("debug.Return", "flow.Sleep").replace("format:", "duration: PT30S, x:")
    sleep = sleep.replace(', x: "{{ taskrun.value }}"', "")
    with running(home, sleep) as execution_id:
        assert tiercel("executions", "pause", execution_id).out == "PAUSED\n"
        assert tiercel("executions", "kill", execution_id).out == "KILLED\n"
    assert tiercel("executions", "force-run", execution_id, "-q").code == 1


# Many


def test_many_are_chosen_by_filters_and_listed_first(
    tiercel: Tiercel, failed: str, home: Path
) -> None:
    second = run(tiercel, FLOW, "FAILED")
    run(tiercel, LOOP)
    listed = tiercel("executions", "restart", "--flow", "picky", "--dry-run").out.splitlines()
    assert [line.split()[0] for line in listed] == [second, failed]
    unlock(home)
    done = tiercel("executions", "restart", "--namespace", "company.team", "-q")
    assert (done.code, done.out.count("SUCCESS")) == (0, 2)
    assert tiercel("executions", "restart", "--flow", "picky", "-q").out == ""


def test_a_refusal_does_not_stop_the_rest(
    tiercel: Tiercel, failed: str, execution_id: str, home: Path
) -> None:
    unlock(home)
    done = tiercel("executions", "restart", execution_id, failed, "-q")
    assert (done.code, done.out) == (1, f"Execution {failed}\nSUCCESS\n")
    assert done.err == f"Error: {execution_id}: No task found to restart execution from!\n"


@pytest.mark.parametrize(
    "command", ["restart", "replay", "resume", "force-run", "kill", "pause", "delete"]
)
@pytest.mark.parametrize("chosen", [(), ("abc", "--flow", "f")])
def test_executions_are_named_or_described(
    command: str, chosen: tuple[str, ...], tiercel: Tiercel
) -> None:
    done = tiercel("executions", command, *chosen)
    assert (done.code, "Name executions, or say which ones" in done.err) == (2, True)


def test_labels_are_set_and_found_again(tiercel: Tiercel, failed: str, execution_id: str) -> None:
    done = tiercel("executions", "set-labels", "--state", "FAILED", "--set", "seen=yes")
    assert (done.code, done.out) == (0, f"{failed}  labelled\n")
    listed = tiercel("executions", "set-labels", "-l", "seen=yes", "--set", "a=b", "--dry-run")
    assert [line.split()[0] for line in listed.out.splitlines()] == [failed]
    refused = tiercel("executions", "set-labels", failed, "--set", "system.x=1")
    assert (refused.code, "system.x" in refused.err) == (1, True)


def test_deleting_asks_first_and_leaves_nothing(
    tiercel: Tiercel, failed: str, execution_id: str
) -> None:
    assert tiercel("executions", "delete", failed, stdin=b"n\n").code == 130
    assert tiercel("executions", "delete", failed, stdin=b"y\n").out == "deleted\n"
    assert tiercel("executions", "show", failed).code == 4
    assert tiercel("executions", "delete", "--flow", "sums", "--yes").code == 0
    assert tiercel("executions", "list").out == ""
