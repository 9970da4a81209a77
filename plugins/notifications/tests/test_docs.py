"""The flows of the how-to page, run as they stand but for hosts and ports, on loopback."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from tiercel import Tiercel

PAGE = Path(__file__).parents[3] / "docs/howto/send-notifications.md"
FLOWS = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text() if PAGE.exists() else "", re.M | re.S)

pytestmark = pytest.mark.skipif(
    not FLOWS, reason="the page is in the repository, not in the package"
)


def flow(name):
    (found,) = (text for text in FLOWS if text.startswith(f"id: {name}\n"))
    return found


@pytest.fixture
def tiercel(webhook):
    names = ("SLACK_WEBHOOK", "TEAMS_WEBHOOK", "DISCORD_WEBHOOK")
    with Tiercel(environ={f"TIERCEL_SECRET_{name}": webhook.url for name in names}) as tiercel:
        yield tiercel


def failing(text):
    """Return a flow whose first task fails."""
    return text.replace(
        "core.log.Log\n    message: The", "core.execution.Fail\n    errorMessage: The"
    )


def test_a_failure_is_told(tiercel, webhook):
    execution = tiercel.run(failing(flow("fragile")), timeout=30)
    assert execution.state == "FAILED"
    assert webhook.message == {"text": f"*fragile* failed, see execution {execution.id}"}


def test_blocks_are_sent(tiercel, webhook):
    assert tiercel.run(flow("with_blocks"), timeout=30).state == "SUCCESS"
    assert webhook.message["blocks"][0]["text"]["text"] == "The *prices* are there"


def test_every_execution_is_told(tiercel, webhook):
    assert tiercel.run(flow("watched"), timeout=30).state == "SUCCESS"
    slack, teams = (message for _, _, message in webhook.received)
    assert slack["channel"] == "#nightly"
    assert teams["@type"] == "MessageCard"


def test_one_flow_watches_the_others(tiercel, webhook):
    tiercel.save_flow(tiercel.load_flow(flow("alerts")))
    tiercel.triggers.start()
    failed = tiercel.run(failing(flow("fragile")), timeout=30)
    for _ in range(400):
        messages = [message for _, _, message in webhook.received if "embeds" in message]
        if messages:
            break
        threading.Event().wait(0.05)
    assert messages[0]["content"] == "Somebody should look at this"
    assert f"Execution ID: {failed.id}" in messages[0]["embeds"][0]["description"]
    assert "Execution Status: FAILED" in messages[0]["embeds"][0]["description"]


def test_a_report_is_mailed(mail_server):
    server = mail_server()
    # Nobody signs in at the server of the tests, and its certificate is its own.
    text = flow("report_by_mail").replace("    username: robot\n", "")
    text = text.replace(
        "host: mail.company.example", "host: 127.0.0.1\n    trustedHosts: [127.0.0.1]"
    )
    with Tiercel(environ={"TIERCEL_SECRET_MAIL_PASSWORD": "hidden"}) as tiercel:
        execution = tiercel.run(text.replace("port: 465", f"port: {server.port}"), timeout=30)
        assert execution.state == "SUCCESS", tiercel.logs(execution.id)
    (attachment,) = server.mail.iter_attachments()
    assert attachment.get_filename() == "prices.csv"
