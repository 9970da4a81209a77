"""Clocks that jump, and nights on which clocks are changed: what is started equals golden dates."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from triggered import SCHEDULE, World

from tiercel.testing import FakeClock

GOLDEN = Path(__file__).parents[3] / "conformance/schedule/dates.jsonl"
ZONES = (
    "Europe/Paris",
    "America/New_York",
    "Africa/Casablanca",
    "Pacific/Auckland",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
)
JUMPS = [timedelta(minutes=each) for each in (7, 60, -60, 13, 61, -59, 30)]
"""How the clock goes on; an hour forward or back is what a wrong clock put right does."""


def nights() -> list[Any]:
    """Return the golden lines about nights on which a clock is changed, of six zones."""
    lines = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    return [
        pytest.param(line, id=f"{line['timezone']} {line['after'][:10]} {line['cron']}")
        for line in lines
        if line["timezone"] in ZONES and line.get("dates") and not line["withSeconds"]
        if _moment(line["until"]) - _moment(line["after"]) < timedelta(days=3)
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("line", nights())
def test_each_golden_date_starts_one_execution_whatever_the_clock_does(line: Any) -> None:
    zone = ZoneInfo(line["timezone"])
    begin, end = (
        _moment(line[each]).replace(tzinfo=zone).astimezone(UTC) for each in ("after", "until")
    )
    clock = FakeClock(begin)
    world = World(clock)
    properties = f'cron: "{line["cron"]}", timezone: {line["timezone"]}, allowConcurrent: true'
    world.deploy(f"{{id: t, type: {SCHEDULE}, {properties}}}")
    for jump in cycle(JUMPS):
        if clock.now() >= end - timedelta(seconds=1):
            break
        clock._now = min(clock.now() + jump, end - timedelta(seconds=1))
        world.run_due()
    found = [_moment(date) for date in world.dates()]
    world.tiercel.close()
    assert found == [_moment(date) for date in line["dates"]]
