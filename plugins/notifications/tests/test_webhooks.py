"""Messages to webhooks on a real server on loopback."""

from __future__ import annotations

import pytest

from tiercel import Registry, Tiercel
from tiercel.plugin import OutboundPolicy
from tiercel_notifications.services import SERVICES

SLACK = "slack.notifications.SlackIncomingWebhook"


def test_a_payload_is_sent_as_json(task, webhook):
    result = task(SLACK, url=webhook.url, payload='{"text": "Hello from {{ flow.id }} ➛"}')
    assert result.error is None
    path, headers, message = webhook.received[0]
    assert message == {"text": "Hello from test_flow ➛"}
    assert (path, headers["Content-Type"]) == ("/services/T0/B0/hidden", "application/json")
    assert result.messages() == ["Request succeeded"]


@pytest.mark.parametrize(
    "payload",
    [{"text": "hi", "blocks": [1]}, '{"text": "hi", "blocks": [1]}', "{{ data }}"],
    ids=["mapping", "JSON", "expression"],
)
def test_a_payload_is_text_or_data(task, webhook, payload):
    data = {"text": "hi", "blocks": [1]}
    task(SLACK, url=webhook.url, payload=payload, variables={"data": data})
    assert webhook.message == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("**bold** and __italic__", {"text": "*bold* and _italic_"}),
        ("See [the docs](https://x.test/y)", {"text": "See <https://x.test/y|the docs>"}),
        ('{"text": "as it is", "mrkdwn": false}', {"text": "as it is", "mrkdwn": False}),
        ("{not json", {"text": "{not json"}),
    ],
)
def test_a_text_for_slack_is_markdown_or_json(task, webhook, text, message):
    task(SLACK, url=webhook.url, messageText=text)
    assert webhook.message == message


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({}, "Either 'messageText' or 'payload' must be provided"),
        ({"payload": "{not json"}, "The payload is not JSON: "),
        ({"payload": "{}", "url": "nonsense"}, "Invalid `url`: expected one like"),
        ({"payload": "{}", "url": "file:///etc/passwd"}, "Invalid `url`: expected one like"),
    ],
)
def test_what_is_no_message_is_told(task, webhook, properties, reason):
    result = task(SLACK, **{"url": webhook.url, **properties})
    assert result.error.startswith(reason)
    assert webhook.received == []


def test_a_refusal_is_told_without_the_url(task, webhook):
    webhook.answer = (404, "no_service")
    result = task(SLACK, url=webhook.url, payload="{}")
    assert result.error == "127.0.0.1 answered 404: no_service"
    assert "hidden" not in str(result.logs)


def test_a_service_that_cannot_be_reached_is_told_without_the_url(task):
    result = task(SLACK, url="http://127.0.0.1:9/services/hidden", payload="{}")
    assert result.error.startswith("Cannot send the message to 127.0.0.1: ")
    assert "hidden" not in result.error


def test_a_service_that_does_not_answer_is_not_waited_for(task, webhook):
    webhook.silent = True
    result = task(SLACK, url=webhook.url, payload="{}", options={"readTimeout": "PT0.2S"})
    reason = "Read timed out: 127.0.0.1 was silent for 0.2 s"
    assert result.error == f"Cannot send the message to 127.0.0.1: {reason}"


def test_nothing_is_sent_to_what_the_operator_denies(task, webhook, monkeypatch):
    monkeypatch.setattr(Tiercel, "outbound", OutboundPolicy.of(deny="private"))
    result = task(SLACK, url=webhook.url, payload="{}")
    assert "'127.0.0.1' is refused by 'private' in the setting httpDeny" in result.error
    assert not result.retryable
    assert "hidden" not in result.error
    assert webhook.received == []


def test_further_headers_are_sent(task, webhook):
    options = {"headers": {"X-Team": "{{ flow.namespace }}", "X-Number": 1}}
    task(SLACK, url=webhook.url, payload="{}", options=options)
    _, headers, _ = webhook.received[0]
    assert (headers["X-Team"], headers["X-Number"]) == ("company.team", "1")


def test_opsgenie_is_given_its_key(task, webhook):
    token = "GenieKey {{ secret('KEY') }}"
    given = {"url": webhook.url, "payload": "{}", "authorizationToken": token}
    task("opsgenie.OpsgenieAlert", **given, secrets={"KEY": "k1"})
    assert webhook.received[0][1]["Authorization"] == "GenieKey k1"


def test_telegram_is_sent_a_text_by_a_bot(task, webhook):
    base = webhook.url.partition("/services")[0]
    result = task(
        "telegram.TelegramSend",
        token="{{ secret('TOKEN') }}",
        channel="@team",
        payload="Hello",
        parseMode="MARKDOWNV2",
        endpointOverride=base,
        secrets={"TOKEN": "1:abc"},
    )
    assert result.error is None
    assert webhook.received[0][0] == "/bot1:abc/sendMessage"
    message = {"chat_id": "@team", "text": "Hello", "parse_mode": "MarkdownV2"}
    assert webhook.message == message


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_service_is_found_by_all_its_names(task, webhook, service):
    names = [service.package, *service.others, f"notifications.{service.former}"]
    for name in names:
        result = task(f"{name}.{service.class_name}", url=webhook.url, payload='{"name": 1}')
        assert result.error is None
    assert len(webhook.received) == len(names)


def test_types_have_their_own_names_and_descriptions():
    load = Registry().load
    cls = load("task", "io.kestra.plugin.notifications.discord.DiscordIncomingWebhook")
    assert cls.type_name == "io.kestra.plugin.discord.DiscordIncomingWebhook"
    assert cls.__doc__ == "Send a message to Discord."
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        __import__("tiercel_notifications.webhooks").webhooks.Nonsense  # noqa: B018
