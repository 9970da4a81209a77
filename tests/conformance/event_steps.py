"""Plays the steps of golden cases in which something starts executions by itself.

webhook    send a request to a flow's Webhook trigger: `method`, `body`, `contentType`, `headers`,
           `query`
awaitFlow  wait for `count` executions of a flow that no step started; 0: none must appear
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from flow_match import differences

from tiercel import Tiercel
from tiercel._duration import parse
from tiercel.model.flow import Flow
from tiercel.plugin import Request, ScheduledTrigger
from tiercel.repository.spi import ExecutionQuery

__all__ = ["EVENT_PLAYERS"]

_LIMIT = 30.0

Names = dict[str, str]
Step = dict[str, Any]


def _webhook(tiercel: Tiercel, case: Step, step: Step, names: Names) -> list[str]:
    flow = _flow(tiercel, case, step)
    key = next(each.key for each in flow.triggers or () if hasattr(each, "key"))
    headers = dict(step.get("headers", {}))
    if "contentType" in step:
        headers["Content-Type"] = step["contentType"]
    request = Request(
        method=step.get("method", "POST"),
        headers={name: (value,) for name, value in headers.items()},
        query={
            name: tuple(values)
            for name, values in parse_qs(step.get("query", ""), keep_blank_values=True).items()
        },
        body=str(step.get("body", "")).encode(),
    )
    answer = tiercel.triggers.webhook(flow.namespace, flow.id, key, request, _LIMIT)
    actual: Step = {"status": answer.status}
    if answer.execution_id is None:
        actual["no_execution"] = True
    else:
        names[step.get("as", "main")] = answer.execution_id
        tiercel.wait(answer.execution_id, _LIMIT)
    if answer.body is not None:
        actual["response_body"] = answer.body
    return _differences(step, actual)


def _await_flow(tiercel: Tiercel, case: Step, step: Step, names: Names) -> list[str]:
    flow = _flow(tiercel, case, step)
    count = step.get("count", 1)
    deadline = time.monotonic() + _seconds(step.get("limit", "PT5S"))
    started = frozenset(names.values())
    while True:
        tiercel.triggers.scheduler.run_due()
        query = ExecutionQuery(namespace=flow.namespace, flow_id=flow.id)
        found = [each.id for each in tiercel.executions(query) if each.id not in started]
        # What reacts to executions has done so by now; only dates are still to come.
        hopeless = count == 0 and not _has_dates(flow)
        if len(found) >= max(count, 1) or hopeless or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    for index, execution_id in enumerate(reversed(found)):
        name = step.get("as", flow.id)
        names[name if count == 1 else f"{name}{index}"] = execution_id
        tiercel.wait(execution_id, _LIMIT)
    return _differences(step, {"found": len(found)})


def _seconds(limit: str | int) -> float:
    length = parse(limit) if isinstance(limit, str) else timedelta(milliseconds=limit)
    return length.total_seconds()


def _has_dates(flow: Flow) -> bool:
    return any(isinstance(each, ScheduledTrigger) for each in flow.triggers or ())


def _flow(tiercel: Tiercel, case: Step, step: Step) -> Flow:
    """Return the newest revision of the flow that a step is about, the first one by default."""
    flows = [tiercel.load_flow(source) for source in case["flows"]]
    wanted = step.get("flow", flows[0].id)
    written = next(each for each in flows if each.id == wanted)
    return tiercel.flow(written.namespace, written.id)


def _differences(step: Step, actual: Step) -> list[str]:
    wanted = {key: value for key, value in step["wanted"].items() if key != "do"}
    return [f"step {step['do']}: {each}" for each in differences(wanted, actual)]


EVENT_PLAYERS: dict[str, Callable[[Tiercel, Step, Step, Names], list[str]]] = {
    "webhook": _webhook,
    "awaitFlow": _await_flow,
}
