"""`PagerDutyExecution` and its like: an execution, told to who is on call."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from tiercel.plugin import Example, Property, RunContext, Text
from tiercel_notifications.executions import SlackExecution, WebhookReport, examples_of
from tiercel_notifications.report import Report
from tiercel_notifications.sending import post

__all__ = [
    "OpsgenieExecution",
    "PagerDutyExecution",
    "SquadcastExecution",
    "ZendutyExecution",
    "ZulipExecution",
]

_LONGEST_SUMMARY = 1024
_SEVERITIES = {"WARNING": "warning", "FAILED": "error", "KILLED": "warning"}


def _known(**given: Any) -> dict[str, Any]:
    """Return what has a value."""
    return {name: value for name, value in given.items() if value not in (None, [], {})}


class PagerDutyExecution(WebhookReport):
    """Tell PagerDuty of an execution."""

    examples: ClassVar[tuple[Example, ...]] = examples_of("PagerDuty")

    routing_key: Property[str] | None = None
    """The key of the service's integration."""
    deduplication_key: Property[str] | None = None
    """What events of the same incident have in common."""
    event_action: Property[str] | None = None
    """`trigger`, `acknowledge` or `resolve`; `trigger` by default."""
    payload_summary: Property[str] | None = None
    """What has happened; how the execution went by default."""

    def _message(self, ctx: RunContext, report: Report) -> Any:
        summary = ctx.render(self.payload_summary) or f"{report.title}: {report.outcome}"
        links = [{"href": report.link, "text": report.title}] if report.link else []
        details = report.facts() | ({"Message": report.message} if report.message else {})
        return {
            "event_action": ctx.render(self.event_action) or "trigger",
            "payload": {
                "summary": summary[:_LONGEST_SUMMARY],
                "source": f"{report.execution.namespace} {report.execution.id}",
                "severity": "error"
                if report.failed_task
                else _SEVERITIES.get(report.state, "info"),
                "timestamp": datetime.now(UTC).isoformat(),
                "custom_details": details,
            },
            **_known(
                routing_key=ctx.render(self.routing_key),
                dedup_key=ctx.render(self.deduplication_key),
                links=links,
            ),
        }


class OpsgenieExecution(WebhookReport):
    """Tell Opsgenie of an execution."""

    examples: ClassVar[tuple[Example, ...]] = examples_of("Opsgenie")

    authorization_token: Property[str] | None = None
    """What the header `Authorization` holds: `GenieKey …`."""
    message: Property[str] | None = None
    """What has happened; how the execution went by default."""
    alias: Property[str] | None = None
    """What alerts of the same incident have in common."""
    responders: Property[dict[str, Text]] | None = None
    """Who is to act: id → kind (`team`, `user`, `escalation`, `schedule`)."""
    visible_to: Property[dict[str, Text]] | None = None
    """Who sees it besides: id → kind."""
    tags: Property[list[Text]] | None = None
    """Tags of the alert."""
    priority: Property[str] | None = None
    """P1 to P5."""

    def _send(self, ctx: RunContext, message: Any) -> None:
        token = ctx.render(self.authorization_token)
        headers = {"Authorization": token} if token else None
        post(ctx, ctx.render(self.url), message, self.options, headers)

    def _message(self, ctx: RunContext, report: Report) -> Any:
        return _known(
            message=ctx.render(self.message) or f"{report.title}: {report.outcome}",
            description=report.message,
            details=report.facts(),
            alias=ctx.render(self.alias),
            responders=_people(ctx.render(self.responders)),
            visibleTo=_people(ctx.render(self.visible_to)),
            tags=ctx.render(self.tags),
            priority=ctx.render(self.priority),
        )


def _people(given: dict[str, str] | None) -> list[dict[str, str]]:
    return [{"id": name, "type": kind} for name, kind in (given or {}).items()]


class AlertType(StrEnum):
    """How bad it is."""

    CRITICAL = "CRITICAL"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    RESOLVED = "RESOLVED"
    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"


class ZendutyExecution(WebhookReport):
    """Tell Zenduty of an execution."""

    examples: ClassVar[tuple[Example, ...]] = examples_of("Zenduty")

    message: Property[str] | None = None
    """What has happened; flow and state by default."""
    summary: Property[str] | None = None
    """More of it; how the execution went by default."""
    alert_type: Property[AlertType] | None = None
    """How bad it is; RESOLVED unless the execution failed, then ERROR."""
    entity_id: Property[str] | None = None
    """What alerts of the same incident have in common; the execution's id by default."""
    urls: Property[list[Text]] | None = None
    """Further links."""

    def _message(self, ctx: RunContext, report: Report) -> Any:
        kind = ctx.render(self.alert_type)
        links = [{"link_url": url} for url in ctx.render(self.urls) or ()]
        if report.link:
            links.insert(0, {"link_url": report.link, "link_text": "Execution"})
        return _known(
            message=ctx.render(self.message) or report.title,
            summary=ctx.render(self.summary) or report.message or report.outcome,
            alert_type=kind.lower() if kind else "error" if report.failed_task else "resolved",
            entity_id=ctx.render(self.entity_id) or report.execution.id,
            urls=links,
            payload={**report.facts(), "Duration": report.duration},
        )


class SquadcastExecution(WebhookReport):
    """Tell Squadcast of an execution."""

    examples: ClassVar[tuple[Example, ...]] = examples_of("Squadcast")

    message: Property[str] | None = None
    """What has happened; flow and state by default."""
    priority: Property[str] | None = None
    """P1 to P5."""
    event_id: Property[str] | None = None
    """What alerts of the same incident have in common."""
    status: Property[str] | None = None
    """`trigger` or `resolve`."""
    tags: Property[dict[str, Text]] | None = None
    """Tags of the alert."""

    def _message(self, ctx: RunContext, report: Report) -> Any:
        lines = [report.outcome, *(f"{name}: {value}" for name, value in report.facts().items())]
        lines[:0] = filter(None, (report.message, report.link))
        return _known(
            message=ctx.render(self.message) or report.title,
            description="\n".join(lines),
            priority=ctx.render(self.priority),
            event_id=ctx.render(self.event_id),
            status=ctx.render(self.status),
            tags=ctx.render(self.tags),
        )


class ZulipExecution(SlackExecution):
    """Tell Zulip of an execution, in the form that Slack has."""

    examples: ClassVar[tuple[Example, ...]] = examples_of("Zulip")
