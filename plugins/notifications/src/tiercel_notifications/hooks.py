"""What this package adds to Tiercel; imported at start-up, so it imports nothing heavy."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl
from tiercel_notifications.services import SERVICES, type_names

__all__ = ["register_tasks"]

_EXECUTIONS = {
    **dict.fromkeys(("Slack", "Discord", "Teams", "GoogleChat"), "executions"),
    **dict.fromkeys(("PagerDuty", "Opsgenie", "Zenduty", "Squadcast", "Zulip"), "alerts"),
}
"""Services that are told of executions → where their tasks are."""


@hookimpl
def register_tasks() -> Registration:
    """Return the tasks that send messages, each with its older names."""
    found: dict[str | tuple[str, ...], str] = {
        _mail("MailSend"): "tiercel_notifications.mail:MailSend",
        _mail("MailExecution"): "tiercel_notifications.mail:MailExecution",
        _telegram("TelegramSend"): "tiercel_notifications.telegram:TelegramSend",
        _telegram("TelegramExecution"): "tiercel_notifications.telegram:TelegramExecution",
    }
    for service in SERVICES:
        name = service.class_name
        found[type_names(service, name)] = f"tiercel_notifications.webhooks:{name}"
        if service.name in _EXECUTIONS:
            name = f"{service.name}Execution"
            module = f"tiercel_notifications.{_EXECUTIONS[service.name]}"
            found[type_names(service, name)] = f"{module}:{name}"
    return found


def _telegram(name: str) -> tuple[str, str]:
    return f"io.kestra.plugin.telegram.{name}", f"io.kestra.plugin.notifications.telegram.{name}"


def _mail(name: str) -> tuple[str, str]:
    return f"io.kestra.plugin.email.{name}", f"io.kestra.plugin.notifications.mail.{name}"
