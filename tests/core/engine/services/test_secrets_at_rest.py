"""What is kept of secrets: nothing in clear that was only passed on."""

from __future__ import annotations

from hashlib import md5
from pathlib import Path

import pytest

from tiercel import State, Tiercel
from tiercel.repository.spi import ExecutionQuery

SECRET = "s3cr3t-Passw0rd"
CHILD = """
id: child
namespace: company.team
inputs: [{id: token, type: SECRET}]
tasks:
  - {id: use, type: io.kestra.plugin.core.log.Log, message: "{{ inputs.token | length }}"}
"""
PARENT = """
id: parent
namespace: company.team
inputs: [{{id: given, type: SECRET, required: false}}]
tasks:
  - id: sub
    type: io.kestra.plugin.core.flow.Subflow
    namespace: company.team
    flowId: child
    inputs: {{token: "{}"}}
"""


GIVES = """
id: gives
namespace: company.team
inputs: [{id: s, type: SECRET}]
tasks: [{id: a, type: io.kestra.plugin.core.debug.Return}]
outputs: [{id: o, type: SECRET, value: "{{ inputs.s }}"}]
"""
AFTER = """
id: after
namespace: company.team
tasks:
  - {id: a, type: io.kestra.plugin.core.debug.Return, format: "{{ trigger.outputs.o | length }}"}
triggers:
  - id: t
    type: io.kestra.plugin.core.trigger.Flow
    preconditions: {id: p, flows: [{namespace: company.team, flowId: gives}]}
"""


def files(home: Path) -> bytes:
    """Return all that is on disk."""
    return b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


@pytest.mark.parametrize(
    ("expression", "inputs", "length"),
    [
        ("{{ secret('KEY') }}", {}, 15),
        ("Bearer {{ secret('KEY') }}", {}, 22),
        ("{{ inputs.given }}", {"given": SECRET}, 15),
        ("{{ secret('KEY') | md5 }}", {}, 32),
    ],
)
def test_a_secret_that_a_subflow_is_given_is_nowhere_in_clear(
    tmp_path: Path, expression: str, inputs: dict[str, str], length: int
) -> None:
    with Tiercel(tmp_path, environ={"TIERCEL_SECRET_KEY": SECRET}) as tiercel:
        tiercel.save_flow(tiercel.load_flow(CHILD))
        execution = tiercel.run(PARENT.format(expression), inputs, timeout=20)
        (child,) = (each for each in tiercel.executions() if each.flow_id == "child")
        (line,) = [each for each in tiercel.logs(child.id) if each.task_id == "use"]
    assert (execution.state, line.message) == ("SUCCESS", str(length))
    stored = files(tmp_path)
    assert SECRET.encode() not in stored
    assert md5(SECRET.encode()).hexdigest().encode() not in stored
    assert b"id: parent" in stored  # it is not compressed, nor written later


def test_a_secret_that_a_flow_trigger_is_told_is_nowhere_in_clear(tmp_path: Path) -> None:
    with Tiercel(tmp_path, environ={}) as tiercel:
        tiercel.save_flow(tiercel.load_flow(AFTER))
        assert tiercel.run(GIVES, {"s": SECRET}).state is State.SUCCESS
        tiercel.triggers.scheduler.run_due()
        (started,) = tiercel.executions(ExecutionQuery(flow_id="after"))
        execution = tiercel.wait(started.id, 20)
        (run,) = execution.task_runs.values()
        assert run.outputs == {"value": str(len(SECRET))}
    assert SECRET.encode() not in files(tmp_path)


def test_a_resumed_execution_still_reads_what_was_passed_on(tmp_path: Path) -> None:
    with Tiercel(tmp_path, environ={"TIERCEL_SECRET_KEY": SECRET}) as tiercel:
        tiercel.save_flow(tiercel.load_flow(CHILD))
        tiercel.run(PARENT.format("{{ secret('KEY') }}"), timeout=20)
    with Tiercel(tmp_path, environ={}) as tiercel:
        (child,) = (each for each in tiercel.executions() if each.flow_id == "child")
        shown = tiercel.hide(child, dict(tiercel.execution(child.id).inputs))
        assert shown == {"token": "******"}
        assert tiercel.evaluate(child.id, "{{ inputs.token | length }}") == "15"
