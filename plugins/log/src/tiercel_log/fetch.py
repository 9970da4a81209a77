"""`Fetch`: log lines as a file."""

from __future__ import annotations

import secrets
from typing import ClassVar

from tiercel.plugin import Example, Output, Property, RunContext, Task, Uri, ion
from tiercel_log.log import Level

__all__ = ["Fetch"]


class FetchOutput(Output):
    """What `Fetch` gives to later tasks."""

    size: int | None = None
    """How many lines there are."""
    uri: Uri | None = None
    """The file: a record a line, as Amazon Ion."""


class Fetch(Task[FetchOutput]):
    """Write log lines of an execution, by default those of this one so far, to a file."""

    deprecated: ClassVar[str | None] = "Ask the API instead"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Keep what went wrong",
            """\
id: fetch_logs
namespace: company.team

tasks:
  - id: trouble
    type: io.kestra.plugin.core.log.Log
    level: ERROR
    message: The disk is nearly full

  - id: errors
    type: io.kestra.plugin.core.log.Fetch
    level: ERROR

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.errors.size }} errors: {{ read(outputs.errors.uri) }}"
""",
        ),
    )

    namespace: Property[str] | None = None
    """Accepted for compatibility: an execution's id is enough to find it."""
    flow_id: Property[str] | None = None
    """Accepted for compatibility."""
    execution_id: Property[str] | None = None
    """The execution; this one by default."""
    tasks_id: Property[list[str]] | None = None
    """Only lines of these tasks; by default of all, and of the execution itself."""
    level: Property[Level] = Property.of("INFO")
    """The lowest level."""

    def run(self, ctx: RunContext) -> FetchOutput:
        """Write the lines.

        Raises:
            NotFoundError: there is no such execution.
        """
        execution_id = ctx.render(self.execution_id) or ctx.variables["execution"]["id"]
        task_ids = ctx.render(self.tasks_id)
        lines = ctx.executions.log_lines(
            execution_id, level=ctx.render(self.level), task_ids=task_ids or ()
        )
        with ctx.storage.create(f"{secrets.token_hex(8)}.ion") as file:
            count = ion.dump_lines(lines, file)
        return FetchOutput(size=count, uri=file.uri)
