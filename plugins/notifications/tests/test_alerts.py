"""Executions, told to who is on call, on a real server on loopback."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def told(ended, webhook):
    """Run a flow that tells of itself; return what was sent, and the execution's id."""

    def tell(name: str, *, fails: bool = False, **properties: Any) -> tuple[Any, str]:
        kind = f"io.kestra.plugin.{name}Execution"
        _, execution_id = ended({"type": kind, "url": webhook.url, **properties}, fails=fails)
        return webhook.message, execution_id

    return tell


def test_pagerduty_is_told(told):
    message, execution_id = told(
        "pagerduty.PagerDuty", fails=True, routingKey="key", deduplicationKey="{{ flow.id }}"
    )
    payload = message.pop("payload")
    assert message == {"event_action": "trigger", "routing_key": "key", "dedup_key": "observed"}
    assert payload["severity"] == "error"
    assert payload["source"] == f"company.team {execution_id}"
    assert "Failed on task `work` after" in payload["summary"]
    assert payload["custom_details"]["Final task ID"] == "work"


def test_a_summary_for_pagerduty_is_cut(told):
    message, _ = told("pagerduty.PagerDuty", payloadSummary="x" * 2000, eventAction="resolve")
    assert message["payload"]["summary"] == "x" * 1024
    assert (message["event_action"], message["payload"]["severity"]) == ("resolve", "info")


def test_opsgenie_is_told(told, webhook):
    message, execution_id = told(
        "notifications.opsgenie.Opsgenie",
        authorizationToken="GenieKey k1",
        alias="a",
        responders={"4513b7ea": "team"},
        visibleTo={"bb4d9938": "user"},
        tags=["flows"],
        priority="P2",
        customMessage="Look",
    )
    assert webhook.received[0][1]["Authorization"] == "GenieKey k1"
    assert message["message"].startswith("[company.team] observed ➛ RUNNING: Succeeded after")
    assert message["details"]["Execution ID"] == execution_id
    assert message["responders"] == [{"id": "4513b7ea", "type": "team"}]
    assert message["visibleTo"] == [{"id": "bb4d9938", "type": "user"}]
    assert (message["alias"], message["tags"], message["priority"]) == ("a", ["flows"], "P2")
    assert message["description"] == "Look"


@pytest.mark.parametrize(
    ("fails", "given", "kind"),
    [
        (False, {}, "resolved"),
        (True, {}, "error"),
        (True, {"alertType": "CRITICAL"}, "critical"),
    ],
    ids=["success", "failure", "said"],
)
def test_zenduty_is_told(told, fails, given, kind):
    message, execution_id = told("zenduty.Zenduty", fails=fails, urls=["https://x.test"], **given)
    assert message["alert_type"] == kind
    assert message["entity_id"] == execution_id
    assert message["urls"] == [{"link_url": "https://x.test"}]
    assert message["payload"]["Flow ID"] == "observed"
    assert message["summary"].startswith("Failed on" if fails else "Succeeded after")


def test_squadcast_is_told(told):
    message, _ = told("squadcast.Squadcast", priority="P1", eventId="7", tags={"team": "data"})
    assert message["message"] == "[company.team] observed ➛ RUNNING"
    assert "Flow ID: observed" in message["description"].splitlines()
    assert (message["priority"], message["event_id"]) == ("P1", "7")
    assert message["tags"] == {"team": "data"}


def test_zulip_is_told_as_slack_is(told):
    message, _ = told("zulip.Zulip", channel="#flows")
    assert message["channel"] == "#flows"
    assert message["text"].startswith("*[company.team] observed ➛ RUNNING*")


@pytest.mark.parametrize("given", [{}, {"payload": "mine"}], ids=["report", "own text"])
def test_telegram_is_told(ended, webhook, given):
    base = webhook.url.partition("/services")[0]
    kind = "io.kestra.plugin.telegram.TelegramExecution"
    task = {"type": kind, "token": "1:abc", "channel": "@team", "endpointOverride": base}
    ended({**task, **given}, fails=True)
    lines = webhook.message["text"].splitlines()
    if given:
        assert lines == ["mine"]
    else:
        assert lines[0] == "[company.team] observed ➛ RUNNING"
        assert lines[1].startswith("Failed on task `work` after")
        assert "Flow ID: observed" in lines
