"""Runs the golden schedules: `run(folder)` yields one `CaseResult` a cron expression and window."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from case import CaseResult

from tiercel_triggers.cron import Cron

__all__ = ["run"]

_AREA = "dates"
_MOST = 500


def run(folder: Path, only: str = "") -> Iterator[CaseResult]:
    """Yield the result of every line of `folder/schedule/dates.jsonl`."""
    if only in ("", _AREA):
        lines = (folder / "schedule" / "dates.jsonl").read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            yield _run_line(number, json.loads(line))


def _run_line(number: int, case: dict[str, Any]) -> CaseResult:
    expected = "refused" if case.get("refused") else case["dates"]
    actual = _dates(case)
    return CaseResult(
        area=_AREA,
        id=f"dates:{number}",
        ok=actual == expected,
        expected=expected,
        actual=actual,
        subject=f"{case['cron']!r} in {case['timezone']} after {case['after']}",
    )


def _dates(case: dict[str, Any]) -> list[str] | str:
    try:
        cron = Cron.parse(case["cron"], with_seconds=case["withSeconds"])
    except ValueError:
        return "refused"
    zone = ZoneInfo(case["timezone"])
    until = _moment(case["until"], zone)
    before = takewhile(lambda date: date.astimezone(UTC) < until, _enumerate(cron, case, zone))
    return [date.isoformat() for date, _ in zip(before, range(_MOST), strict=False)]


def _enumerate(cron: Cron, case: dict[str, Any], zone: ZoneInfo) -> Iterator[datetime]:
    date = cron.next(_moment(case["after"], zone), zone)
    while date is not None:
        yield date
        date = cron.next(date, zone)


def _moment(local: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)
