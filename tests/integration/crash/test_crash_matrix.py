"""The reference flow is killed at fault points, and ends each time as if nothing had been."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from matrix import POINTS, crash, every_crash, table, undisturbed

FEW = 4
"""How many crashes of each kind the short test tries."""


def test_every_crash_is_told_from_an_undisturbed_run() -> None:
    expected = undisturbed()
    states, outputs, *_ = expected["reference Ada"]
    assert (states[-1], outputs["said"]) == ("WARNING", "approved one")
    assert len(expected) == 4


@pytest.mark.timeout(300)
def test_some_crashes_are_survived() -> None:
    expected = undisturbed()
    tried = [crash(point, 5 + 9 * n, expected) for point in POINTS for n in range(FEW)]
    reached = [each for each in tried if each is not None]
    assert len(reached) > FEW
    assert [each for each in reached if each.wrong] == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_crash_is_survived(capsys: pytest.CaptureFixture[str]) -> None:
    crashes = list(every_crash(undisturbed()))
    with capsys.disabled():
        print(f"\n{table(crashes)}")
    assert [each for each in crashes if each.wrong] == []
