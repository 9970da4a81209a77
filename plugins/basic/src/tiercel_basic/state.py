"""`Set`, `Get` and `Delete` of states: small maps that outlive an execution.

A state is a key-value pair of the flow's namespace; `tiercel-kv` brings tasks with fewer rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar, TypeVar

from tiercel.plugin import Example, NotFoundError, Output, Property, RunContext, Task, TaskError

__all__ = ["Delete", "Get", "Set"]

OutputT = TypeVar("OutputT", bound=Output, covariant=True)

_DEPRECATED = "Use io.kestra.plugin.core.kv.Set, Get and Delete"
_EXAMPLE = """\
id: remember_a_state
namespace: company.team

tasks:
  - id: remember
    type: io.kestra.plugin.core.state.Set
    data:
      last: "{{ execution.id }}"

  - id: recall
    type: io.kestra.plugin.core.state.Get

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.recall.data.last }}"

  - id: forget
    type: io.kestra.plugin.core.state.Delete
"""


class _StateTask(Task[OutputT]):
    deprecated: ClassVar[str | None] = _DEPRECATED

    name: Property[str] = Property.of("default")
    """The state's name."""
    namespace: Property[bool] = Property.of(False)
    """Whether all flows of the namespace share it; it is the flow's own by default."""
    taskrun_value: Property[bool] = Property.of(True)
    """Whether each value of a loop has a state of its own."""

    def _key(self, ctx: RunContext) -> str:
        flow = "" if ctx.render(self.namespace) else ctx.render_text("{{ flow.id | slugify }}_")
        key = f"{flow}states_tasks-states_{ctx.render(self.name)}"
        value = ctx.variables["taskrun"].get("value")
        if value is None or not ctx.render(self.taskrun_value):
            return key
        # A loop's value can be any text; a key cannot.
        return f"{key}_{sha256(str(value).encode()).hexdigest()[:32]}"


class SetOutput(Output):
    """What `Set` gives to later tasks."""

    count: int
    """How many entries the state has now."""
    key: str
    """The key of the pair that holds it."""


class Set(_StateTask[SetOutput]):
    """Add entries to a state, or replace some."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example("Remember something for later executions", _EXAMPLE),
    )

    data: Property[dict[str, Any]] | None = None
    """The entries. Maps are merged with those that are there, lists get what they lack."""

    def run(self, ctx: RunContext) -> SetOutput:
        """Merge the entries into the state."""
        key, store = self._key(ctx), ctx.kv()
        try:
            state = store.get(key)
        except NotFoundError:
            state = {}
        data = ctx.render(self.data)
        state = _merged(state, data or {})
        store.set(key, state)
        return SetOutput(count=len(state), key=key)


class GetOutput(Output):
    """What `Get` gives to later tasks."""

    count: int
    """How many entries the state has."""
    data: dict[str, Any]
    """The entries."""


class Get(_StateTask[GetOutput]):
    """Read a state."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example("Read what an execution remembered", _EXAMPLE),
    )

    error_on_missing: Property[bool] = Property.of(False)
    """Fail when there is no such state; otherwise it has no entries."""

    def run(self, ctx: RunContext) -> GetOutput:
        """Return the entries.

        Raises:
            TaskError: there is no such state, and `errorOnMissing` is set.
        """
        key = self._key(ctx)
        try:
            state = ctx.kv().get(key)
        except NotFoundError as error:
            if ctx.render(self.error_on_missing):
                raise _missing(key) from error
            state = {}
        return GetOutput(count=len(state), data=state)


class DeleteOutput(Output):
    """What `Delete` gives to later tasks."""

    deleted: bool
    """Whether there was such a state."""


class Delete(_StateTask[DeleteOutput]):
    """Delete a state."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example("Forget what an execution remembered", _EXAMPLE),
    )

    error_on_missing: Property[bool] = Property.of(False)
    """Fail when there is no such state."""

    def run(self, ctx: RunContext) -> DeleteOutput:
        """Delete the state and say whether it was there.

        Raises:
            TaskError: it was not, and `errorOnMissing` is set.
        """
        key = self._key(ctx)
        deleted = ctx.kv().delete(key)
        if not deleted and ctx.render(self.error_on_missing):
            raise _missing(key)
        return DeleteOutput(deleted=deleted)


def _missing(key: str) -> TaskError:
    return TaskError(f"State {key} not found")


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Merge as Kestra does: an entry without value changes nothing (`MapUtils.merge`)."""
    result = dict(old)
    for key, value in new.items():
        known = result.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            result[key] = _merged(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            result[key] = [*known, *(each for each in value if each not in known)]
        elif value is not None or known is None:
            result[key] = value
    return result
