"""Killing always ends: from every state, within a bound, with nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tiercel import Execution, State, Tiercel
from tiercel.repository.spi import ExecutionQuery

if TYPE_CHECKING:
    from conftest import CommandLine

BOUND = 5.0
"""Seconds from the request to KILLED, for everything that can be stopped."""
CORE = "io.kestra.plugin.core"
SLEEP = f"{{id: a, type: {CORE}.flow.Sleep, duration: PT60S}}"
STUBBORN = """
id: stubborn
namespace: a.b
tasks:
  - id: a
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner: {type: io.kestra.plugin.core.runner.Process}
    commands:
      - trap '' TERM
      - (trap '' TERM; sh -c 'echo $$ >> PIDS; sleep 300; sleep 300') & echo $! >> PIDS
      - echo $$ >> PIDS; while true; do sleep 300; done
"""


def flow(tasks: str, more: str = "") -> str:
    return f"id: f\nnamespace: a.b\n{more}\ntasks:\n  - {tasks}\n"


def around(kind: str, inner: str, more: str = "") -> str:
    return f"{{id: o, type: {CORE}.flow.{kind}, tasks: [{inner}]{more}}}"


def sleeping(execution: Execution) -> bool:
    return any(each.state is State.RUNNING and each.task_id == "a" for each in _runs(execution))


def _runs(execution: Execution) -> list:
    return list(execution.task_runs.values())


def is_in(state: str) -> Callable[[Execution], bool]:
    return lambda execution: execution.state == state


RETRY = ", retry: {type: constant, interval: PT60S, maxAttempts: 3}"
OFTEN = ", condition: 'false', checkFrequency: {interval: PT60S}"
FAIL = f"{{id: a, type: {CORE}.execution.Fail%s}}"
SCENES: dict[str, tuple[str, Callable[[Execution], bool]]] = {
    "running": (flow(SLEEP), sleeping),
    "flowables": (
        flow(
            around(
                "Parallel", around("ForEach", SLEEP, ", values: [1, 2]").replace("id: o", "id: i")
            )
        ),
        sleeping,
    ),
    "paused": (flow(f"{{id: p, type: {CORE}.flow.Pause}}"), is_in("PAUSED")),
    "paused-beside-work": (
        flow(around("Parallel", f"{SLEEP}, {{id: p, type: {CORE}.flow.Pause}}")),
        lambda execution: sleeping(execution) and execution.state == "PAUSED",
    ),
    "retrying": (flow(FAIL % RETRY), is_in("RETRYING")),
    "between-rounds": (
        flow(around("LoopUntil", f"{{id: r, type: {CORE}.debug.Return}}", OFTEN)),
        is_in("PAUSED"),
    ),
    "errors": (
        flow(FAIL % "", f"errors: [{SLEEP.replace('id: a', 'id: e')}]"),
        lambda e: len(_runs(e)) == 2,
    ),
    "finally": (
        flow(f"{{id: r, type: {CORE}.debug.Return}}", f"finally: [{SLEEP}]"),
        sleeping,
    ),
}


@pytest.fixture
def engine() -> Iterator[Tiercel]:
    with Tiercel(environ={}) as made:
        yield made


def reach(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "It did not happen"
        time.sleep(0.01)


def start(engine: Tiercel, text: str, ready: Callable[[Execution], bool]) -> str:
    execution_id = engine.start(text)
    reach(lambda: ready(engine.execution(execution_id)))
    return execution_id


def killed(engine: Tiercel, execution_id: str, bound: float = BOUND) -> Execution:
    """Kill an execution; it must end in time, with nothing open."""
    began = time.monotonic()
    engine.kill(execution_id)
    execution = engine.wait(execution_id, bound)
    assert time.monotonic() - began < bound
    assert (execution.state, execution.done) == (State.KILLED, True)
    assert all(each.state.is_terminal for each in _runs(execution))
    assert engine.repository.commands(execution_id) == []
    return execution


@pytest.mark.parametrize("scene", SCENES)
def test_an_execution_is_killed_in_whatever_state(scene: str, engine: Tiercel) -> None:
    execution_id = start(engine, *SCENES[scene])
    execution = killed(engine, execution_id)
    assert [str(each) for each in execution.history.states[-2:]] == ["KILLING", "KILLED"]


def test_an_execution_that_a_person_holds_is_killed(engine: Tiercel) -> None:
    execution_id = start(engine, flow(SLEEP), sleeping)
    engine.operations.pause(execution_id)
    killed(engine, execution_id)


def test_a_second_kill_changes_nothing(engine: Tiercel) -> None:
    execution_id = start(engine, flow(SLEEP), sleeping)
    for _ in range(3):
        engine.kill(execution_id)
    assert killed(engine, execution_id).history.states.count(State.KILLING) == 1


def test_a_restarted_execution_is_killed(engine: Tiercel) -> None:
    execution_id = engine.run(flow(FAIL % "")).id
    engine.save_flow(engine.load_flow(flow(SLEEP)))
    again = engine.operations.restart(execution_id, 2)
    reach(lambda: sleeping(engine.execution(again)))
    killed(engine, again)


def test_an_execution_that_is_queued_is_killed_and_its_place_is_free(engine: Tiercel) -> None:
    limited = flow(SLEEP, "concurrency: {limit: 1}")
    first = start(engine, limited, sleeping)
    second = start(engine, limited, is_in("QUEUED"))
    third = start(engine, limited, is_in("QUEUED"))
    killed(engine, second)
    killed(engine, first)
    reach(lambda: sleeping(engine.execution(third)))
    killed(engine, third)


@pytest.mark.parametrize("inner", [SLEEP, f"{{id: p, type: {CORE}.flow.Pause}}"])
def test_subflows_are_killed_with_the_execution_that_began_them(
    inner: str, engine: Tiercel
) -> None:
    leaf = flow(inner).replace("id: f\n", "id: leaf\n")
    middle = flow(f"{{id: s, type: {CORE}.flow.Subflow, namespace: a.b, flowId: leaf}}")
    for text in (leaf, middle.replace("id: f\n", "id: middle\n")):
        engine.save_flow(engine.load_flow(text))
    top = engine.start(middle.replace("flowId: leaf", "flowId: middle"))
    reach(lambda: bool(engine.executions(ExecutionQuery(flow_id="leaf"))))
    (child,) = engine.executions(ExecutionQuery(flow_id="leaf"))
    reach(lambda: bool(engine.execution(child.id).task_runs))
    killed(engine, top)
    assert engine.wait(child.id, BOUND).state is State.KILLED
    assert {each.state for each in engine.executions()} == {State.KILLED}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_script_that_ignores_the_signal_is_gone_with_its_grandchildren(
    engine: Tiercel, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    execution_id = engine.start(STUBBORN.replace("PIDS", str(pids)))
    reach(lambda: pids.exists() and len(pids.read_text().split()) == 3)
    processes = list(map(int, pids.read_text().split()))
    assert all(map(alive, processes))
    killed(engine, execution_id, 12)
    assert not any(map(alive, processes))


def test_what_a_dead_engine_left_is_killed_from_another_process(tiercel: CommandLine) -> None:
    tiercel.file("flow.yaml", flow(SLEEP))
    dead = tiercel.start("run", "flow.yaml", "-q")

    def listed() -> list[str]:
        return tiercel("executions", "list", "--state", "RUNNING").stdout.split()

    tiercel.wait_for(listed, "The start")
    execution_id = listed()[0]
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    done = tiercel("executions", "kill", execution_id)
    assert (done.returncode, done.stdout) == (0, "KILLED\n")
    shown = json.loads(tiercel("executions", "show", execution_id, "--json").stdout)
    assert [each["state"]["current"] for each in shown["taskRunList"]] == ["KILLED"]


def test_subflows_of_a_dead_engine_are_killed_too(tiercel: CommandLine) -> None:
    sleep = SLEEP.replace("PT60S", "'{{ inputs.d }}'")
    leaf = flow(sleep, "inputs: [{id: d, type: STRING, defaults: PT60S}]")
    tiercel.file("leaf.yaml", leaf.replace("id: f\n", "id: leaf\n"))
    assert tiercel("run", "leaf.yaml", "-q", "-i", "d=PT0S").returncode == 0
    subflow = f"{{id: s, type: {CORE}.flow.Subflow, namespace: a.b, flowId: leaf}}"
    tiercel.file("top.yaml", flow(subflow))
    dead = tiercel.start("run", "top.yaml", "-q")
    running = ("executions", "list", "--state", "RUNNING")
    tiercel.wait_for(lambda: len(tiercel(*running).stdout.splitlines()) == 2, "The start")
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    assert tiercel("executions", "kill", "--flow", "f").stdout.endswith("  KILLED\n")
    states = [line.split()[1] for line in tiercel("executions", "list").stdout.splitlines()]
    assert states == ["KILLED", "KILLED", "SUCCESS"]


def test_an_execution_of_a_living_process_is_killed_from_another_one(tiercel: CommandLine) -> None:
    tiercel.file("flow.yaml", flow(SLEEP))
    running = tiercel.start("run", "flow.yaml", "-q")
    tiercel.wait_for(lambda: "RUNNING" in tiercel("executions", "list").stdout, "The start")
    done = tiercel("executions", "kill", "--flow", "f")
    assert done.stdout.endswith("  KILLED\n")
    assert (running.wait(20), running.communicate()[0].endswith("KILLED\n")) == (1, True)
