"""`Tiercel` as an object: what programs, tests and notebooks do with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tiercel import Execution, State, Tiercel
from tiercel.errors import FlowError, InputError, NotFoundError
from tiercel.testing import FakeClock, SequentialIds

HELLO = """
id: hello
namespace: company.team
labels: {team: data}
inputs:
  - {id: name, type: STRING}
tasks:
  - {id: greet, type: io.kestra.plugin.core.debug.Return, format: "Hello, {{ inputs.name }}"}
outputs:
  - {id: greeting, type: STRING, value: "{{ outputs.greet.value }}"}
"""
SLOW = """
id: slow
namespace: company.team
tasks:
  - {id: nap, type: io.kestra.plugin.core.flow.Sleep, duration: PT5M}
"""


@pytest.fixture
def tiercel() -> Iterator[Tiercel]:
    with Tiercel(environ={}) as made:
        yield made


# Flows


def test_a_flow_is_a_text_a_file_or_an_object(tiercel: Tiercel, tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(HELLO)
    for flow in (HELLO, tmp_path / "flow.yaml", str(tmp_path / "flow.yaml")):
        assert tiercel.run(flow, {"name": "Ada"}).outputs == {"greeting": "Hello, Ada"}
    assert tiercel.run(tiercel.load_flow(HELLO), {"name": "Ada"}).state is State.SUCCESS


def test_a_flow_that_changes_gets_a_revision(tiercel: Tiercel) -> None:
    changed = HELLO.replace("Hello, {{", "Hi, {{")
    revisions = [
        tiercel.run(text, {"name": "x"}).flow_revision for text in (HELLO, HELLO, changed, HELLO)
    ]
    assert revisions == [1, 1, 2, 3]
    assert tiercel.flow("company.team", "hello").revision == 3
    assert "Hi, " in tiercel.flow("company.team", "hello", 2).source


def test_a_flow_that_is_not_there_is_told(tiercel: Tiercel) -> None:
    with pytest.raises(NotFoundError):
        tiercel.flow("company.team", "nope")


def test_problems_of_a_flow_name_its_file(tiercel: Tiercel, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("id: bad\nnamespace: a\ntasks:\n  - {id: t, type: nope}\n")
    with pytest.raises(FlowError, match=f"{path}:4:19: Invalid type: nope"):
        tiercel.run(path)


# Inputs and labels


def test_inputs_are_checked_before_anything_begins(tiercel: Tiercel) -> None:
    with pytest.raises(InputError):
        tiercel.start(HELLO)
    assert tiercel.executions() == []


def test_an_input_that_the_flow_does_not_declare_is_a_line_in_the_log(tiercel: Tiercel) -> None:
    execution = tiercel.run(HELLO, {"name": "Ada", "zzz": 1, "yyy": 2})
    assert [line.message for line in tiercel.logs(execution.id) if line.level == "WARN"] == [
        f"Input {name} was provided for workflow company.team.hello "
        "but isn't declared in the workflow inputs"
        for name in ("zzz", "yyy")
    ]


def test_labels_join_those_of_the_flow(tiercel: Tiercel) -> None:
    execution = tiercel.run(HELLO, {"name": "x"}, {"team": "ml", "run": "1"})
    assert {("team", "ml"), ("run", "1")} <= set(execution.labels)


def test_a_path_becomes_a_stored_file(tiercel: Tiercel, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("content")
    flow = HELLO.replace("STRING}\ntasks", "FILE}\ntasks").replace(
        "{{ inputs.name }}", "{{ read(inputs.name) }}"
    )
    execution = tiercel.run(flow, {"name": tmp_path / "in.txt"})
    assert execution.outputs == {"greeting": "Hello, content"}


# Executions


def test_waiting_has_a_limit_and_the_execution_goes_on(tiercel: Tiercel) -> None:
    execution_id = tiercel.start(SLOW)
    with pytest.raises(TimeoutError, match=f"Execution {execution_id} still runs after 0.01 s"):
        tiercel.wait(execution_id, 0.01)
    assert tiercel.execution(execution_id).state in (State.CREATED, State.RUNNING)
    tiercel.kill(execution_id)
    assert tiercel.wait(execution_id, 20).state is State.KILLED


def test_killing_what_has_ended_changes_nothing(tiercel: Tiercel) -> None:
    execution = tiercel.run(HELLO, {"name": "x"})
    tiercel.kill(execution.id)
    assert tiercel.execution(execution.id).history == execution.history


@pytest.mark.parametrize("call", ["execution", "kill", "wait"])
def test_an_execution_that_is_not_there_is_told(call: str, tiercel: Tiercel) -> None:
    with pytest.raises(NotFoundError, match="nope"):
        getattr(tiercel, call)("nope")


def test_many_threads_may_use_one_engine(tiercel: Tiercel) -> None:
    ended: list[Execution] = []

    def run(name: str) -> None:
        ended.append(tiercel.run(HELLO, {"name": name}))

    threads = [threading.Thread(target=run, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    greetings = {(execution.outputs or {})["greeting"] for execution in ended}
    assert greetings == {f"Hello, {number}" for number in range(8)}


# Parts


def test_two_engines_do_not_see_each_other() -> None:
    with Tiercel(environ={}) as one, Tiercel(environ={}) as other:
        one.run(HELLO, {"name": "x"})
        assert (len(one.executions()), len(other.executions())) == (1, 0)


def test_a_clock_and_ids_make_a_run_repeatable() -> None:
    def run() -> Execution:
        with Tiercel(environ={}, clock=FakeClock(), ids=SequentialIds()) as tiercel:
            return tiercel.run(HELLO, {"name": "x"})

    first, second = run(), run()
    assert (first.id, first.history, first.task_runs.keys()) == (
        *(second.id, second.history),
        second.task_runs.keys(),
    )


def test_a_home_folder_keeps_everything(tmp_path: Path) -> None:
    with Tiercel(home=tmp_path, environ={}) as tiercel:
        execution = tiercel.run(HELLO, {"name": "Ada"})
    with Tiercel(home=tmp_path, environ={}) as tiercel:
        stored = tiercel.execution(execution.id)
        assert (stored.state, stored.outputs) == (State.SUCCESS, {"greeting": "Hello, Ada"})
        assert tiercel.interrupted() == []


def test_what_an_engine_leaves_is_resumed_by_the_next(tmp_path: Path) -> None:
    with Tiercel(home=tmp_path, environ={}) as tiercel:
        execution_id = tiercel.start(SLOW)
    with Tiercel(home=tmp_path, environ={}) as tiercel:
        assert tiercel.interrupted() == [execution_id]
        tiercel.kill(execution_id)
        assert tiercel.wait(execution_id, 20).state is State.KILLED
        assert tiercel.interrupted() == []


# Expressions


def test_expressions_are_evaluated_on_what_an_execution_left(tiercel: Tiercel) -> None:
    execution = tiercel.run(HELLO, {"name": "Ada"})
    assert tiercel.evaluate(execution.id, "{{ outputs.greet.value }}!") == "Hello, Ada!"
    assert tiercel.value(execution.id, "{{ inputs }}") == {"name": "Ada"}
    assert tiercel.value(execution.id, "{{ 1 + 1 }}") == 2


def test_secrets_are_masked_in_what_people_read() -> None:
    with Tiercel(environ={"TIERCEL_SECRET_KEY": "hunter2-hunter2"}) as tiercel:
        execution = tiercel.run(HELLO, {"name": "Ada"})
        assert tiercel.evaluate(execution.id, "{{ secret('KEY') }}") == "******"
        assert tiercel.value(execution.id, "{{ {'k': secret('KEY')} }}") == {"k": "******"}
        assert tiercel.mask({"never read": ["hunter2-hunter2"]}) == {"never read": ["******"]}
