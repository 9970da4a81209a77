"""What a flow's YAML means: the frozen tree that everything else reads.

Properties: `conformance/schema/flow.json`. The text itself is kept verbatim in `source`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from tiercel.model.base import Dynamic, Flag, Model, Text, scalar_text
from tiercel.model.duration import Duration
from tiercel.model.input_base import AnyInput, DataType, InputId
from tiercel.model.labels import Labels
from tiercel.model.retry import Retry
from tiercel.model.task import AnyTask, TaskBase, TaskList, WorkerGroup
from tiercel.model.trigger import AnyCondition, AnyTrigger

__all__ = [
    "AssertionSla",
    "Check",
    "CheckBehavior",
    "CheckStyle",
    "Concurrency",
    "ConcurrencyBehavior",
    "Flow",
    "FlowOutput",
    "Listener",
    "MaxDurationSla",
    "PluginDefault",
    "Sla",
    "SlaBehavior",
]

FlowId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]*$", min_length=1, max_length=100),
    BeforeValidator(scalar_text),
]
"""A flow's id."""

Namespace = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$", min_length=1, max_length=150),
    BeforeValidator(scalar_text),
]
"""Lowercase names joined by dots."""

NonEmptyText = Annotated[Text, Field(min_length=1)]


class ConcurrencyBehavior(StrEnum):
    """What becomes of an execution that is one too many."""

    QUEUE = "QUEUE"
    CANCEL = "CANCEL"
    FAIL = "FAIL"


class Concurrency(Model):
    """How many executions of the flow run at once."""

    limit: int = Field(ge=1)
    """How many may run."""
    behavior: ConcurrencyBehavior = ConcurrencyBehavior.QUEUE
    """What becomes of the others."""


class SlaBehavior(StrEnum):
    """What a broken service level does to the execution."""

    FAIL = "FAIL"
    CANCEL = "CANCEL"
    NONE = "NONE"


class _SlaBase(Model):
    id: NonEmptyText
    """Unique in its flow."""
    behavior: SlaBehavior
    """What happens when it is broken."""
    labels: Labels | None = None
    """Labels that the execution gets then."""


class MaxDurationSla(_SlaBase):
    """An execution takes no longer than this."""

    type: Literal["MAX_DURATION"]
    duration: Duration
    """How long."""


class AssertionSla(_SlaBase):
    """An expression holds when the execution ends."""

    type: Literal["EXECUTION_ASSERTION"]
    assert_: NonEmptyText = Field(alias="assert")
    """The expression."""


Sla = Annotated[MaxDurationSla | AssertionSla, Field(discriminator="type")]
"""A service level, told apart by `type`."""


class CheckBehavior(StrEnum):
    """What a check that does not hold does to a new execution."""

    BLOCK_EXECUTION = "BLOCK_EXECUTION"
    FAIL_EXECUTION = "FAIL_EXECUTION"
    CREATE_EXECUTION = "CREATE_EXECUTION"


class CheckStyle(StrEnum):
    """How a check's message is shown."""

    ERROR = "ERROR"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    INFO = "INFO"


class Check(Model):
    """Something that is looked at before an execution begins."""

    condition: NonEmptyText
    """An expression over the inputs that must give the boolean true."""
    message: NonEmptyText
    """What to say when it does not."""
    behavior: CheckBehavior = CheckBehavior.BLOCK_EXECUTION
    """What becomes of the execution then."""
    style: CheckStyle = CheckStyle.INFO
    """How the message is shown."""


class PluginDefault(Model):
    """Values for properties of every task or trigger of some type."""

    type: NonEmptyText
    """The type, or what it begins with."""
    forced: Flag = False
    """Whether they win over what the task itself says."""
    values: dict[str, Any] | None = None
    """Values by property."""
    ref: Text | None = None
    """Apply only where a task's `pluginDefaultsRef` says the same."""


class FlowOutput(Model):
    """A value that an execution of the flow gives to whoever started it."""

    id: InputId
    """How it is named."""
    type: DataType
    """What kind of value it is."""
    value: Any
    """The value; text in it, however deep, may hold expressions."""
    description: Text | None = None
    """For people; Markdown."""
    display_name: Text | None = None
    """How the UI names it."""
    required: Flag = True
    """Whether null is an error."""


class Listener(Model):
    """Tasks to run on a change of state; no longer run, `afterExecution` does this now."""

    description: Text | None = None
    conditions: list[AnyCondition] | None = None
    tasks: TaskList


class Flow(Model):
    """A flow: what is done, in which order, on which occasions."""

    id: FlowId
    """Unique in its namespace."""
    namespace: Namespace
    """Where the flow lives; part of its identity."""
    revision: int | None = Field(default=None, ge=1)
    """Which version of the flow; given by the repository when it is saved."""
    tenant_id: SkipJsonSchema[Text | None] = None
    """The tenant; given by the server."""
    description: Text | None = None
    """For people; Markdown."""
    labels: Labels | None = None
    """Labels of every execution of the flow."""
    inputs: list[AnyInput] | None = None
    """Values that an execution is given."""
    variables: dict[str, Any] | None = None
    """Values that expressions find under `vars`; rendered when they are used."""
    tasks: TaskList
    """What runs, one after the other."""
    errors: list[AnyTask] | None = None
    """What runs after a task failed."""
    finally_: list[AnyTask] | None = Field(default=None, alias="finally")
    """What runs at the end in any case, before the execution's state is final."""
    after_execution: list[AnyTask] | None = None
    """What runs once the execution's state is final."""
    outputs: Annotated[list[FlowOutput], Dynamic] | None = None
    """Values that the execution gives to whoever started it."""
    triggers: list[AnyTrigger] | None = None
    """What starts executions by itself."""
    plugin_defaults: list[PluginDefault] | None = None
    """Properties of tasks and triggers, by type; already applied to the tasks of this object."""
    task_defaults: list[PluginDefault] | None = Field(
        default=None, deprecated="write `pluginDefaults`"
    )
    """The older word for `pluginDefaults`."""
    retry: Retry | None = None
    """What to do when an execution failed."""
    concurrency: Concurrency | None = None
    """How many executions run at once; no limit when not given."""
    sla: list[Sla] | None = None
    """Service levels."""
    checks: list[Check] | None = None
    """What is looked at before an execution begins."""
    disabled: Flag = False
    """No execution may begin."""
    deleted: Flag = False
    """Set by the server on a deleted flow."""
    updated: datetime | None = None
    """Set by the server."""
    worker_group: WorkerGroup | None = None
    """Accepted for compatibility; there are no worker groups."""
    listeners: list[Listener] | None = Field(default=None, deprecated="write `afterExecution`")
    """Accepted for compatibility, and ignored."""
    source: SkipJsonSchema[str] = Field(default="", exclude=True, repr=False)
    """The text that the flow was read from, as it was written."""

    def all_lists(self) -> Iterator[tuple[str, list[TaskBase]]]:
        """Yield the flow's own task lists with their property names, those that are given."""
        yield "tasks", self.tasks
        for name, tasks in (
            ("errors", self.errors),
            ("finally", self.finally_),
            ("afterExecution", self.after_execution),
        ):
            if tasks:
                yield name, tasks

    def label_pairs(self) -> tuple[tuple[str, str], ...]:
        """Return the labels as (key, value) pairs, as executions hold them."""
        return tuple((label.key, label.value) for label in self.labels or ())

    @cached_property
    def task_by_id(self) -> dict[str, TaskBase]:
        """The tasks of the flow's own lists by id; not those below flowable tasks."""
        return {task.id: task for _, tasks in self.all_lists() for task in tasks}

    @cached_property
    def spare_defaults(self) -> dict[str, Any]:
        """What expressions see of inputs without a value, by full id; see `literal_defaults`."""
        if all(
            each.depends_on is None and each.required and each.type != "FORM"
            for each in self.inputs or ()
        ):
            return {}
        from tiercel.model.input_values import literal_defaults

        return literal_defaults(self.inputs)

    def task(self, task_id: str) -> TaskBase | None:
        """Return the task of one of the flow's own lists, or None."""
        return self.task_by_id.get(task_id)

    def _repr_html_(self) -> str:
        from tiercel.model.display import flow_html

        return flow_html(self)

    def _repr_markdown_(self) -> str:
        from tiercel.model.display import flow_markdown

        return flow_markdown(self)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        from tiercel.model.display import flow_line

        printer.text(flow_line(self))
