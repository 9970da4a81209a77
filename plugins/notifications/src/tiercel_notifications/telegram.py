"""`TelegramSend` and `TelegramExecution`: messages by a bot."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from tiercel.plugin import Example, Output, Property, RunContext, Task
from tiercel_notifications.report import ExecutionReport
from tiercel_notifications.sending import RequestOptions, post

__all__ = ["TelegramExecution", "TelegramSend"]

_API = "https://api.telegram.org"


class ParseMode(StrEnum):
    """How the text is marked up."""

    HTML = "HTML"
    MARKDOWNV2 = "MARKDOWNV2"


class TelegramMessage(Task[Output]):
    """Whom a bot writes to, and how."""

    token: Property[str]
    """The bot's token."""
    channel: Property[str]
    """The channel, the group or the person: an id, or `@name`."""
    parse_mode: Property[ParseMode] | None = None
    """How the text is marked up; not at all by default."""
    endpoint_override: Property[str] | None = None
    """The URL of another server that speaks Telegram's bot protocol."""
    options: RequestOptions | None = None
    """How the request is made."""

    def _send(self, ctx: RunContext, text: str) -> None:
        """Send a text.

        Raises:
            TaskError: Telegram cannot be reached, or refused.
        """
        base = (ctx.render(self.endpoint_override) or _API).rstrip("/")
        mode = ctx.render(self.parse_mode)
        payload = {"chat_id": ctx.render(self.channel), "text": text}
        if mode is not None:
            payload["parse_mode"] = "HTML" if mode is ParseMode.HTML else "MarkdownV2"
        post(ctx, f"{base}/bot{ctx.render(self.token)}/sendMessage", payload, self.options)


class TelegramSend(TelegramMessage):
    """Send a message with a bot of Telegram."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Send a message to a channel",
            """\
id: telegram
namespace: company.team

tasks:
  - id: tell
    type: io.kestra.plugin.telegram.TelegramSend
    token: "{{ secret('TELEGRAM_TOKEN') }}"
    channel: "-1001234567890"
    payload: Hello from {{ flow.id }}
""",
        ),
    )

    payload: Property[str]
    """The text."""

    def run(self, ctx: RunContext) -> Output:
        """Send the message.

        Raises:
            TaskError: Telegram cannot be reached, or refused.
        """
        self._send(ctx, ctx.render(self.payload))
        return Output()


class TelegramExecution(ExecutionReport, TelegramMessage):
    """Tell of an execution with a bot of Telegram."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Tell a channel how an execution went",
            """\
id: telegram_execution
namespace: company.team

tasks:
  - id: work
    type: io.kestra.plugin.core.log.Log
    message: The work is done

finally:
  - id: tell
    type: io.kestra.plugin.telegram.TelegramExecution
    token: "{{ secret('TELEGRAM_TOKEN') }}"
    channel: "-1001234567890"
""",
        ),
    )

    payload: Property[str] | None = None
    """A text to send instead of the report."""

    def run(self, ctx: RunContext) -> Output:
        """Send the report.

        Raises:
            NotFoundError: there is no such execution.
            TaskError: Telegram cannot be reached, or refused.
        """
        text = ctx.render(self.payload)
        if text is None:
            report = self.report(ctx)
            facts = (f"{name}: {value}" for name, value in report.facts().items())
            lines = (report.message, report.title, report.outcome, *facts, report.link)
            text = "\n".join(filter(None, lines))
        self._send(ctx, text)
        return Output()
