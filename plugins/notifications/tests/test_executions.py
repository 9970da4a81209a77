"""Executions, told to webhooks on a real server on loopback."""

from __future__ import annotations

import pytest

from tiercel import Settings, Tiercel
from tiercel.testing import run_task


def notify(name, webhook, **properties):
    return {"type": f"io.kestra.plugin.{name}", "url": webhook.url, **properties}


def test_slack_is_told_of_the_execution_that_runs_the_task(ended, webhook):
    _, execution_id = ended(
        notify(
            "slack.notifications.SlackExecution",
            webhook,
            customMessage="**Attention**",
            customFields={"Environment": "{{ flow.namespace }}"},
            channel="#alerts",
            username="Robot",
            iconEmoji=":robot:",
        )
    )
    message = webhook.message
    assert message["channel"] == "#alerts"
    assert (message["username"], message["icon_emoji"]) == ("Robot", ":robot:")
    assert message["text"].startswith("*[company.team] observed ➛ RUNNING*\n> Succeeded after 00:")
    assert message["blocks"][0]["text"]["text"] == "**Attention**"
    (attachment,) = message["attachments"]
    assert {field["title"]: field["value"] for field in attachment["fields"]} == {
        "Namespace": "company.team",
        "Flow ID": "observed",
        "Execution ID": execution_id,
        "Execution Status": "RUNNING",
        "Environment": "company.team",
        "Final task ID": "work",
    }


def test_the_task_that_failed_is_named(ended, webhook):
    ended(notify("slack.SlackExecution", webhook), fails=True)
    assert "> Failed on task `work` after 00:" in webhook.message["text"]


def test_another_execution_is_told_of_when_it_has_ended(ended, webhook):
    told = notify("notifications.slack.SlackExecution", webhook)
    tiercel, failed_id = ended(told, fails=True)
    flow = f"""
id: watcher
namespace: company.team
tasks:
  - id: tell
    type: io.kestra.plugin.slack.SlackExecution
    url: {webhook.url}
    executionId: {failed_id}
"""
    assert tiercel.run(flow, timeout=30).state == "SUCCESS"
    assert webhook.message["text"].startswith("*[company.team] observed ➛ FAILED*")
    assert "Failed on task `work`" in webhook.message["text"]
    assert webhook.message["attachments"][0]["color"] == "danger"


def test_people_are_led_to_the_execution(webhook, tmp_path):
    flow = f"""
id: linked
namespace: company.team
tasks:
  - {{id: tell, type: io.kestra.plugin.slack.SlackExecution, url: "{webhook.url}"}}
"""
    with Tiercel(settings=Settings(home=tmp_path, url="https://tiercel.test/")) as tiercel:
        execution = tiercel.run(flow, timeout=30)
    link = f"https://tiercel.test/ui/main/executions/company.team/linked/{execution.id}"
    assert webhook.message["text"].startswith(f"*<{link}|[company.team] linked ➛ RUNNING>*")
    assert webhook.message["blocks"][0]["accessory"]["url"] == link


def test_discord_is_told(ended, webhook):
    ended(
        notify(
            "discord.DiscordExecution",
            webhook,
            username="Robot",
            avatarUrl="https://x.test/a.png",
            content="Look",
            embedList=[{"title": "Title", "color": [255, 128, 0], "authorName": "Ada"}],
        )
    )
    message = webhook.message
    assert (message["username"], message["content"], message["tts"]) == ("Robot", "Look", False)
    (embed,) = message["embeds"]
    assert (embed["title"], embed["color"]) == ("Title", 0xFF8000)
    assert embed["author"]["icon_url"] == "https://x.test/a.png"
    assert "Flow ID: observed" in embed["description"]
    assert embed["footer"]["text"].startswith("Succeeded after ")


def test_teams_is_told(ended, webhook):
    ended(notify("microsoft365.teams.TeamsExecution", webhook, activityTitle="Title"))
    card = webhook.message
    assert (card["@type"], card["themeColor"]) == ("MessageCard", "0076D7")
    (section,) = card["sections"]
    assert section["activityTitle"] == "Title"
    assert {"name": "Flow ID", "value": "observed"} in section["facts"]


def test_google_chat_is_told(ended, webhook):
    ended(notify("notifications.google.GoogleChatExecution", webhook, customMessage="Look"))
    lines = webhook.message["text"].splitlines()
    assert lines[:2] == ["Look", "*[company.team] observed ➛ RUNNING*"]
    assert "Namespace: company.team" in lines


@pytest.mark.parametrize(
    "name",
    [
        "slack.SlackExecution",
        "discord.DiscordExecution",
        "microsoft365.teams.TeamsExecution",
        "googleworkspace.chat.GoogleChatExecution",
        "pagerduty.PagerDutyExecution",
        "opsgenie.OpsgenieExecution",
        "zulip.ZulipExecution",
    ],
)
def test_a_payload_can_stand_for_the_report(ended, webhook, name):
    ended(notify(name, webhook, payload='{"content": "mine"}'))
    assert webhook.message == {"content": "mine"}


def test_an_execution_that_is_not_there_is_told(webhook):
    task = notify("slack.SlackExecution", webhook, executionId="nowhere")
    result = run_task(task)
    assert result.state == "FAILED"
    assert "nowhere" in result.error
    assert webhook.received == []
