"""`run_flow`: whole flows on mocked tasks, a clock that jumps, and engines that die."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tiercel.errors import FlowError, TiercelError
from tiercel.testing import Crash, Fired, FlowResult, Mock, Resume, run_flow

CORE = "io.kestra.plugin.core"
HEAD = "id: tested\nnamespace: company.team\n"


def tasks(*lines: str) -> str:
    """Return a flow of tasks, each written as a flow mapping."""
    return HEAD + "tasks:\n" + "".join(f"  - {line}\n" for line in lines)


def returned(task_id: str, template: str) -> str:
    return f'{{id: {task_id}, type: {CORE}.debug.Return, format: "{template}"}}'


NOWHERE = "{id: api, type: com.example.Nowhere, uri: 'https://example.invalid'}"
GREETING = tasks(NOWHERE, returned("hi", "Hi {{ outputs.api.name }}"))


def test_a_mocked_task_gives_its_outputs_even_if_its_plugin_is_not_installed() -> None:
    result = run_flow(GREETING, mocks={"api": {"name": "Ada"}})
    assert result.state == "SUCCESS"
    assert result.task_outputs("hi") == {"value": "Hi Ada"}


def test_a_type_that_is_not_installed_and_not_mocked_is_a_problem_with_a_place() -> None:
    with pytest.raises(FlowError, match=r"4:.*Invalid type: com\.example\.Nowhere"):
        run_flow(GREETING)


def test_a_wrong_property_of_a_mocked_task_is_found_all_the_same() -> None:
    flow = tasks(f"{{id: a, type: {CORE}.debug.Return, fromat: x}}")
    with pytest.raises(FlowError, match="did you mean 'format'"):
        run_flow(flow, mocks={"a": {}})


def test_mocked_outputs_may_hold_expressions_and_keep_nulls() -> None:
    answer = {"text": "{{ flow.id }}", "number": "{{ 40 + 2 }}", "nothing": None}
    result = run_flow(tasks(NOWHERE), mocks={"api": answer})
    assert result.task_outputs("api") == {"text": "tested", "number": 42, "nothing": None}


def test_a_function_answers_from_what_the_task_would_see() -> None:
    result = run_flow(GREETING, mocks={"api": lambda seen: {"name": seen["task"]["id"]}})
    assert result.task_outputs("hi") == {"value": "Hi api"}


@pytest.mark.parametrize("state", ["SUCCESS", "WARNING", "FAILED", "SKIPPED"])
def test_a_mocked_task_ends_in_the_state_that_is_asked_for(state: str) -> None:
    result = run_flow(tasks(NOWHERE), mocks={"api": Mock(state=state)})  # type: ignore[arg-type]
    assert result.states == {"api": state}


def test_an_exception_is_how_a_task_fails() -> None:
    result = run_flow(GREETING, mocks={"api": RuntimeError("It rains")})
    assert (result.state, result.evaluate("{{ error }}")) == ("FAILED", "It rains")
    assert result.messages("ERROR") == ["It rains"]


def test_a_list_answers_one_attempt_after_the_other() -> None:
    retried = NOWHERE.replace("}", ", retry: {type: constant, interval: PT1H, maxAttempts: 3}}")
    mocks = {"api": [Mock(error="Busy"), Mock(error="Busy"), {"name": "Ada"}]}
    result = run_flow(tasks(retried, returned("when", "{{ now() }}")), mocks=mocks)
    assert result.task_outputs("when")["value"].startswith("2024-01-01T02:00:00")


LOOP = tasks(
    f"{{id: each, type: {CORE}.flow.ForEach, values: [x, y], tasks: [{{"
    f'id: inner, type: {CORE}.debug.Return, format: "really {{{{ taskrun.value }}}}"}}]}}'
)


def test_a_task_in_a_loop_is_mocked_by_value_and_runs_for_the_others() -> None:
    result = run_flow(LOOP, mocks={"inner": Mock({"value": "mocked"}, value="x")})
    assert result.task_outputs("inner") == {
        "x": {"value": "mocked"},
        "y": {"value": "really y"},
    }


def test_a_flowable_task_is_mocked_as_a_whole() -> None:
    result = run_flow(LOOP, mocks={"each": {"done": True}})
    assert result.states == {"each": "SUCCESS"}


def test_rounds_of_a_loop_without_values_take_one_answer_each() -> None:
    flow = tasks(
        f"{{id: poll, type: {CORE}.flow.LoopUntil, condition: '{{{{ outputs.api.ready }}}}', "
        f"checkFrequency: {{interval: PT1H}}, tasks: [{NOWHERE}]}}",
        returned("when", "{{ now() }}"),
    )
    answers = [{"ready": False}, {"ready": False}, {"ready": True}]
    result = run_flow(flow, mocks={"api": answers})
    assert result.task_outputs("when")["value"].startswith("2024-01-01T02:00:00")


def test_a_loop_without_an_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel.testing.flow_tests.bench._JUMPS", 20)
    flow = tasks(
        f"{{id: poll, type: {CORE}.flow.LoopUntil, condition: 'false', "
        f"checkFrequency: {{interval: PT1S, maxDuration: P999D}}, tasks: [{NOWHERE}]}}"
    )
    with pytest.raises(TiercelError, match="does not come to an end"):
        run_flow(flow, mocks={"api": {}})


def test_a_mock_for_no_task_is_an_error_before_anything_runs() -> None:
    with pytest.raises(TiercelError, match="no task 'apy' to be mocked; did you mean 'api'"):
        run_flow(GREETING, mocks={"api": {}, "apy": {}})


# Time


def test_pauses_and_sleeps_take_no_time_and_end_when_they_should() -> None:
    flow = tasks(
        f"{{id: pause, type: {CORE}.flow.Pause, pauseDuration: P3D}}",
        f"{{id: sleep, type: {CORE}.flow.Sleep, duration: PT5H}}",
        returned("when", "{{ now() }}"),
    )
    result = run_flow(flow, clock=datetime(2025, 5, 1, tzinfo=UTC))
    assert result.task_outputs("when")["value"].startswith("2025-05-04T05:00:00")


APPROVAL = tasks(
    f"{{id: ask, type: {CORE}.flow.Pause, pauseDuration: P3D, behavior: FAIL, "
    "onResume: [{id: by, type: STRING}]}",
    returned("who", "{{ outputs.ask.onResume.by }} {{ now() }}"),
)


def test_somebody_resumes_a_pause_in_time() -> None:
    result = run_flow(APPROVAL, resumes=[Resume("ask", {"by": "Ada"}, timedelta(days=1))])
    assert result.task_outputs("who")["value"].startswith("Ada 2024-01-02T00:00:00")


def test_somebody_resumes_a_pause_too_late() -> None:
    result = run_flow(APPROVAL, resumes=[Resume("ask", {"by": "Ada"}, timedelta(days=4))])
    assert result.state == "FAILED"


def test_without_anybody_an_execution_stays_paused() -> None:
    result = run_flow(tasks(f"{{id: ask, type: {CORE}.flow.Pause}}"))
    assert result.state == "PAUSED"


# What the flow finds


def test_files_are_read_by_expressions_inputs_and_mocks() -> None:
    flow = (
        HEAD
        + "inputs: [{id: data, type: FILE}]\n"
        + tasks(
            NOWHERE, returned("both", "{{ read(inputs.data) }} {{ read(outputs.api.uri) }}")
        ).removeprefix(HEAD)
    )
    result = run_flow(
        flow,
        {"data": "{{ files['a.txt'] }}"},
        files={"a.txt": "A", "b.txt": b"B"},
        mocks={"api": {"uri": "{{ files['b.txt'] }}"}},
    )
    assert result.task_outputs("both") == {"value": "A B"}


def test_secrets_keys_and_namespace_files_are_those_of_the_test() -> None:
    flow = tasks(returned("all", "{{ secret('S') }} {{ kv('k') }} {{ read('n.txt') }}"))
    found = {"secrets": {"S": "hidden"}, "kv": {"k": 5}, "namespace_files": {"n.txt": "N"}}
    result = run_flow(flow, **found)  # type: ignore[arg-type]
    assert result.task_outputs("all") == {"value": "hidden 5 N"}
    assert "hidden" not in result.mask("It is hidden")


def test_an_input_that_is_missing_is_a_refusal_not_an_error() -> None:
    flow = HEAD + "inputs: [{id: name, type: STRING}]\n" + GREETING.removeprefix(HEAD)
    result = run_flow(flow, mocks={"api": {}})
    assert (result.state, "name" in str(result.refusal)) == (None, True)


TRIGGERED = (
    GREETING
    + f"""inputs: [{{id: day, type: STRING}}]
triggers:
  - id: daily
    type: {CORE}.trigger.Schedule
    cron: 0 8 * * *
    inputs: {{day: "{{{{ trigger.date | date('yyyyMMdd') }}}}"}}
  - {{id: hook, type: {CORE}.trigger.Webhook, key: abc}}
"""
)


def test_a_schedule_starts_the_execution_with_its_date_and_inputs() -> None:
    fired = Fired("daily", date=datetime(2024, 2, 3, 8, tzinfo=UTC))
    result = run_flow(TRIGGERED, trigger=fired, mocks={"api": {"name": "x"}})
    assert result.evaluate("{{ inputs.day }} {{ trigger.next }}") == "20240203 2024-02-04T08:00:00Z"


def test_a_webhook_starts_the_execution_with_the_given_variables() -> None:
    fired = Fired("hook", {"body": {"n": 1}})
    result = run_flow(TRIGGERED, {"day": "x"}, trigger=fired, mocks={"api": {"name": "x"}})
    assert result.evaluate("{{ trigger.body.n }}") == 1


def test_a_trigger_whose_plugin_is_not_installed_starts_the_execution() -> None:
    flow = GREETING + "triggers: [{id: mail, type: com.example.Mail, folder: inbox}]\n"
    fired = Fired("mail", {"subject": "Hi"})
    result = run_flow(flow, trigger=fired, mocks={"api": {"name": "x"}})
    assert result.evaluate("{{ trigger.subject }}") == "Hi"


def test_a_trigger_that_the_flow_does_not_have_is_a_refusal() -> None:
    result = run_flow(TRIGGERED, trigger="weekly", mocks={"api": {}})
    assert "no trigger 'weekly'; it has 'daily', 'hook'" in str(result.refusal)


# Subflows


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    """A flow in a folder with the one that it calls."""
    child = "id: child\nnamespace: company.team\n" + GREETING.removeprefix(HEAD)
    child += "outputs: [{id: said, type: STRING, value: '{{ outputs.hi.value }}'}]\n"
    (tmp_path / "child.yaml").write_text(child)
    call = f"{{id: call, type: {CORE}.flow.Subflow, namespace: company.team, flowId: child}}"
    path = tmp_path / "parent.yaml"
    path.write_text(tasks(call, returned("said", "{{ outputs.call.outputs.said }}")))
    return path


def test_a_task_of_a_subflow_from_the_same_folder_is_mocked(parent: Path) -> None:
    result = run_flow(parent, mocks={"api": {"name": "Ada"}})
    assert result.task_outputs("said") == {"value": "Hi Ada"}
    assert [each.flow_id for each in result.executions] == ["tested", "child"]


def test_a_subflow_that_nobody_waits_for_comes_to_its_end_too(parent: Path) -> None:
    parent.write_text(parent.read_text().replace("flowId: child", "flowId: child, wait: false"))
    result = run_flow(parent, mocks={"api": {"name": "Ada"}, "said": {}})
    assert [each.state for each in result.executions] == ["SUCCESS", "SUCCESS"]


def test_a_subflow_is_mocked_as_a_whole(parent: Path) -> None:
    result = run_flow(parent, mocks={"call": {"outputs": {"said": "Nothing"}}})
    assert result.task_outputs("said") == {"value": "Nothing"}
    assert len(result.executions) == 1


# Crashes


def played(crash: Crash | None) -> FlowResult:
    flow = tasks(
        NOWHERE,
        f"{{id: ask, type: {CORE}.flow.Pause}}",
        returned("hi", "Hi {{ outputs.api.name }}"),
    )
    return run_flow(
        flow,
        mocks={"api": {"name": "Ada"}},
        resumes=[Resume("ask", after=timedelta(days=1))],
        crashes=[crash] if crash else [],
    )


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("at", ["commit-before", "commit-after"])
def test_after_a_crash_another_engine_ends_the_same_way(at: str, number: int) -> None:
    result = played(Crash(at, number))  # type: ignore[arg-type]
    assert result.states == played(None).states
    assert result.task_outputs("hi") == {"value": "Hi Ada"}


@pytest.mark.parametrize(("at", "runs"), [("dispatch-before", 1), ("dispatch-after", 2)])
def test_what_was_not_known_to_have_ended_runs_again(at: str, runs: int) -> None:
    calls: list[object] = []

    def answer(seen: Mapping[str, Any]) -> Mapping[str, Any]:
        calls.append(seen)
        return {}

    crash = Crash(at)  # type: ignore[arg-type]
    result = run_flow(tasks(NOWHERE), mocks={"api": answer}, crashes=[crash])
    assert (result.state, len(calls)) == ("SUCCESS", runs)


def test_a_crash_that_never_came_is_an_error() -> None:
    with pytest.raises(TiercelError, match="ended before the crash at commit-after 99"):
        played(Crash("commit-after", 99))
