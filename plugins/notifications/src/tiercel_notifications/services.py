"""The services that take messages on a webhook: one row each, from which task classes are made.

Imported at start-up, so it is light.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SERVICES", "Service", "type_names"]

_PREFIX = "io.kestra.plugin."


@dataclass(frozen=True, slots=True)
class Service:
    """A service that takes JSON on a URL of its own.

    Attributes:
        name: what task classes are called after.
        title: for people.
        package: where the types are: `io.kestra.plugin.<package>.<class>`.
        former: the part of `io.kestra.plugin.notifications.<former>` where they were.
        kind: what the task that sends a payload is called after the name.
        payload: a payload, for the docs.
        others: further packages that the types are found in.
    """

    name: str
    title: str
    package: str
    former: str
    kind: str
    payload: str
    others: tuple[str, ...] = ()

    @property
    def class_name(self) -> str:
        """The class of the task that sends a payload."""
        return f"{self.name}{self.kind}"

    @property
    def type_name(self) -> str:
        """The type of the task that sends a payload."""
        return f"{_PREFIX}{self.package}.{self.class_name}"


def type_names(service: Service, class_name: str) -> tuple[str, ...]:
    """Return a task's type, and after it its older names."""
    packages = (service.package, *service.others, f"notifications.{service.former}")
    return tuple(f"{_PREFIX}{package}.{class_name}" for package in packages)


SERVICES = (
    Service(
        "Slack",
        "Slack",
        "slack.notifications",
        "slack",
        "IncomingWebhook",
        '{"text": "Hello from {{ flow.id }}"}',
        others=("slack",),
    ),
    Service(
        "Discord",
        "Discord",
        "discord",
        "discord",
        "IncomingWebhook",
        '{"username": "Tiercel", "content": "Hello from {{ flow.id }}"}',
    ),
    Service(
        "Teams",
        "Microsoft Teams",
        "microsoft365.teams",
        "teams",
        "IncomingWebhook",
        '{"@type": "MessageCard", "summary": "Hello", "text": "Hello from {{ flow.id }}"}',
    ),
    Service(
        "GoogleChat",
        "Google Chat",
        "googleworkspace.chat",
        "google",
        "IncomingWebhook",
        '{"text": "Hello from {{ flow.id }}"}',
    ),
    Service(
        "Zulip",
        "Zulip",
        "zulip",
        "zulip",
        "IncomingWebhook",
        '{"text": "Hello from {{ flow.id }}"}',
    ),
    Service(
        "Squadcast",
        "Squadcast",
        "squadcast",
        "squadcast",
        "IncomingWebhook",
        '{"message": "Hello", "priority": "P1", "status": "trigger", "event_id": "6"}',
    ),
    Service(
        "WhatsApp",
        "WhatsApp",
        "meta.whatsapp",
        "whatsapp",
        "IncomingWebhook",
        '{"profileName": "Tiercel", "whatsAppIds": ["4912345"], "text": "Hello"}',
    ),
    Service(
        "PagerDuty",
        "PagerDuty",
        "pagerduty",
        "pagerduty",
        "Alert",
        '{"routing_key": "{{ secret(\'ROUTING_KEY\') }}", "event_action": "trigger",'
        ' "payload": {"summary": "{{ flow.id }}", "severity": "error", "source": "tiercel"}}',
    ),
    Service(
        "Opsgenie",
        "Opsgenie",
        "opsgenie",
        "opsgenie",
        "Alert",
        '{"message": "{{ flow.id }} failed", "alias": "{{ execution.id }}"}',
    ),
    Service(
        "Zenduty",
        "Zenduty",
        "zenduty",
        "zenduty",
        "Alert",
        '{"alert_type": "critical", "message": "{{ flow.id }} failed", "summary": "Hello"}',
    ),
)
