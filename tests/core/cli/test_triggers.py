"""`tiercel triggers …` on a home folder where a flow is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tiercel import Tiercel as Engine

if TYPE_CHECKING:
    from conftest import Tiercel

FLOW = """
id: report
namespace: company.team
tasks:
  - {id: a, type: io.kestra.plugin.core.debug.Return, format: x}
triggers:
  - {id: daily, type: io.kestra.plugin.core.trigger.Schedule, cron: "0 8 * * *"}
  - {id: hook, type: io.kestra.plugin.core.trigger.Webhook, key: k}
"""
DAILY = ("company.team", "report", "daily")


@pytest.fixture(autouse=True)
def deployed(home: Path) -> None:
    with Engine(home=home) as engine:
        engine.save_flow(engine.load_flow(FLOW))
        engine.triggers.scheduler.run_due()


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    with Engine(home=home) as engine:
        yield engine


def test_triggers_are_listed_with_their_next_dates(tiercel: Tiercel) -> None:
    daily, hook = tiercel("triggers", "list").out.splitlines()
    assert daily.split()[1:] == ["08:00:00", "Schedule", "company.team.report", "daily"]
    assert hook.split() == ["waiting", "Webhook", "company.team.report", "hook"]


def test_triggers_are_listed_as_json(tiercel: Tiercel) -> None:
    daily, hook = tiercel("triggers", "list", "--json").json()
    assert daily.pop("nextExecutionDate").endswith("T08:00:00Z")
    assert daily == {
        "namespace": "company.team",
        "flowId": "report",
        "triggerId": "daily",
        "type": "io.kestra.plugin.core.trigger.Schedule",
        "disabled": False,
    }
    assert hook["triggerId"] == "hook"


def test_a_list_can_be_narrowed(tiercel: Tiercel) -> None:
    assert len(tiercel("triggers", "list", "-n", "company.team", "-f", "report").out) > 0
    assert tiercel("triggers", "list", "-n", "company").out == ""
    assert tiercel("triggers", "list", "-f", "other").out == ""


def test_a_trigger_is_turned_off_and_on(tiercel: Tiercel) -> None:
    assert tiercel("triggers", "disable", *DAILY).code == 0
    assert tiercel("triggers", "list").out.startswith("off ")
    assert tiercel("triggers", "enable", *DAILY).code == 0
    assert tiercel("triggers", "list").out.startswith("waiting ")


def test_a_backfill_is_begun_paused_and_cancelled(tiercel: Tiercel, engine: Engine) -> None:
    begun = tiercel(
        *("triggers", "backfill", *DAILY, "--start", "2026-01-01", "--end", "2026-01-03T09:00"),
        *("-i", "a=b", "-l", "why=lost"),
    )
    assert "The first date is 2026-01-01T08:00:00+00:00" in begun.err
    assert "backfill at 2026-01-01 08:00:00" in tiercel("triggers", "list").out
    tiercel("triggers", "pause-backfill", *DAILY)
    backfill = tiercel("triggers", "list", "--json").json()[0]["backfill"]
    assert backfill == {
        "start": "2026-01-01T00:00:00Z",
        "end": "2026-01-03T09:00:00Z",
        "currentDate": "2026-01-01T08:00:00Z",
        "paused": True,
        "inputs": {"a": "b"},
        "labels": [{"key": "why", "value": "lost"}],
    }
    tiercel("triggers", "resume-backfill", *DAILY)
    assert tiercel("triggers", "cancel-backfill", *DAILY).code == 0
    assert tiercel("triggers", "cancel-backfill", *DAILY).code == 4


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("disable", "company.team", "report", "weekly"), 4, "There is no trigger 'weekly'"),
        (("backfill", *DAILY, "--start", "soon"), 2, "'soon' is no date; write it like"),
        (("backfill", *DAILY), 2, "Missing option '--start'"),
        (("backfill", *DAILY, "--start", "2999-01-01"), 1, "has no dates from 2999-01-01"),
        (("pause-backfill", *DAILY), 4, "has no backfill under way"),
    ],
)
def test_what_cannot_be_done_is_told(
    tiercel: Tiercel, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = tiercel("triggers", *arguments)
    assert done.code == code
    assert message in done.err
