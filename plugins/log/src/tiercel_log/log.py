"""The `Log` task."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic.json_schema import SkipJsonSchema

from tiercel.plugin import Example, Output, Property, RunContext, Task, TaskError, Text

__all__ = ["Level", "Log"]

Level = Literal["ERROR", "WARN", "INFO", "DEBUG", "TRACE"]
"""How serious a log line is."""


class Log(Task[Output]):
    """Write one message, or several, to the log of the execution."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Greet whoever reads the log",
            """\
id: hello_world
namespace: company.team

tasks:
  - id: greeting
    type: io.kestra.plugin.core.log.Log
    message: "Hello from {{ flow.id }}"
""",
        ),
        Example(
            "Log several messages at another level",
            """\
id: several_messages
namespace: company.team

tasks:
  - id: notes
    type: io.kestra.plugin.core.log.Log
    level: WARN
    message:
      - "Execution {{ execution.id }} began at {{ execution.startDate }}"
      - Nobody has looked at it yet
""",
        ),
    )

    logged: ClassVar[tuple[str, ...]] = ("message",)

    # A mapping is refused when the task runs, not when the flow is saved: so does Kestra.
    message: Property[str | list[Text] | SkipJsonSchema[dict[str, Any]]]
    """The message, or a list of messages that become a line each."""
    level: Property[Level] = Property.of("INFO")
    """How serious the messages are."""

    def run(self, ctx: RunContext) -> None:
        """Render the messages and log them in order.

        Raises:
            TaskError: `message` is a mapping.
        """
        message = ctx.render(self.message)
        if isinstance(message, dict):
            raise TaskError(
                f"Invalid message type 'map': {message!r}; write a text or a list of texts",
                retryable=False,
            )
        level = ctx.render(self.level)
        for line in [message] if isinstance(message, str) else message:
            ctx.log(level, line)
