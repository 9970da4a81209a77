"""`SlackExecution` and its like: an execution, told to a webhook."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from tiercel.plugin import Example, Model, Output, Property, RunContext, Task, TaskError
from tiercel_notifications.report import ExecutionReport, Report
from tiercel_notifications.sending import RequestOptions, parsed, post
from tiercel_notifications.services import SERVICES

__all__ = [
    "DiscordExecution",
    "GoogleChatExecution",
    "SlackExecution",
    "TeamsExecution",
    "WebhookReport",
    "examples_of",
]

_SLACK_COLORS = {"SUCCESS": "good", "WARNING": "warning"}


def examples_of(name: str) -> tuple[Example, ...]:
    """Return an example for a service by its name in the table."""
    (service,) = (service for service in SERVICES if service.name == name)
    kind = service.type_name.removesuffix(service.class_name) + f"{name}Execution"
    code = f"""\
id: tell_{name.lower()}
namespace: company.team

tasks:
  - id: work
    type: io.kestra.plugin.core.log.Log
    message: The work is done

finally:
  - id: tell
    type: {kind}
    url: "{{{{ secret('WEBHOOK_URL') }}}}"
    customFields:
      Environment: production
"""
    return (Example(f"Tell {service.title} how an execution went", code),)


class WebhookReport(ExecutionReport, Task[Output]):
    """Tell of an execution on a webhook."""

    url: Property[str]
    """The webhook; who knows it may send to it, so keep it as a secret."""
    payload: Property[Any] | None = None
    """What to send instead of the report: JSON, as text or as a mapping."""
    options: RequestOptions | None = None
    """How the request is made."""

    def run(self, ctx: RunContext) -> Output:
        """Send the report.

        Raises:
            NotFoundError: there is no such execution.
            TaskError: the service cannot be reached, or refused.
        """
        if self.payload is None:
            message = self._message(ctx, self.report(ctx))
        else:
            message = self._complete(ctx, parsed(ctx.render(self.payload)))
        self._send(ctx, message)
        return Output()

    def _send(self, ctx: RunContext, message: Any) -> None:
        post(ctx, ctx.render(self.url), message, self.options)

    def _complete(self, ctx: RunContext, message: Any) -> Any:
        """Return the author's own message as it is sent."""
        return message

    @abstractmethod
    def _message(self, ctx: RunContext, report: Report) -> Any:
        """Return the report in the service's own form."""


class SlackExecution(WebhookReport):
    """Tell Slack of an execution: its flow, state and duration, the last task, and a link to it."""

    examples: ClassVar[tuple[Example, ...]] = examples_of("Slack")

    message_text: Property[str] | None = None
    """Accepted for compatibility; `customMessage` is what is shown."""
    channel: Property[str] | None = None
    """The channel, where it is not the webhook's own."""
    username: Property[str] | None = None
    """Who the message says it comes from."""
    icon_url: Property[str] | None = None
    """The picture beside the message."""
    icon_emoji: Property[str] | None = None
    """The emoji beside the message."""

    def _message(self, ctx: RunContext, report: Report) -> Any:
        return self._complete(ctx, _slack_message(report))

    def _complete(self, ctx: RunContext, message: Any) -> Any:
        if not isinstance(message, dict):
            raise TaskError("The payload must be a JSON object", retryable=False)
        given = {
            "channel": ctx.render(self.channel),
            "username": ctx.render(self.username),
            "icon_url": ctx.render(self.icon_url),
            "icon_emoji": ctx.render(self.icon_emoji),
        }
        return {**message, **{name: value for name, value in given.items() if value is not None}}


def _slack_message(report: Report) -> dict[str, Any]:
    title = f"*<{report.link}|{report.title}>*" if report.link else f"*{report.title}*"
    text = f"{title}\n> {report.outcome}"
    section: dict[str, Any] = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    if report.link:
        label = {"type": "plain_text", "text": "Details"}
        section["accessory"] = {"type": "button", "text": label, "url": report.link}
    blocks = [section]
    if report.message:
        words = {"type": "mrkdwn", "text": report.message}
        blocks.insert(0, {"type": "section", "text": words})
    fields = [
        {"title": name, "value": value, "short": True} for name, value in report.facts().items()
    ]
    attachment = {
        "color": _SLACK_COLORS.get(report.state, "danger"),
        "fields": fields,
        "ts": int(report.execution.history.started.timestamp()),
    }
    return {"text": text, "blocks": blocks, "attachments": [attachment]}


class Embed(Model):
    """A block of a Discord message."""

    title: Property[str] | None = None
    """Its heading."""
    website_url: Property[str] | None = None
    """Where the heading leads."""
    description: Property[str] | None = None
    """Its text."""
    thumbnail: Property[str] | None = None
    """The URL of a picture."""
    author_name: Property[str] | None = None
    """Whose it is."""
    color: list[int] | None = None
    """Its colour: red, green and blue."""
    footer: Property[str] | None = None
    """Its last line."""

    def rendered(self, ctx: RunContext, avatar: str | None) -> dict[str, Any]:
        """Return it in Discord's form; `avatar` is the URL of the author's picture."""
        url, author = ctx.render(self.website_url), ctx.render(self.author_name)
        thumbnail, footer = ctx.render(self.thumbnail), ctx.render(self.footer)
        known = {
            "title": ctx.render(self.title),
            "description": ctx.render(self.description),
            "url": url,
            "thumbnail": thumbnail and {"url": thumbnail},
            "author": author and {"name": author, "url": url, "icon_url": avatar},
            "color": _color(self.color),
            "footer": footer and {"text": footer},
        }
        return {name: value for name, value in known.items() if value is not None}


def _color(parts: Sequence[int] | None) -> int | None:
    if parts is None or len(parts) < 3:
        return None
    red, green, blue = parts[:3]
    return (red << 16) + (green << 8) + blue


class DiscordExecution(WebhookReport):
    """Tell Discord of an execution."""

    examples: ClassVar[tuple[Example, ...]] = examples_of("Discord")

    content: Property[str] | None = None
    """The text above the report."""
    username: Property[str] | None = None
    """Who the message says it comes from."""
    avatar_url: Property[str] | None = None
    """The picture beside the message."""
    embed_list: list[Embed] | None = None
    """Blocks of the message; the report stands in the first one."""

    def _message(self, ctx: RunContext, report: Report) -> Any:
        avatar = ctx.render(self.avatar_url)
        embeds = [embed.rendered(ctx, avatar) for embed in self.embed_list or ()] or [{}]
        lines = [f"{name}: {value}" for name, value in report.facts().items()]
        if report.message:
            lines.insert(0, report.message)
        if report.link:
            lines += ["", f"[Link to the Execution page]({report.link})"]
        embeds[0] |= {"description": "\n".join(lines), "footer": {"text": report.outcome}}
        known = {
            "username": ctx.render(self.username),
            "avatar_url": avatar,
            "content": ctx.render(self.content),
        }
        given = {name: value for name, value in known.items() if value is not None}
        return {**given, "tts": False, "embeds": embeds}


class TeamsExecution(WebhookReport):
    """Tell Microsoft Teams of an execution."""

    examples: ClassVar[tuple[Example, ...]] = examples_of("Teams")

    theme_color: Property[str] = Property.of("0076D7")
    """The colour of the card."""
    activity_title: Property[str] | None = None
    """The card's heading."""
    activity_subtitle: Property[str] | None = None
    """The line below the heading."""

    def _message(self, ctx: RunContext, report: Report) -> Any:
        facts = [{"name": name, "value": value} for name, value in report.facts().items()]
        section: dict[str, Any] = {"facts": facts, "markdown": True}
        known = {
            "activityTitle": ctx.render(self.activity_title),
            "activitySubtitle": ctx.render(self.activity_subtitle),
            "text": report.message,
        }
        section |= {name: value for name, value in known.items() if value is not None}
        card: dict[str, Any] = {
            "@type": "MessageCard",
            "@context": "http://schema.org/extensions",
            "themeColor": ctx.render(self.theme_color),
            "summary": f"{report.title}: {report.outcome}",
            "sections": [section],
        }
        if report.link:
            target = {"os": "default", "uri": report.link}
            card["potentialAction"] = [
                {"@type": "OpenUri", "name": "Details", "targets": [target]},
            ]
        return card


class GoogleChatExecution(WebhookReport):
    """Tell Google Chat of an execution."""

    examples: ClassVar[tuple[Example, ...]] = examples_of("GoogleChat")

    text: Property[str] | None = None
    """A text to send instead of the report."""

    def _message(self, ctx: RunContext, report: Report) -> Any:
        text = ctx.render(self.text)
        if text is not None:
            return {"text": text}
        title = f"*<{report.link}|{report.title}>*" if report.link else f"*{report.title}*"
        lines = [title, report.outcome, *(f"{k}: {v}" for k, v in report.facts().items())]
        if report.message:
            lines.insert(0, report.message)
        return {"text": "\n".join(lines)}
