"""The properties that every task has, and how a task's `type` picks its class.

The classes themselves come from plugins: whoever loads a flow passes a resolver in pydantic's
validation context (`{"resolve": resolver}`), so this room needs no registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    PydanticUserError,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from tiercel.errors import PluginError, UnknownTypeError
from tiercel.model.assets import AssetsDeclaration
from tiercel.model.base import Flag, MadeBy, Model, Text, dynamic_schema, scalar_text
from tiercel.model.duration import Duration
from tiercel.model.retry import Retry

__all__ = [
    "AnyTask",
    "Id",
    "LogLevel",
    "TaskBase",
    "TypedModel",
    "WorkerGroup",
    "kind_schema",
    "typed_field",
]

Id = Annotated[
    str,
    StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$", min_length=1, max_length=256),
    BeforeValidator(scalar_text),
]
"""A task's or trigger's id: letters, digits, `_` and `-`."""

LogLevel = Literal["ERROR", "WARN", "INFO", "DEBUG", "TRACE"]
"""How serious a log line is."""

Resolver = Callable[[str, str], type["TypedModel"]]
"""From a type's name and kind (`task`, `trigger`, …) to its class.

Raises:
    UnknownTypeError: no plugin brings it.
    PluginError: the plugin that brings it is broken.
"""


class TypedModel(Model):
    """A model whose `type` names the plugin class that stands behind it."""

    type: Text
    """The plugin's type, such as `io.kestra.plugin.core.log.Log`."""

    type_name: ClassVar[str] = ""
    """The canonical type, set by the registry when it loads the class."""
    deprecated: ClassVar[str | None] = None
    """What to write instead, when the type is an old one; None otherwise."""
    extra_variables: ClassVar[Mapping[str, str]] = {}
    """Variables that only its own expressions see: name → what it is, for checks and editors.

    A dot leads into a variable that is there anyway: `taskrun.items`."""

    def advice(self) -> Iterable[str]:
        """Return what is worth a warning when the flow is validated, though it is accepted."""
        return ()


DynamicDuration = Annotated[
    Text, WithJsonSchema(dynamic_schema({"type": "string", "format": "duration"}))
]
"""A length of time, or the expression for one; what is wrong with it shows when it is used."""


class WorkerGroup(Model):
    """Where a task would run in Kestra Enterprise; accepted and ignored."""

    key: Text | None = None
    """The group's name."""
    fallback: Literal["CANCEL", "WAIT", "FAIL"] | None = None
    """What to do while there is no worker in it."""


class TaskCache(Model):
    """Whether a task's outputs are kept for later executions."""

    enabled: Flag
    """Whether they are."""
    ttl: Duration | None = None
    """How long they are good for; for ever by default."""


class TaskBase(TypedModel):
    """What every task can declare beside its own properties."""

    id: Id
    """Unique in its flow."""
    description: Text | None = None
    """For people; Markdown."""
    retry: Retry | None = None
    """When to try again after a failure."""
    timeout: DynamicDuration | None = None
    """How long an attempt may run, an ISO-8601 duration; may be an expression."""
    disabled: Flag = False
    """Leave the task out, as if it were not written."""
    run_if: Text = "true"
    """Run only when this renders to something true; otherwise the task is SKIPPED."""
    allow_failure: Flag = False
    """A failure ends the task in WARNING, and the flow goes on."""
    allow_warning: Flag = False
    """A warning ends the task in SUCCESS."""
    log_level: LogLevel | None = None
    """Log lines below this level are dropped."""
    log_to_file: Flag = False
    """Write the logs to a file in internal storage instead."""
    task_cache: TaskCache | None = None
    """Reuse the outputs of an earlier run of the same task."""
    worker_group: WorkerGroup | None = None
    """Accepted for compatibility; there are no worker groups."""
    version: Text | None = None
    """Accepted for compatibility; the plugin's installed version runs."""
    plugin_defaults_ref: Text | None = None
    """Which of the flow's named plugin defaults apply."""
    assets: AssetsDeclaration | None = None
    """Accepted for compatibility; there is no catalogue of assets."""

    runnable: ClassVar[bool] = True
    """Whether it does work itself; a flowable task only decides what runs."""
    uses_timeout: ClassVar[bool] = False
    """Whether it looks at its `timeout` itself, though it is not runnable."""
    runs_flow: ClassVar[bool] = False
    """Whether its `namespace` and `flowId` name a flow that it runs."""
    logged: ClassVar[tuple[str, ...]] = ()
    """Properties, as flows write them, whose values it writes into the log, for checks."""


def kind_schema(kind: str) -> WithJsonSchema:
    """Return the JSON Schema of a property that holds anything of a kind.

    It only names the kind: `tiercel.schema` puts the list of types in its place.
    """
    return WithJsonSchema({"type": "object", "x-tiercel-kind": kind})


def typed_field(kind: str, base: type[TypedModel]) -> MadeBy:
    """Return an annotation that builds the class named by a mapping's `type`.

    Args:
        kind: what the resolver is asked for: `task`, `trigger`, `condition`, `task runner`.
        base: what the class must derive from.
    """

    def validate(value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, base):
            return value
        if not isinstance(value, dict):
            raise PydanticCustomError("not_a_mapping", f"A {kind} is a mapping with a `type`")
        if value.get("type") is None:
            raise PydanticCustomError("missing_type", f"A {kind} needs a `type`")
        context = info.context or {}
        resolve: Resolver = context["resolve"]
        name = scalar_text(value["type"])
        if not isinstance(name, str):
            raise PydanticCustomError("type_not_text", "A `type` is text")
        try:
            cls = resolve(name, kind)
        except UnknownTypeError as error:
            raise PydanticCustomError(
                "unknown_type",
                "{reason}",
                {
                    "reason": str(error),
                    "suggestion": error.suggestion,
                    "package": error.package,
                },
            ) from error
        except PluginError as error:
            raise PydanticCustomError(
                "broken_plugin", "{reason}", {"reason": str(error)}
            ) from error
        if not (isinstance(cls, type) and issubclass(cls, base)):
            reason = f"Plugin object {cls!r} of {name!r} is broken: it is no {kind} class"
            raise PydanticCustomError("broken_plugin", "{reason}", {"reason": reason})
        try:
            return cls.model_validate(value, context=context)
        except (TypeError, PydanticUserError) as error:  # an abstract class, an unknown name
            reason = f"Plugin class {cls.__qualname__} of {name!r} is broken: {error}"
            raise PydanticCustomError("broken_plugin", "{reason}", {"reason": reason}) from error

    return MadeBy(validate)


def _dump(model: TypedModel) -> dict[str, Any]:
    return model.model_dump(by_alias=True, exclude_unset=True)


AnyTask = Annotated[
    TaskBase,
    typed_field("task", TaskBase),
    PlainSerializer(_dump, return_type=dict),
    kind_schema("task"),
]
"""A task of whatever type its `type` names."""

TaskList = Annotated[list[AnyTask], Field(min_length=1)]
"""At least one task, in order."""
