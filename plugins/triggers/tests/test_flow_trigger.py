from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from tiercel.plugin import Execution, ExecutionTrigger, Ignore, Remember, Start, State
from tiercel.plugin.spi import History
from tiercel.testing import load_trigger, trigger_context

TYPE = "io.kestra.plugin.core.trigger.Flow"
CONDITION = "io.kestra.plugin.core.condition."
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Chain:
    """A Flow trigger that is told of one execution after the other, and what it remembers."""

    def __init__(self, **properties: Any) -> None:
        loaded = load_trigger({"type": TYPE, **properties})
        assert isinstance(loaded, ExecutionTrigger)
        self.trigger = loaded
        self.memory: Any = None
        self.at = NOON

    def tell(
        self, flow_id: str, state: State = State.SUCCESS, *, later: str = "0", **fields: Any
    ) -> Start | Remember | Ignore:
        """Tell it of an execution so many minutes later, and remember what it asks for."""
        self.at += timedelta(minutes=float(later))
        given = {"namespace": "company.team", "flow_revision": 1, **fields}
        history = History.begin(State.CREATED, self.at).then(state, self.at)
        execution = Execution(id=flow_id, flow_id=flow_id, history=history, **given)
        told = {"executionId": flow_id, "outputs": dict(execution.outputs or {})}
        context = trigger_context(
            {"trigger": told, "labels": dict(execution.labels)}, execution=execution
        )
        decision = self.trigger.consider(context, self.memory, self.at)
        if not isinstance(decision, Ignore):
            self.memory = decision.memory
        return decision

    def starts(self, *told: str, later: str = "0") -> list[bool]:
        """Return for each of some flows whether its execution starts one."""
        return [isinstance(self.tell(flow_id, later=later), Start) for flow_id in told]


def flows(*names: str, **fields: Any) -> list[dict[str, Any]]:
    """Return upstream flows of the namespace."""
    return [{"namespace": "company.team", "flowId": name, **fields} for name in names]


def both(**properties: Any) -> Chain:
    """Return a trigger that waits for two flows."""
    return Chain(preconditions={"id": "p", "flows": flows("a", "b"), **properties})


def test_without_conditions_every_execution_counts() -> None:
    assert Chain().starts("a", "b") == [True, True]


def test_a_trigger_that_everything_pulls_is_advised_against() -> None:
    (advice,) = Chain().trigger.advice()
    assert advice.startswith("This flow will be triggered for EVERY execution of EVERY flow")
    assert not list(both().trigger.advice())


def test_it_listens_to_ends_and_pauses_unless_told_otherwise() -> None:
    assert Chain().trigger.awaited_states() == {
        State.SUCCESS,
        State.WARNING,
        State.FAILED,
        State.KILLED,
        State.CANCELLED,
        State.RETRIED,
        State.SKIPPED,
        State.RESUBMITTED,
        State.PAUSED,
    }
    assert Chain(states=["RUNNING"]).trigger.awaited_states() == {State.RUNNING}


def test_all_conditions_must_hold() -> None:
    chain = Chain(
        conditions=[
            {"type": CONDITION + "ExecutionStatus", "in": ["FAILED"]},
            {"type": CONDITION + "ExecutionFlow", "namespace": "company.team", "flowId": "a"},
        ]
    )
    assert chain.starts("a") == [False]
    assert isinstance(chain.tell("a", State.FAILED), Start)
    assert isinstance(chain.tell("b", State.FAILED), Ignore)


def test_it_starts_when_all_flows_came_and_then_waits_for_all_again() -> None:
    assert both().starts("a", "a", "b", "b", "a", "a") == [False, False, True, False, True, False]


def test_without_a_reset_each_further_execution_starts_one() -> None:
    assert both(resetOnSuccess=False).starts("a", "b", "a", "c", "b") == [
        False,
        True,
        True,
        False,
        True,
    ]


def test_other_flows_and_namespaces_do_not_count() -> None:
    chain = both()
    assert isinstance(chain.tell("c"), Ignore)
    assert isinstance(chain.tell("a", namespace="company"), Ignore)
    assert chain.memory is None


def test_outputs_of_all_flows_come_together() -> None:
    chain = both()
    chain.tell("a", outputs={"x": 1, "both": {"p": 1, "q": 1}})
    start = chain.tell("b", later="1", outputs={"y": 2, "both": {"q": 2}})
    assert isinstance(start, Start)
    assert start.variables["outputs"] == {"x": 1, "y": 2, "both": {"p": 1, "q": 2}}


def test_flows_must_come_within_the_window() -> None:
    chain = both(timeWindow={"type": "DURATION_WINDOW", "window": "PT1H"})
    assert chain.starts("a") == [False]
    assert chain.starts("b", "a", later="61") == [False, False]
    assert chain.starts("a", "b", later="1") == [False, True]


def test_a_sliding_window_forgets_the_oldest_first() -> None:
    chain = Chain(
        preconditions={
            "id": "p",
            "flows": flows("a", "b", "c"),
            "timeWindow": {"type": "SLIDING_WINDOW", "window": "PT1H"},
        }
    )
    assert chain.starts("a", "b", "c", later="40") == [False, False, False]
    assert chain.starts("a", later="10") == [True]


def test_nothing_counts_after_the_deadline() -> None:
    chain = both(timeWindow={"type": "DAILY_TIME_DEADLINE", "deadline": "12:05:00"})
    assert chain.starts("a") == [False]
    assert isinstance(chain.tell("b", later="6"), Remember)
    assert chain.memory is None
    assert chain.starts("a", later=str(12 * 60)) == [False]
    assert chain.starts("b", later="1") == [True]


def test_an_upstream_flow_may_ask_for_states_and_labels() -> None:
    upstream = flows("a", states=["FAILED"], labels={"env": "prod", "on": True})
    chain = Chain(preconditions={"id": "p", "flows": upstream})
    labels = (("env", "prod"), ("on", "true"), ("more", "x"))
    assert isinstance(chain.tell("a", State.FAILED, labels=labels), Start)
    assert isinstance(chain.tell("a", State.SUCCESS, labels=labels), Ignore)
    assert isinstance(chain.tell("a", State.FAILED, labels=labels[:1]), Ignore)


def test_an_upstream_without_a_flow_is_any_flow_of_the_namespace() -> None:
    chain = Chain(preconditions={"id": "p", "flows": [{"namespace": "company.team"}]})
    assert chain.starts("a", "b") == [True, True]


@pytest.mark.parametrize(
    ("comparison", "holds"),
    [
        ({"field": "FLOW_ID", "type": "EQUAL_TO", "value": "orders"}, True),
        ({"field": "FLOW_ID", "type": "EQUAL_TO", "value": "order"}, False),
        ({"field": "FLOW_ID", "type": "NOT_EQUAL_TO", "value": "order"}, True),
        ({"field": "NAMESPACE", "type": "STARTS_WITH", "value": "company"}, True),
        ({"field": "NAMESPACE", "type": "ENDS_WITH", "value": ".team"}, True),
        ({"field": "NAMESPACE", "type": "ENDS_WITH", "value": "company"}, False),
        ({"field": "NAMESPACE", "type": "CONTAINS", "value": "ny.te"}, True),
        ({"field": "FLOW_ID", "type": "REGEX", "value": "ord.*"}, True),
        ({"field": "FLOW_ID", "type": "REGEX", "value": "ord"}, False),
        ({"field": "STATE", "type": "IN", "values": ["FAILED", "SUCCESS"]}, True),
        ({"field": "STATE", "type": "NOT_IN", "values": ["FAILED", "SUCCESS"]}, False),
        ({"field": "EXPRESSION", "type": "IS_TRUE", "value": "{{ labels.go }}"}, True),
        ({"field": "EXPRESSION", "type": "IS_FALSE", "value": "{{ labels.stop }}"}, True),
        ({"field": "EXPRESSION", "type": "IS_TRUE", "value": "{{ labels.nope }}"}, False),
        ({"field": "EXPRESSION", "type": "IS_NOT_NULL", "value": "{{ labels.go }}"}, True),
        ({"field": "EXPRESSION", "type": "IS_NULL", "value": "{{ labels.go }}"}, False),
    ],
)
def test_filters_compare_the_execution(comparison: dict[str, Any], holds: bool) -> None:
    where = [{"id": "w", "filters": [comparison]}]
    decision = Chain(preconditions={"id": "p", "where": where}).tell(
        "orders", labels=(("go", "true"), ("stop", "false"))
    )
    assert isinstance(decision, Start) is holds


@pytest.mark.parametrize(("operand", "holds"), [("AND", False), ("OR", True)])
def test_filters_hold_together_or_one_of_them(operand: str, holds: bool) -> None:
    filters = [
        {"field": "FLOW_ID", "type": "EQUAL_TO", "value": name} for name in ("orders", "other")
    ]
    where = [{"id": "w", "operand": operand, "filters": filters}]
    chain = Chain(preconditions={"id": "p", "where": where})
    assert chain.starts("orders") == [holds]


def test_an_older_multiple_condition_works_like_preconditions() -> None:
    parts = {
        name: {"type": CONDITION + "ExecutionFlow", "namespace": "company.team", "flowId": name}
        for name in ("a", "b")
    }
    multiple = {"type": CONDITION + "MultipleCondition", "id": "m", "conditions": parts}
    status = {"type": CONDITION + "ExecutionStatus", "in": ["SUCCESS"]}
    chain = Chain(conditions=[status, multiple])
    assert isinstance(chain.tell("a", State.FAILED), Ignore)
    assert chain.starts("a", "b", "b") == [False, True, False]


def test_the_older_window_properties_set_the_time_window() -> None:
    parts = {"any": {"type": CONDITION + "ExecutionNamespace", "namespace": "company.team"}}
    multiple = {
        "type": CONDITION + "MultipleCondition",
        "id": "m",
        "conditions": parts,
        "window": "PT2H",
        "windowAdvance": "PT1H",
    }
    [loaded] = Chain(conditions=[multiple]).trigger.all_conditions()
    window: Any = loaded.time_window  # type: ignore[attr-defined]
    assert (window.window, window.window_advance) == (timedelta(hours=2), timedelta(hours=1))


def test_multiple_conditions_and_preconditions_must_all_have_come_together() -> None:
    parts = {"c": {"type": CONDITION + "ExecutionFlow", "namespace": "company.team", "flowId": "c"}}
    multiple = {"type": CONDITION + "MultipleCondition", "id": "m", "conditions": parts}
    chain = Chain(conditions=[multiple], preconditions={"id": "p", "flows": flows("a")})
    assert chain.starts("a", "c", "c", "a") == [False, True, False, True]


@pytest.mark.parametrize(
    ("comparison", "message"),
    [
        ({"field": "STATE", "type": "IN"}, "`values` cannot be null for type IN"),
        (
            {"field": "STATE", "type": "IN", "values": ["A"], "value": "A"},
            "`value` must be null for type IN",
        ),
        ({"field": "STATE", "type": "EQUAL_TO"}, "`value` cannot be null for type EQUAL_TO"),
        ({"field": "TENANT", "type": "EQUAL_TO", "value": "a"}, "FLOW_ID"),
    ],
)
def test_a_filter_has_what_its_type_needs(comparison: dict[str, Any], message: str) -> None:
    where = [{"id": "w", "filters": [comparison]}]
    with pytest.raises(ValidationError) as refused:
        Chain(preconditions={"id": "p", "where": where})
    assert message in str(refused.value)
