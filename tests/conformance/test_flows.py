"""The golden flows, one test an area: each case as Kestra has it, known to differ, or listed."""

from __future__ import annotations

from pathlib import Path

import pytest
from flow_runner import AREAS, run

_HERE = Path(__file__).parent
_EXPECTED_FAILURES = {
    line.split("#")[0].strip()
    for line in (_HERE / "expected_failures.txt").read_text(encoding="utf-8").splitlines()
}


@pytest.mark.parametrize("area", AREAS)
def test_every_case_is_as_kestra_has_it_or_known_to_differ(area: str) -> None:
    failed, passed = [], []
    for result in run(_HERE, area):
        name = f"{result.area} {result.id}"
        if not result.passed and name not in _EXPECTED_FAILURES:
            failed.append(f"{name}: " + "; ".join(map(str, result.actual)))
        if result.passed and name in _EXPECTED_FAILURES:
            passed.append(name)
    assert not failed, "\n".join(failed)
    assert not passed, f"listed in expected_failures.txt, yet passing: {passed}"
