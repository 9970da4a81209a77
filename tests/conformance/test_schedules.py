"""The golden schedules: every date exactly as Kestra has it."""

from __future__ import annotations

from pathlib import Path

from schedule_runner import run

_HERE = Path(__file__).parent


def test_every_cron_expression_fires_when_kestra_has_it_or_is_refused() -> None:
    results = list(run(_HERE))
    assert len(results) == 300
    assert [(each.subject, each.expected, each.actual) for each in results if not each.ok] == []
