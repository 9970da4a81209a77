"""`TelegramSend`: a message by a bot."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from tiercel.plugin import Example, Output, Property, RunContext, Task
from tiercel_notifications.sending import RequestOptions, post

__all__ = ["TelegramSend"]

_API = "https://api.telegram.org"


class ParseMode(StrEnum):
    """How the text is marked up."""

    HTML = "HTML"
    MARKDOWNV2 = "MARKDOWNV2"


class TelegramSend(Task[Output]):
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

    token: Property[str]
    """The bot's token."""
    channel: Property[str]
    """The channel, the group or the person: an id, or `@name`."""
    payload: Property[str]
    """The text."""
    parse_mode: Property[ParseMode] | None = None
    """How the text is marked up; not at all by default."""
    endpoint_override: Property[str] | None = None
    """The URL of another server that speaks Telegram's bot protocol."""
    options: RequestOptions | None = None
    """How the request is made."""

    def run(self, ctx: RunContext) -> Output:
        """Send the message.

        Raises:
            TaskError: Telegram cannot be reached, or refused.
        """
        base = (ctx.render(self.endpoint_override) or _API).rstrip("/")
        mode = ctx.render(self.parse_mode)
        payload = {"chat_id": ctx.render(self.channel), "text": ctx.render(self.payload)}
        if mode is not None:
            payload["parse_mode"] = "HTML" if mode is ParseMode.HTML else "MarkdownV2"
        post(ctx, f"{base}/bot{ctx.render(self.token)}/sendMessage", payload, self.options)
        return Output()
