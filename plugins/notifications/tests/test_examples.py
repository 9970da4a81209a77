"""The examples of the docs, run as they stand but for hosts and ports, on loopback."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel_notifications import alerts, executions, mail, telegram, webhooks
from tiercel_notifications.services import SERVICES

WEBHOOKS = [service.class_name for service in SERVICES]
TASKS = [
    alerts.OpsgenieExecution,
    alerts.PagerDutyExecution,
    alerts.SquadcastExecution,
    alerts.ZendutyExecution,
    alerts.ZulipExecution,
    executions.DiscordExecution,
    executions.GoogleChatExecution,
    executions.SlackExecution,
    executions.TeamsExecution,
    mail.MailExecution,
    mail.MailSend,
    telegram.TelegramExecution,
    telegram.TelegramSend,
    *(getattr(webhooks, name) for name in WEBHOOKS),
]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_the_examples_of_the_docs_run(task, webhook, mail_server):
    server = mail_server()
    secrets = {
        "TIERCEL_SECRET_WEBHOOK_URL": webhook.url,
        "TIERCEL_SECRET_ROUTING_KEY": "key",
        "TIERCEL_SECRET_MAIL_PASSWORD": "hidden",
        "TIERCEL_SECRET_TELEGRAM_TOKEN": "1:abc",
    }
    # Nobody signs in at the server of the tests, and its certificate is its own.
    here = {
        "host: mail.company.example\n": "host: 127.0.0.1\n    trustedHosts: [127.0.0.1]\n",
        "port: 465": f"port: {server.port}",
        "    username: robot\n": "",
        'channel: "-1': f'endpointOverride: "{webhook.url}"\n    channel: "-1',
    }
    assert task.examples
    for example in task.examples:
        code = example.code
        for old, new in here.items():
            code = code.replace(old, new)
        with Tiercel(environ=secrets) as tiercel:
            execution = tiercel.run(code, timeout=30)
            assert execution.state == "SUCCESS", tiercel.logs(execution.id)
