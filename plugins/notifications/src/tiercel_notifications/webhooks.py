"""The tasks that send a payload to a webhook, made from the table in `services`.

The classes (`DiscordIncomingWebhook`, `PagerDutyAlert`, …) are made when they are first asked for.
"""

from __future__ import annotations

import json
import re
from importlib import import_module
from typing import Any

from pydantic import create_model

from tiercel.plugin import Example, Output, Property, RunContext, Task, TaskError
from tiercel_notifications.sending import RequestOptions, parsed, post
from tiercel_notifications.services import SERVICES, Service

__all__ = ["IncomingWebhook", "OpsgenieWebhook", "SlackWebhook"]

# Markdown → Slack's own: **bold**, __italic__, [text](url).
_MARKDOWN = (
    (re.compile(r"\*\*(.*?)\*\*"), r"*\1*"),
    (re.compile(r"__(.*?)__"), r"_\1_"),
    (re.compile(r"\[(.*?)\]\((.*?)\)"), r"<\2|\1>"),
)


class IncomingWebhook(Task[Output]):
    """Send a payload to a webhook."""

    url: Property[str]
    """The webhook; who knows it may send to it, so keep it as a secret."""
    payload: Property[Any] | None = None
    """What to send: JSON, as text or as a mapping."""
    options: RequestOptions | None = None
    """How the request is made."""

    def run(self, ctx: RunContext) -> Output:
        """Send the payload.

        Raises:
            TaskError: it is not JSON, or the service cannot be reached, or refused.
        """
        post(ctx, ctx.render(self.url), self._payload(ctx), self.options, self._headers(ctx))
        return Output()

    def _payload(self, ctx: RunContext) -> Any:
        payload = ctx.render(self.payload)
        if payload is None:
            raise TaskError("There is no `payload`", retryable=False)
        return parsed(payload)

    def _headers(self, ctx: RunContext) -> dict[str, str]:
        """Return the headers that this service wants."""
        return {}


class SlackWebhook(IncomingWebhook):
    """Send a message to Slack, or to what understands Slack's messages."""

    message_text: Property[str] | None = None
    """A text, in Markdown, to send instead of a payload; JSON is sent as it is."""

    def _payload(self, ctx: RunContext) -> Any:
        if self.payload is not None:
            return super()._payload(ctx)
        text = ctx.render(self.message_text)
        if text is None:
            raise TaskError("Either 'messageText' or 'payload' must be provided", retryable=False)
        try:
            return json.loads(text)
        except ValueError:
            for pattern, replacement in _MARKDOWN:
                text = pattern.sub(replacement, text)
            return {"text": text}


class OpsgenieWebhook(IncomingWebhook):
    """Send an alert to Opsgenie."""

    authorization_token: Property[str] | None = None
    """What the header `Authorization` holds: `GenieKey …`."""

    def _headers(self, ctx: RunContext) -> dict[str, str]:
        token = ctx.render(self.authorization_token)
        return {"Authorization": token} if token else {}


# Services with more to say than the table has room for.
_CLASSES = {"Slack": "SlackWebhook", "Opsgenie": "OpsgenieWebhook"}


def __getattr__(name: str) -> Any:
    for service in SERVICES:
        if name == service.class_name:
            module = import_module(__name__)
            base = getattr(module, _CLASSES.get(service.name, "IncomingWebhook"))
            globals()[name] = cls = _make(service, base)
            return cls
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _make(service: Service, base: type[IncomingWebhook]) -> type[IncomingWebhook]:
    what = "an alert" if service.kind == "Alert" else "a message"
    cls = create_model(
        service.class_name,
        __base__=base,
        __doc__=f"Send {what} to {service.title}.",
        __module__=__name__,
    )
    cls.examples = (_example(service, what),)
    return cls


def _example(service: Service, what: str) -> Example:
    lines = [
        f"id: {service.name.lower()}",
        "namespace: company.team",
        "",
        "tasks:",
        "  - id: work",
        "    type: io.kestra.plugin.core.log.Log",
        "    message: The work is done",
        "",
        "  - id: tell",
        f"    type: {service.type_name}",
        "    url: \"{{ secret('WEBHOOK_URL') }}\"",
        "    payload: |",
        f"      {service.payload}",
    ]
    return Example(f"Send {what} to {service.title}", "\n".join(lines) + "\n")
