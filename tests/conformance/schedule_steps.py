"""Plays the steps of golden cases that ask triggers: `schedule` and `condition`.

schedule   the next `count` dates of a trigger after `from`; with `evaluate`, the execution made
           for the first of them, or for `at`
condition  whether all conditions of a trigger hold: on each date of `at`, or on the first
           execution
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from flow_match import differences

from tiercel import Tiercel
from tiercel.engine.loop.beginning import CORRELATION_ID
from tiercel.engine.triggers.starts import FROM_TRIGGER, Bound, Starter
from tiercel.errors import TiercelError
from tiercel.plugin import ConditionContext, ScheduledTrigger

__all__ = ["TRIGGER_PLAYERS"]

_SECOND = timedelta(seconds=1)

Names = dict[str, str]
Step = dict[str, Any]


def _schedule(tiercel: Tiercel, case: Step, step: Step, names: Names) -> list[str]:
    starter, bound = tiercel.starter, _bound(tiercel, case, step)
    dates = starter.dates(bound)
    found = []
    date = dates.after(_moment(step["from"]))
    while date is not None and len(found) < step["count"]:
        found.append(date)
        date = dates.after(date)
    actual: Step = {"dates": [_java_text(each) for each in found]}
    if step.get("evaluate"):
        at = _own_date(starter, bound, step["at"]) if "at" in step else found[0]
        actual |= _evaluated(starter, bound, at)
    return _differences(step, actual)


def _own_date(starter: Starter, bound: Bound, text: str) -> datetime | None:
    """Return a date as the trigger itself has it, whatever its conditions say."""
    trigger = cast("ScheduledTrigger", bound.trigger)
    return trigger.next_date(_moment(text) - _SECOND, starter.context(bound, {}))


def _evaluated(starter: Starter, bound: Bound, date: datetime | None) -> Step:
    """Return the execution that a trigger makes for a date, as the golden data write one."""
    if date is None:
        return {"created": False}
    variables = starter.date_variables(bound, starter.dates(bound), date)
    if not _all_hold(bound, starter.context(bound, variables, date=date)):
        return {"created": False}
    event = starter.started(
        bound,
        "0" * 22,
        starter.context(bound, {}),
        variables=variables,
        inputs=bound.trigger.start_inputs(),
        labels=FROM_TRIGGER,
    )
    cause = event.trigger or {}
    execution = {
        "inputs": event.inputs,
        "labels": {key: value for key, value in event.labels if key != CORRELATION_ID},
        "triggerType": cause["type"],
        "triggerVariables": cause["variables"],
    }
    return {"created": True, "execution": execution}


def _condition(tiercel: Tiercel, case: Step, step: Step, names: Names) -> list[str]:
    bound = _bound(tiercel, case, step)
    contexts = (
        [_on_date(tiercel.starter, bound, each["date"]) for each in step["at"]]
        if "at" in step
        else [_on_execution(tiercel, bound, names)]
    )
    return _differences(step, {"results": [_all_hold(bound, each) for each in contexts]})


def _on_date(starter: Starter, bound: Bound, date: str) -> ConditionContext:
    return starter.context(bound, {"date": date}, date=_moment(date))


def _on_execution(tiercel: Tiercel, bound: Bound, names: Names) -> ConditionContext:
    if not names:
        return tiercel.starter.context(bound, {})
    execution = tiercel.execution(next(iter(names.values())))
    return tiercel.starter.execution_context(bound, execution, {"outputs": execution.outputs})


def _all_hold(bound: Bound, context: ConditionContext) -> bool:
    """Tell whether all conditions hold; one that cannot be evaluated does not."""
    try:
        return all(each.holds(context) for each in bound.trigger.all_conditions())
    except TiercelError:
        return False


def _bound(tiercel: Tiercel, case: Step, step: Step) -> Bound:
    flows = [tiercel.load_flow(source) for source in case["flows"]]
    wanted = step.get("flow", flows[0].id)
    written = next(each for each in flows if each.id == wanted)
    flow = tiercel.flow(written.namespace, written.id)
    triggers = {each.id: each for each in flow.triggers or ()}
    only = next(iter(triggers), "")
    return Bound(flow, triggers[step.get("trigger", only)])


def _differences(step: Step, actual: Step) -> list[str]:
    wanted = {key: value for key, value in step["wanted"].items() if key != "do"}
    return [f"step {step['do']}: {each}" for each in differences(wanted, actual)]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _java_text(date: datetime) -> str:
    """Return a date as `OffsetDateTime` prints it: without seconds when they are zero."""
    digits = "seconds" if date.second else "minutes"
    return date.isoformat(timespec=digits).replace("+00:00", "Z")


TRIGGER_PLAYERS: dict[str, Callable[[Tiercel, Step, Step, Names], list[str]]] = {
    "schedule": _schedule,
    "condition": _condition,
}
