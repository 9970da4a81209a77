"""Tasks that look: `Get` and `GetKeys`."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from tiercel.plugin import Example, NotFoundError, Output, Property, RunContext
from tiercel_kv.key import KeyTask, NamespaceTask, missing

__all__ = ["Get", "GetKeys"]


class GetOutput(Output):
    """What `Get` gives to later tasks."""

    value: Any = None
    """The value, of the type it was set with: a duration in seconds, a date as ISO-8601 text.

    Absent when there is no such key.
    """


class Get(KeyTask[GetOutput]):
    """Read the value of a key; in an expression, `kv('key')` does the same."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Read a value and fail when there is none",
            """\
id: kv_get
namespace: company.team

tasks:
  - id: remember
    type: io.kestra.plugin.core.kv.Set
    key: last_file
    value: orders.csv

  - id: recall
    type: io.kestra.plugin.core.kv.Get
    key: last_file
    errorOnMissing: true

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.recall.value }}"
""",
        ),
    )

    error_on_missing: Property[bool] = Property.of(False)
    """Fail when there is no such key; otherwise the task ends without outputs."""

    def run(self, ctx: RunContext) -> GetOutput:
        """Return the value.

        Raises:
            TaskError: there is no such key, and `errorOnMissing` is set.
        """
        key, namespace = self.rendered_key(ctx), ctx.render(self.namespace)
        try:
            return GetOutput(value=_as_output(ctx.kv(namespace).get(key)))
        except NotFoundError as error:
            if ctx.render(self.error_on_missing):
                raise missing(key, namespace) from error
            return GetOutput()


class GetKeysOutput(Output):
    """What `GetKeys` gives to later tasks."""

    keys: list[str] | None = None
    """The keys, sorted."""


class GetKeys(NamespaceTask[GetKeysOutput]):
    """List the keys of a namespace."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "List the keys that begin alike",
            """\
id: kv_get_keys
namespace: company.team

tasks:
  - id: remember
    type: io.kestra.plugin.core.kv.Set
    key: invoice_2024
    value: paid

  - id: invoices
    type: io.kestra.plugin.core.kv.GetKeys
    prefix: invoice_

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.invoices.keys }}"
""",
        ),
    )

    prefix: Property[str] | None = None
    """Only keys that begin like this; all by default."""

    def run(self, ctx: RunContext) -> GetKeysOutput:
        """Return the keys."""
        store = ctx.kv(ctx.render(self.namespace))
        return GetKeysOutput(keys=list(store.keys(ctx.render(self.prefix) or "")))


def _as_output(value: Any) -> Any:
    """Return a stored value as outputs hold it (golden: `300.0` for a stored `PT5M`)."""
    match value:
        case timedelta():
            return value.total_seconds()
        case datetime(tzinfo=None):
            return value.isoformat()
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
    return value
