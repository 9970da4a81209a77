"""Requests that start executions: which key, which answer, which execution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from triggered import World

from tiercel.engine.triggers.webhooks import Answer
from tiercel.plugin import Request

HOOK = "{id: w, type: io.kestra.plugin.core.trigger.Webhook, key: secret-1"
OUTPUTS = "outputs: [{id: o, type: STRING, value: '{{ trigger.body.x }}'}]"
FAIL = "{id: a, type: io.kestra.plugin.core.execution.Fail}"


@pytest.fixture
def world() -> Iterator[World]:
    world = World(environ={"SECRET_HOOK": "czNjcjN0"})
    yield world
    world.tiercel.close()


def send(world: World, key: str = "secret-1", flow_id: str = "f", **request: Any) -> Answer:
    return world.tiercel.triggers.webhook("company.team", flow_id, key, Request(**request), 20)


def test_a_request_with_the_key_starts_an_execution_that_sees_it(world: World) -> None:
    world.deploy(HOOK + "}")
    answer = send(world, body=b'{"a": 1}', query={"q": ("1", "2")}, headers={"X-A": ("b",)})
    [execution] = world.executions()
    assert (answer.status, answer.execution_id) == (200, execution.id)
    assert execution.trigger == {
        "id": "w",
        "type": "io.kestra.plugin.core.trigger.Webhook",
        "variables": {
            "body": {"a": 1},
            "headers": {"X-A": ["b"]},
            "parameters": {"q": ["1", "2"]},
        },
    }


@pytest.mark.parametrize("key", ["", "secret", "secret-12", "SECRET-1", "{{ 'secret-1' }}", "é"])
def test_a_wrong_key_is_not_found(world: World, key: str) -> None:
    world.deploy(HOOK + "}")
    assert send(world, key) == Answer(404, error="Webhook not found")
    assert world.executions() == []


def test_an_unknown_flow_is_not_found(world: World) -> None:
    assert send(world, flow_id="nowhere") == Answer(404, error="Flow not found")


def test_a_key_may_be_a_secret(world: World) -> None:
    world.deploy(
        "{id: w, type: io.kestra.plugin.core.trigger.Webhook, key: \"{{ secret('HOOK') }}\"}"
    )
    assert send(world, "s3cr3t").status == 200
    assert send(world, "{{ secret('HOOK') }}").status == 404


def test_a_key_that_cannot_be_rendered_hides_no_other(world: World) -> None:
    broken = '{id: x, type: io.kestra.plugin.core.trigger.Webhook, key: "{{ nope }}"}'
    world.deploy(f"{broken}, {HOOK}}}")
    assert send(world).status == 200


@pytest.mark.parametrize("off", ["disabled", "switched", "undeployed"])
def test_a_webhook_that_is_off_is_not_found(world: World, off: str) -> None:
    world.deploy(HOOK + (", disabled: true}" if off == "disabled" else "}"))
    if off == "switched":
        world.trigger("w").disable()
    if off == "undeployed":
        with world.tiercel.repository.transaction() as work:
            work.delete_trigger("main", "company.team", "f", "w")
    assert send(world).status == 404


def test_a_disabled_flow_refuses(world: World) -> None:
    world.deploy(HOOK + "}", more="disabled: true")
    assert send(world) == Answer(409, error="Requested Flow is disabled.")


def test_a_condition_that_does_not_hold_refuses(world: World) -> None:
    expression = "{type: io.kestra.plugin.core.condition.Expression, expression: '%s'}"
    world.deploy(HOOK + f", conditions: [{expression % '{{ trigger.body.go }}'}]}}")
    assert send(world, body=b'{"go": true}').status == 200
    assert send(world, body=b'{"go": false}').status == 409
    assert send(world, body=b"{}").status == 409
    assert len(world.executions()) == 1


def test_inputs_that_do_not_fit_refuse(world: World) -> None:
    world.deploy(
        HOOK + ", inputs: {n: '{{ trigger.body.n }}'}}", more="inputs: [{id: n, type: INT}]"
    )
    assert send(world, body=b'{"n": 5}').status == 200
    assert send(world, body=b'{"n": "x"}').status == 409
    assert send(world, body=b"{}").status == 409
    assert [each.inputs for each in world.executions()] == [{"n": 5}]


def test_labels_of_the_trigger_see_the_request(world: World) -> None:
    world.deploy(HOOK + ", labels: {who: '{{ trigger.body.who }}'}}", more="labels: {team: a}")
    send(world, body=b'{"who": "me"}')
    labels = dict(world.executions()[0].labels)
    assert labels.items() >= {"who": "me", "team": "a", "system.from": "trigger"}.items()


def test_a_waiting_webhook_answers_with_the_outputs(world: World) -> None:
    world.deploy(HOOK + ", wait: true, returnOutputs: true}", more=OUTPUTS)
    answer = send(world, body=b'{"x": "y"}')
    assert (answer.status, answer.outputs) == (200, {"o": "y"})
    assert (answer.content_type, answer.body) == ("application/json", {"o": "y"})


def test_a_waiting_webhook_that_returns_no_outputs_names_the_ended_execution(world: World) -> None:
    world.deploy(HOOK + ", wait: true}", more=OUTPUTS)
    answer = send(world, body=b'{"x": "y"}')
    assert answer.outputs is None
    assert answer.execution_id is not None
    assert world.tiercel.execution(answer.execution_id).done


@pytest.mark.parametrize(
    ("options", "tasks", "status"),
    [
        ("", "", 200),
        ("", FAIL, 500),
        (", responseCode: 202", FAIL, 202),
        (", responseCode: \"{{ execution.state == 'FAILED' ? 418 : 204 }}\"", FAIL, 418),
    ],
)
def test_the_status_tells_how_a_waited_for_execution_ended(
    world: World, options: str, tasks: str, status: int
) -> None:
    world.deploy(f"{HOOK}, wait: true{options}}}", tasks=tasks)
    assert send(world).status == status


def test_the_answer_may_be_plain_text(world: World) -> None:
    options = ", wait: true, returnOutputs: true, responseContentType: text/plain}"
    world.deploy(HOOK + options, more=OUTPUTS)
    answer = send(world, body='{"x": "ü"}'.encode())
    assert (answer.content_type, answer.body) == ("text/plain", '{"o":"ü"}')


def test_waiting_ends_at_the_callers_limit(world: World) -> None:
    pause = "{id: a, type: io.kestra.plugin.core.flow.Pause}"
    world.deploy(HOOK + ", wait: true}", tasks=pause)
    with pytest.raises(TimeoutError):
        world.tiercel.triggers.webhook("company.team", "f", "secret-1", Request(), 0.01)


def test_what_follows_the_key_in_the_address_is_not_found(world: World) -> None:
    world.deploy(HOOK + "}")
    assert send(world, path="more").status == 404


def test_a_webhook_stops_after_an_execution_with_a_certain_end(world: World) -> None:
    world.deploy(HOOK + ", wait: true, stopAfter: [FAILED]}", tasks=FAIL)
    assert send(world).status == 500
    assert send(world).status == 404
