"""`Trigger` against a real server on loopback: what starts an execution, and what it sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tiercel import Execution, Tiercel

FLOW = """
id: polled
namespace: company.team
tasks:
  - {{id: a, type: io.kestra.plugin.core.debug.Return, format: "{{{{ {format} }}}}"}}
triggers:
  - id: t
    type: io.kestra.plugin.core.http.Trigger
    uri: {uri}
    interval: PT1S
    {options}
"""


@pytest.fixture
def tiercel() -> Iterator[Tiercel]:
    environ = {"TIERCEL_ENCRYPTION_KEY": "k1:" + "A" * 43 + "="}
    with Tiercel(environ=environ) as tiercel:
        yield tiercel


def polled(
    tiercel: Tiercel, uri: str, options: str = "stopAfter: [SUCCESS]", format: str = "trigger.code"
) -> None:
    """Deploy a flow that polls an address."""
    text = FLOW.format(uri=uri, options=options, format=format)
    tiercel.save_flow(tiercel.load_flow(text))
    tiercel.triggers.start()


def started(tiercel: Tiercel, server: Any) -> Execution:
    """Wait for the first execution and its end."""
    found = server.eventually(tiercel.executions)
    return tiercel.wait(found[-1].id, 20)


def test_a_reply_starts_an_execution_that_sees_it(tiercel, server):
    polled(tiercel, f"{server.origin}/status/200")
    execution = started(tiercel, server)
    assert execution.trigger["variables"]["code"] == 200
    assert execution.trigger["variables"]["body"] == '{"status": 200}'
    assert execution.trigger["variables"]["headers"]["content-type"] == ["application/json"]
    [task_run] = execution.task_runs.values()
    assert task_run.outputs == {"value": "200"}


def test_a_failed_status_is_no_failure_but_does_not_meet_the_condition(tiercel, server):
    polled(tiercel, f"{server.origin}/status/503")
    server.eventually(lambda: len(server.requests) >= 2)
    assert list(tiercel.executions()) == []


def test_a_condition_sees_status_body_and_headers(tiercel, server):
    condition = (
        "{{ response.statusCode == 404 and fromJson(response.body).status == 404 "
        "and response.headers['content-type'] is not null }}"
    )
    options = f'stopAfter: [SUCCESS]\n    responseCondition: "{condition}"'
    polled(tiercel, f"{server.origin}/status/404", options)
    assert started(tiercel, server).trigger["variables"]["code"] == 404


def test_it_stops_once_it_was_met(tiercel, server):
    polled(tiercel, f"{server.origin}/status/200")
    started(tiercel, server)
    state = tiercel.triggers.get("company.team", "polled", "t")
    server.eventually(lambda: state.state.disabled)
    assert len(tiercel.executions()) == 1


def test_an_encrypted_body_is_read_in_clear_and_stored_otherwise(tiercel, server):
    options = "stopAfter: [SUCCESS]\n    encryptBody: true"
    polled(tiercel, f"{server.origin}/status/200", options, "trigger.encryptedBody")
    execution = started(tiercel, server)
    assert "body" not in execution.trigger["variables"]
    assert "status" not in str(execution.trigger["variables"]["encryptedBody"])
    [task_run] = execution.task_runs.values()
    assert task_run.outputs == {"value": '{"status": 200}'}


def test_a_server_that_cannot_be_reached_starts_a_failed_execution_when_asked_to(tiercel, server):
    polled(tiercel, "http://127.0.0.1:1/", "failOnTriggerError: true")
    assert started(tiercel, server).state == "FAILED"
