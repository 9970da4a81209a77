"""`ScriptTrigger` and `CommandsTrigger` of the languages that have them.

They run a script again and again, and start an execution when its exit code or its outputs are what
is waited for. The classes (`ShellScriptTrigger`, …) are made when they are first asked for.
Behaviour: the triggers of Kestra's script plugins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import Field, PrivateAttr, create_model

from tiercel.plugin import (
    AnyTaskRunner,
    Example,
    Output,
    PollingTrigger,
    Property,
    RunContext,
    TaskError,
    Text,
    scratch_file,
)
from tiercel_scripts import tasks
from tiercel_scripts.languages import LANGUAGES, Language

if TYPE_CHECKING:
    from tiercel_scripts.base import ExecTask

__all__ = ["ScriptingTrigger"]

_EXIT = re.compile(r"exit\s+(\d+)", re.IGNORECASE)
_STATE = "matched.json"
_CONTENT: dict[str, tuple[Any, str, str]] = {
    "Script": (Property[str], "script", "The script's text."),
    "Commands": (Property[list[Text]], "commands", "The commands, one after the other."),
}


class ScriptEvent(Output):
    """What an execution sees as `trigger`: the run of the script that met the condition."""

    timestamp: datetime
    """When it ran."""
    condition: str
    """What was waited for."""
    exit_code: int | None = None
    """Its exit code."""
    vars: dict[str, Any] | None = None
    """Outputs that it printed as `::{"outputs": {…}}::`, by name."""


class ScriptingTrigger(PollingTrigger):
    """Run a script again and again, and start an execution when it says what is waited for."""

    kind: ClassVar[str]
    language: ClassVar[Language]
    output_type: ClassVar[type[Output] | None] = ScriptEvent

    container_image: Property[str]
    """The image to run in, for task runners that use containers."""
    task_runner: AnyTaskRunner | None = None
    """Where it runs; by default where script tasks run."""
    exit_condition: Property[str] | None = None
    """What is waited for: `exit 1`, an exit code, or a regular expression that is searched for in
    the outputs that were printed, `{status=ready, rows=3}`."""
    edge: Property[bool] = Property.of(True)
    """Start an execution only when the condition begins to hold, not as long as it does."""

    _task: ExecTask | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        """Make the task that is run, while the plugins can be asked for its runner."""
        _, name, _ = _CONTENT[self.kind]
        properties = {
            "id": self.id,
            "type": self.language.type_of(self.kind),
            "containerImage": self.container_image,
            name: getattr(self, name),
            **({"taskRunner": self.task_runner} if self.task_runner else {}),
        }
        cls = getattr(tasks, self.language.class_of(self.kind))
        self._task = cls.model_validate(properties, context=context)

    def poll(self, ctx: RunContext) -> ScriptEvent | None:
        """Run the script once.

        Returns:
            What came of it if that meets the condition, and did not meet it already before.

        Raises:
            TaskError: it could not be run at all.
        """
        event = self._event(ctx)
        matches = _matches(event)
        edge = ctx.render(self.edge)
        before = _exchange(ctx, matches) if edge else False
        return event if matches and not before else None

    def _event(self, ctx: RunContext) -> ScriptEvent:
        assert self._task is not None, "made with the trigger"
        began = datetime.now(UTC)
        condition = (ctx.render(self.exit_condition) or "").strip()
        try:
            found = self._task.run(cast(RunContext, _AsTask(ctx, self._task)))
        except TaskError as error:
            if error.outputs is None:
                raise
            exit_code, variables = error.outputs["exitCode"], error.outputs["vars"]
        else:
            exit_code, variables = found.exit_code, found.vars
        return ScriptEvent(
            timestamp=began,
            condition=condition,
            exit_code=cast(int, exit_code),
            vars=cast(dict[str, Any], variables),
        )


class _AsTask:
    """A poll's context with what the variables of a task run hold beside it: containers have it."""

    def __init__(self, ctx: RunContext, task: ExecTask) -> None:
        self._ctx = ctx
        # The same for every poll of one occasion, also when it is made again after a crash.
        occasion = ctx.storage.folder.rpartition("/")[2]
        self.variables: Mapping[str, Any] = {
            "execution": {"id": occasion},
            "taskrun": {"id": occasion, "attemptsCount": 0},
            **ctx.variables,
            "task": {"id": task.id, "type": task.type},
        }

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ctx, name)


def _matches(event: ScriptEvent) -> bool:
    if exact := _EXIT.fullmatch(event.condition):
        return event.exit_code == int(exact[1])
    if not event.condition or not event.vars:
        return False
    text = _text(event.vars)
    try:
        return re.search(event.condition, text) is not None
    except re.error:
        return event.condition in text


def _text(value: Any) -> str:
    """Return data as conditions are written for: Java's text of a map."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}={_text(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_text, value)) + "]"
        case None | bool():
            return json.dumps(value)
    return str(value)


def _exchange(ctx: RunContext, matches: bool) -> bool:
    """Remember whether the condition holds now; return whether it did at the occasion before.

    A poll that is made again after a crash finds what the lost one wrote, and answers the same.
    """
    occasion = ctx.storage.folder
    held: dict[str, Any] = {}
    file = ctx.storage.open_cached(_STATE)
    if file is not None:
        with file:
            held = json.load(file)
    before = held.get("before" if held.get("occasion") == occasion else "matches", False)
    path = scratch_file(ctx, ".json")
    state = {"occasion": occasion, "before": before, "matches": matches}
    path.write_text(json.dumps(state), encoding="utf-8")
    ctx.storage.put_cached(path, _STATE)
    return bool(before)


def __getattr__(name: str) -> Any:
    for language in LANGUAGES:
        for kind in _CONTENT:
            if language.has_triggers and name == language.class_of(f"{kind}Trigger"):
                globals()[name] = cls = _make(language, kind)
                return cls
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _make(language: Language, kind: str) -> type[ScriptingTrigger]:
    content, name, about = _CONTENT[kind]
    what = f"a {language.title} script" if kind == "Script" else "commands"
    where = "" if kind == "Script" else f" where {language.title} is installed"
    # Python's alone may do without, and then never start anything.
    condition = (Property[str] | None, None) if language.name == "python" else (Property[str], ...)
    fields: dict[str, Any] = {
        "container_image": (Property[str], Property.of(language.image)),
        name: (content, Field(description=about)),
        "exit_condition": condition,
    }
    cls = create_model(
        language.class_of(f"{kind}Trigger"),
        __base__=ScriptingTrigger,
        __doc__=f"Run {what} again and again{where}, and start an execution when it meets a "
        "condition.",
        __module__=__name__,
        **fields,
    )
    cls.kind, cls.language = kind, language
    cls.examples = (_example(language, kind),)
    return cls


def _example(language: Language, kind: str) -> Example:
    if kind == "Script":
        body = ["script: |", *(f"  {line}".rstrip() for line in language.sample.split("\n"))]
    else:
        body = ["commands:", "  - test -e /tmp/ready"]
    lines = [
        f"id: {language.name}_watch",
        "namespace: company.team",
        "",
        "tasks:",
        "  - id: tell",
        "    type: io.kestra.plugin.core.log.Log",
        '    message: "Exit code {{ trigger.exitCode }}"',
        "",
        "triggers:",
        "  - id: watch",
        f"    type: {language.type_of(f'{kind}Trigger')}",
        "    interval: PT10S",
        '    exitCondition: "exit 0"',
        *(f"    {line}".rstrip() for line in body),
    ]
    return Example(f"Start once it ends with 0, by {language.title}.", "\n".join(lines) + "\n")
