"""What must come together before a trigger starts: parts that are met by one execution each.

A part that was met stays met within the time window, which is what the trigger remembers. Source:
Kestra 1.3's `preconditions` and `MultipleCondition`; golden area `flows/trigger`.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Protocol, Self

from pydantic import Field, StringConstraints, WithJsonSchema, model_validator

from tiercel.plugin import (
    AnyCondition,
    Condition,
    ConditionContext,
    Duration,
    Example,
    Execution,
    Flag,
    Model,
    State,
    Text,
    TiercelError,
    is_true,
)
from tiercel_triggers.conditions.executions import execution_of
from tiercel_triggers.time_window import TimeWindow

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Gathering", "MultipleCondition", "Preconditions", "gather"]

Kept = Mapping[str, Mapping[str, Any]]
"""Part → when it was met last (`at`), and the outputs of the execution that met it (`outputs`)."""

_ID = r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$"
Id = Annotated[
    Text,
    StringConstraints(pattern=_ID, min_length=1),
    WithJsonSchema({"type": "string", "pattern": _ID, "minLength": 1}),
]


class Gathering(Protocol):
    """Parts that must all be met within a time window."""

    @property
    def id(self) -> str:
        """Tells it from others of the same trigger."""
        ...

    @property
    def time_window(self) -> TimeWindow:
        """How long a part that was met stays so."""
        ...

    @property
    def reset_on_success(self) -> bool:
        """Whether all parts must be met anew once the trigger has started."""
        ...

    @abstractmethod
    def parts(self) -> Mapping[str, Callable[[ConditionContext], bool]]:
        """Return what must be met: name → whether an execution meets it."""


def gather(
    gathering: Gathering, context: ConditionContext, kept: Kept, at: datetime
) -> tuple[dict[str, Mapping[str, Any]], bool, bool]:
    """Return what is met now, whether that is all, and whether this execution met any of it.

    Args:
        gathering: what must come together.
        context: holds the execution.
        kept: what was met before.
        at: the time.
    """
    parts = gathering.parts()
    window = gathering.time_window.around(at)
    if window is None:
        return {}, False, False
    begin, end = window
    met = {
        name: seen
        for name, seen in kept.items()
        if name in parts and begin <= datetime.fromisoformat(seen["at"]) <= end
    }
    execution = execution_of(context)
    found = [name for name, is_met in parts.items() if _is_met(is_met, context)]
    now = {"at": at.isoformat(), "outputs": dict(execution.outputs or {})}
    met.update(dict.fromkeys(found, now))
    return met, len(met) == len(parts), bool(found) or not parts


def _is_met(part: Callable[[ConditionContext], bool], context: ConditionContext) -> bool:
    """Return whether an execution meets a part; one that cannot be evaluated is not met."""
    try:
        return part(context)
    except TiercelError:
        return False


class UpstreamFlow(Model):
    """An execution of a flow, or of any flow of a namespace."""

    namespace: Text
    """The flow's namespace."""
    flow_id: Text | None = None
    """The flow; any flow of the namespace by default."""
    states: list[State] | None = None
    """The states in which it counts; all that the trigger listens to by default."""
    labels: dict[str, Any] | None = None
    """Labels that it must have."""

    def is_met(self, context: ConditionContext) -> bool:
        """Return whether an execution is such a one."""
        execution = execution_of(context)
        return (
            execution.namespace == self.namespace
            and self.flow_id in (None, execution.flow_id)
            and (self.states is None or execution.state in self.states)
            and _has_labels(execution, self.labels or {})
        )


def _has_labels(execution: Execution, labels: Mapping[str, Any]) -> bool:
    wanted = {(key, _label(value)) for key, value in labels.items()}
    return wanted <= set(execution.labels)


def _label(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_FilterType = Literal[
    "EQUAL_TO",
    "NOT_EQUAL_TO",
    "IN",
    "NOT_IN",
    "IS_TRUE",
    "IS_FALSE",
    "IS_NULL",
    "IS_NOT_NULL",
    "STARTS_WITH",
    "ENDS_WITH",
    "REGEX",
    "CONTAINS",
]


class Filter(Model):
    """A comparison of something about an execution with a text."""

    field: Literal["FLOW_ID", "NAMESPACE", "STATE", "EXPRESSION"]
    """What is compared; for EXPRESSION, what `value` renders to."""
    type: _FilterType
    """How it is compared."""
    value: Text | None = None
    """What it is compared with; for all types but IN and NOT_IN."""
    values: list[Text] | None = None
    """What it is compared with; for IN and NOT_IN."""

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        wants_list = self.type in ("IN", "NOT_IN")
        for name, given, wanted in (
            ("value", self.value is not None, not wants_list),
            ("values", self.values is not None, wants_list),
        ):
            if given != wanted:
                verb = "cannot" if wanted else "must"
                raise ValueError(f"`{name}` {verb} be null for type {self.type}")
        return self

    def is_met(self, context: ConditionContext) -> bool:
        """Return whether the comparison holds for an execution."""
        subject = self._subject(context)
        value, values = self.value or "", self.values or []
        match self.type:
            case "EQUAL_TO" | "NOT_EQUAL_TO":
                return (subject == value) == (self.type == "EQUAL_TO")
            case "IN" | "NOT_IN":
                return (subject in values) == (self.type == "IN")
            case "IS_TRUE" | "IS_FALSE":
                return is_true(subject) == (self.type == "IS_TRUE")
            case "IS_NULL" | "IS_NOT_NULL":
                return (subject is None) == (self.type == "IS_NULL")
            case "STARTS_WITH":
                return subject is not None and subject.startswith(value)
            case "ENDS_WITH":
                return subject is not None and subject.endswith(value)
            case "CONTAINS":
                return subject is not None and value in subject
        return subject is not None and re.fullmatch(value, subject) is not None

    def _subject(self, context: ConditionContext) -> str | None:
        execution = execution_of(context)
        match self.field:
            case "FLOW_ID":
                return execution.flow_id
            case "NAMESPACE":
                return execution.namespace
            case "STATE":
                return str(execution.state)
        rendered: str | None = context.evaluate(self.value or "", True)
        return rendered


class ExecutionFilter(Model):
    """An execution that some comparisons hold for."""

    id: Annotated[Text, Field(min_length=1)]
    """Tells it from the others."""
    operand: Literal["AND", "OR"] = "AND"
    """Whether all of them must hold, or one of them."""
    filters: Annotated[list[Filter], Field(min_length=1)]
    """The comparisons."""

    def is_met(self, context: ConditionContext) -> bool:
        """Return whether they hold for an execution."""
        holds = (each.is_met(context) for each in self.filters)
        return all(holds) if self.operand == "AND" else any(holds)


class Preconditions(Model):
    """Executions that must come together before the trigger starts."""

    id: Id
    """Tells them from others of the same trigger."""
    time_window: TimeWindow = TimeWindow()
    """Within which time they must come together."""
    reset_on_success: Flag = True
    """Whether all of them must come anew once the trigger has started."""
    flows: list[UpstreamFlow] | None = None
    """Executions of certain flows, one of each."""
    where: list[ExecutionFilter] | None = None
    """Executions that are told by comparisons, one of each."""

    def parts(self) -> dict[str, Callable[[ConditionContext], bool]]:
        """Return what must be met, by a name that tells its place."""
        flows = {f"flow_{n}": each.is_met for n, each in enumerate(self.flows or ())}
        return {**flows, **{f"where_{each.id}": each.is_met for each in self.where or ()}}


class MultipleCondition(Condition):
    """Conditions that executions must meet within a time window, one execution each.

    An older form of the Flow trigger's `preconditions`.
    """

    deprecated: ClassVar[str | None] = "write the Flow trigger's `preconditions`"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run when two flows have succeeded on the same day",
            """
            id: downstream
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Both are done

            triggers:
              - id: both
                type: io.kestra.plugin.core.trigger.Flow
                conditions:
                  - type: io.kestra.plugin.core.condition.ExecutionStatus
                    in: [SUCCESS]
                  - type: io.kestra.plugin.core.condition.MultipleCondition
                    id: multiple
                    conditions:
                      first:
                        type: io.kestra.plugin.core.condition.ExecutionFlow
                        namespace: company.team
                        flowId: first
                      second:
                        type: io.kestra.plugin.core.condition.ExecutionFlow
                        namespace: company.team
                        flowId: second
            """,
        ),
    )

    id: Id
    """Tells it from others of the same trigger."""
    conditions: Annotated[dict[str, AnyCondition], Field(min_length=1)]
    """What must be met, by any name."""
    time_window: TimeWindow = TimeWindow()
    """Within which time."""
    reset_on_success: Flag = True
    """Whether all must be met anew once the trigger has started."""
    window: Duration | None = Field(default=None, deprecated="write `timeWindow.window`")
    """How long the time window is."""
    window_advance: Duration | None = Field(
        default=None, deprecated="write `timeWindow.windowAdvance`"
    )
    """How long after midnight the first time window of a day begins."""

    @model_validator(mode="before")
    @classmethod
    def _window_is_the_time_windows(cls, data: Any) -> Any:
        """Read the older properties of the time window as part of it."""
        older = {"window", "windowAdvance"}
        if not isinstance(data, dict) or not data.keys() & older:
            return data
        window = {name: data[name] for name in older if name in data}
        return {**data, "timeWindow": {**(data.get("timeWindow") or {}), **window}}

    def parts(self) -> dict[str, Callable[[ConditionContext], bool]]:
        """Return what must be met."""
        return {name: partial(_holds, each) for name, each in self.conditions.items()}

    def holds(self, context: ConditionContext) -> bool:
        """Return whether one execution meets all of it, for triggers that remember nothing."""
        return all(is_met(context) for is_met in self.parts().values())


def _holds(condition: Any, context: ConditionContext) -> bool:
    held: bool = condition.holds(context)
    return held
