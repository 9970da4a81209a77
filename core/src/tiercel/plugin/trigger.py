"""What a trigger's author subclasses, and what a condition's author does.

A trigger only *decides*; it never starts anything itself. The engine asks it, creates the
execution, and writes that together with what the trigger remembers in one transaction, under an id
derived from the occasion: so one occasion starts one execution, whatever crashes.

    kind               asked                                   the occasion is
    ScheduledTrigger   for its next date                       the date
    PollingTrigger     every `interval`, on a worker           the date of the poll
    RequestTrigger     when a request for its key comes in     the request
    ExecutionTrigger   when an execution changes its state     the execution and its state

All but `PollingTrigger.poll` must be pure: no I/O, no clock, no randomness; what they may know is
in the context they are given.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar, cast

from tiercel._record import record
from tiercel.errors import TaskError
from tiercel.model.base import Dynamic
from tiercel.model.duration import Duration
from tiercel.model.execution import Execution, State
from tiercel.model.trigger import AnyCondition, ConditionBase, TriggerBase

if TYPE_CHECKING:
    from tiercel.plugin.context import RunContext
    from tiercel.plugin.property import Property
    from tiercel.plugin.task import Example, Output

__all__ = [
    "Accept",
    "AnyCondition",
    "Condition",
    "ConditionContext",
    "Execution",
    "ExecutionTrigger",
    "FlowRef",
    "Ignore",
    "PollingTrigger",
    "Refuse",
    "Remember",
    "Request",
    "RequestTrigger",
    "ScheduledTrigger",
    "Start",
    "Trigger",
]

T = TypeVar("T")


@record
class FlowRef:
    """The flow that a trigger stands in."""

    namespace: str
    id: str
    revision: int = 1
    tenant: str = "main"


@record
class ConditionContext:
    """What a condition, or a trigger that decides, may look at.

    Attributes:
        flow: the flow that the trigger stands in.
        variables: what expressions see: `flow`, `trigger`, and for an execution also `execution`,
            `inputs`, `outputs`, `labels`, `vars`.
        evaluate: (template, as text) → the rendered value; with `as text` false a lone expression
            keeps its native type. Raises ExpressionError.
        date: the moment that the trigger is asked about, with an offset; None where there is none.
        execution: the execution that changed its state; None for other kinds of trigger.
    """

    flow: FlowRef
    variables: Mapping[str, Any]
    evaluate: Callable[[str, bool], Any]
    date: datetime | None = None
    execution: Execution | None = None

    def render(self, value: Property[T]) -> T:
        """Return a property's value with its expressions rendered.

        Raises:
            ExpressionError: an expression is wrong.
            TaskError: the rendered value is not of the property's type.
        """

        def render(raw: Any, as_text: bool) -> Any:
            if isinstance(raw, str):
                return self.evaluate(raw, as_text)
            if isinstance(raw, list):
                return [render(item, as_text) for item in raw]
            if isinstance(raw, dict):
                return {render(key, True): render(item, as_text) for key, item in raw.items()}
            return raw

        try:
            return value.resolve(render)
        except ValueError as error:
            raise TaskError(f"Invalid value {value.raw!r}: {error}", retryable=False) from error


class Condition(ConditionBase):
    """Something that is true or false about an execution or a moment: write `holds`.

    One that has conditions of its own declares them as `conditions: list[AnyCondition]`.
    """

    examples: ClassVar[tuple[Example, ...]] = ()

    @abstractmethod
    def holds(self, context: ConditionContext) -> bool:
        """Return whether it is true.

        Raises:
            ExpressionError: an expression is wrong.
            TaskError: a rendered value is not of its property's type.
        """

    def is_about_dates(self) -> bool:
        """Return whether the date alone decides, so that it can be asked about dates to come."""
        return False


class Trigger(TriggerBase):
    """What every kind of trigger has; subclass one of the kinds."""

    examples: ClassVar[tuple[Example, ...]] = ()
    output_type: ClassVar[type[Output] | None] = None
    """What expressions find under `trigger`, for docs and checks."""

    def all_conditions(self) -> tuple[Condition, ...]:
        """Return the conditions that must hold, or it does not start anything."""
        return cast("tuple[Condition, ...]", tuple(self.conditions or ()))

    def start_inputs(self) -> Mapping[str, Any]:
        """Return the inputs of the executions it starts, unrendered, by input id."""
        return {}


class _WithInputs(Trigger):
    """A trigger that gives inputs to the executions it starts."""

    inputs: Annotated[dict[str, Any], Dynamic] | None = None
    """Inputs of the executions it starts; may hold expressions."""

    def start_inputs(self) -> Mapping[str, Any]:
        """Return the inputs of the executions it starts, unrendered, by input id."""
        return self.inputs or {}


# At dates


class ScheduledTrigger(_WithInputs):
    """Starts an execution at certain dates: write `next_date` and `previous_date`.

    Both answer for the bare schedule. That the conditions must hold on a date, that dates were
    missed while nothing ran, that one is too late, and backfills: the engine sees to all that.
    """

    recover_missed_schedules: Literal["LAST", "NONE", "ALL"] | None = None
    """Which of the dates that were missed are made up for; ALL by default."""

    def maximum_delay(self) -> timedelta | None:
        """Return how late an execution may start; a date that is later than that is let go."""
        return None

    @abstractmethod
    def next_date(self, after: datetime, context: ConditionContext) -> datetime | None:
        """Return the first date strictly after `after`, in the trigger's own zone; None at the end.

        Raises:
            ExpressionError: an expression is wrong.
        """

    @abstractmethod
    def previous_date(self, before: datetime, context: ConditionContext) -> datetime | None:
        """Return the last date strictly before `before`, in the trigger's own zone, or None."""

    def date_variables(
        self, date: datetime, previous: datetime | None, following: datetime | None
    ) -> Mapping[str, Any]:
        """Return what an execution started at `date` sees as `trigger`; dates become ISO texts.

        Args:
            date: the date, in the trigger's own zone.
            previous: the last date before it on which the conditions hold.
            following: the first date after it on which they do.
        """
        dates = {"date": date, "next": following, "previous": previous}
        return {name: each for name, each in dates.items() if each is not None}


# By polling


class PollingTrigger(Trigger):
    """Looks for something again and again and starts an execution when it finds it: write `poll`.

    It runs where tasks run, with their logs, storage and secrets.
    """

    interval: Duration = timedelta(minutes=1)
    """How long to wait between two looks."""

    @abstractmethod
    def poll(self, ctx: RunContext) -> Output | None:
        """Look once: what is returned is seen as `trigger` by an execution; None starts nothing.

        It may be called again for the same occasion after a crash.
        """


# By requests


@record
class Request:
    """An HTTP request to a trigger's address.

    Attributes:
        method: GET, POST or PUT.
        headers: values by name, as they were sent.
        query: values by parameter.
        body: as it was sent.
        path: what follows the key in the address.
    """

    method: str = "POST"
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body: bytes = b""
    path: str = ""

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whose name may be in any case, or None."""
        wanted = name.lower()
        for key, values in self.headers.items():
            if key.lower() == wanted and values:
                return values[0]
        return None


@record
class Accept:
    """Start an execution that sees `variables` as `trigger`, if the conditions hold."""

    variables: Mapping[str, Any]


@record
class Refuse:
    """Start nothing, and answer with an HTTP status and a reason."""

    status: int
    message: str


class RequestTrigger(_WithInputs):
    """Starts an execution on an HTTP request: write `secret_key` and `receive`."""

    wait: bool = False
    """Answer only when the execution has ended."""
    return_outputs: bool = False
    """Answer with the flow's outputs; with `wait` only."""

    @abstractmethod
    def secret_key(self, context: ConditionContext) -> str:
        """Return the part of the address that names the trigger; who knows it may start it."""

    @abstractmethod
    def receive(self, request: Request, context: ConditionContext) -> Accept | Refuse:
        """Say what becomes of a request whose key is right."""

    def answer_status(self, context: ConditionContext) -> int:
        """Return the HTTP status of the answer; `context` sees the execution, ended with `wait`."""
        return 200

    def answer_content_type(self) -> str:
        """Return the media type of the answer."""
        return "application/json"


# By executions


@record
class Start:
    """Start an execution that sees `variables` as `trigger`; `memory` replaces what was kept."""

    variables: Mapping[str, Any]
    memory: Mapping[str, Any] | None = None


@record
class Remember:
    """Start nothing yet, but keep `memory` (JSON-like) for the next time."""

    memory: Mapping[str, Any] | None


@record
class Ignore:
    """Nothing of interest."""


class ExecutionTrigger(_WithInputs):
    """Starts an execution when executions of other flows change their state: write `consider`."""

    @abstractmethod
    def awaited_states(self) -> frozenset[State]:
        """Return the states of executions that it is told of."""

    @abstractmethod
    def consider(
        self, context: ConditionContext, memory: Mapping[str, Any] | None, at: datetime
    ) -> Start | Remember | Ignore:
        """Say what a change of state leads to.

        Args:
            context: holds the execution in its new state.
            memory: what this trigger asked to remember, or None.
            at: the time of the change.
        """
