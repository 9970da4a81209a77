"""Tasks that change: `Set`, `Put` and `Delete`."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from tiercel.plugin import (
    ConflictError,
    Duration,
    Example,
    NotFoundError,
    Output,
    Property,
    RunContext,
    TaskError,
)
from tiercel_kv.key import KeyTask, missing
from tiercel_kv.value import KvType, typed

__all__ = ["Delete", "Put", "Set"]


class Set(KeyTask[Output]):
    """Write a key-value pair."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Remember a value for later executions",
            """\
id: kv_set
namespace: company.team

tasks:
  - id: remember
    type: io.kestra.plugin.core.kv.Set
    key: last_run
    value: "{{ execution.startDate }}"
    kvType: DATETIME
    ttl: P7D
""",
        ),
        Example(
            "Keep structured data, and fail rather than replace it",
            """\
id: kv_set_json
namespace: company.team

tasks:
  - id: limits
    type: io.kestra.plugin.core.kv.Set
    key: "limits_{{ execution.id }}"
    kvType: JSON
    overwrite: false
    value: |
      {"rows": 1000, "regions": ["north", "south"]}
""",
        ),
    )

    value: Property[str]
    """The value; a lone expression keeps its type unless `kvType` says otherwise."""
    kv_description: Property[str] | None = None
    """What the pair is for."""
    overwrite: Property[bool] = Property.of(True)
    """Replace an existing value; otherwise fail when there is one."""
    ttl: Property[Duration] | None = None
    """How long the pair lives; for ever by default."""
    kv_type: Property[KvType] | None = None
    """What the value's text is read as; it stays text by default."""

    def run(self, ctx: RunContext) -> None:
        """Write the pair.

        Raises:
            TaskError: the key or the value is invalid, or the key exists and may not change.
        """
        key = self.rendered_key(ctx)
        try:
            ctx.kv(ctx.render(self.namespace)).set(
                key,
                self._rendered_value(ctx),
                ttl=ctx.render(self.ttl),
                overwrite=ctx.render(self.overwrite),
                description=ctx.render(self.kv_description),
            )
        except ConflictError as error:
            raise TaskError(
                f"Cannot set value for key '{key}'. "
                "Key already exists and `overwrite` is set to `false`."
            ) from error

    def _rendered_value(self, ctx: RunContext) -> Any:
        constant = self.value.is_constant
        value = ctx.render(self.value) if constant else ctx.evaluate(self.value.raw)
        kind = ctx.render(self.kv_type)
        return typed(value, kind) if kind and isinstance(value, str) else value


class Put(KeyTask[Output]):
    """Replace the value of a key by the rendered text of another.

    A mapping or list is stored as its JSON text, as Kestra 1.3 does; use `Set` with `kvType: JSON`
    to keep data.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Replace a value that must exist",
            """\
id: kv_put
namespace: company.team

tasks:
  - id: first
    type: io.kestra.plugin.core.kv.Set
    key: stage
    value: draft

  - id: second
    type: io.kestra.plugin.core.kv.Put
    key: stage
    value: final
    errorOnMissing: true
""",
        ),
    )

    value: Property[Any]
    """The new value."""
    error_on_missing: Property[bool] = Property.of(False)
    """Fail when there is no such key; otherwise it is made."""

    def run(self, ctx: RunContext) -> None:
        """Write the new value.

        Raises:
            TaskError: the key is invalid, or missing with `errorOnMissing` set.
        """
        key, namespace = self.rendered_key(ctx), ctx.render(self.namespace)
        store = ctx.kv(namespace)
        if ctx.render(self.error_on_missing):
            try:
                store.get(key)
            except NotFoundError as error:
                raise missing(key, namespace) from error
        value = ctx.render(self.value)
        if not isinstance(value, str):
            value = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
        store.set(key, value)


class DeleteOutput(Output):
    """What `Delete` gives to later tasks."""

    deleted: bool = False
    """Whether there was such a key."""


class Delete(KeyTask[DeleteOutput]):
    """Delete a key."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Delete a key that is no longer needed",
            """\
id: kv_delete
namespace: company.team

tasks:
  - id: remember
    type: io.kestra.plugin.core.kv.Set
    key: scratch
    value: "1"

  - id: forget
    type: io.kestra.plugin.core.kv.Delete
    key: scratch
""",
        ),
    )

    error_on_missing: Property[bool] = Property.of(False)
    """Fail when there is no such key."""

    def run(self, ctx: RunContext) -> DeleteOutput:
        """Delete the key and say whether it was there.

        Raises:
            TaskError: there was no such key, and `errorOnMissing` is set.
        """
        key, namespace = self.rendered_key(ctx), ctx.render(self.namespace)
        deleted = ctx.kv(namespace).delete(key)
        if not deleted and ctx.render(self.error_on_missing):
            raise missing(key, namespace)
        return DeleteOutput(deleted=deleted)
