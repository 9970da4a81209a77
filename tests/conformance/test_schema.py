"""Every type that Kestra has and Tiercel brings: the same properties, outputs and older names."""

from __future__ import annotations

from pathlib import Path

import pytest
import schema_runner

_HERE = Path(__file__).parent
_EXPECTED_FAILURES = {
    line.split("#")[0].strip()
    for line in (_HERE / "expected_failures.txt").read_text(encoding="utf-8").splitlines()
}


@pytest.fixture(scope="module")
def results():
    return list(schema_runner.run(_HERE))


def test_every_type_is_as_kestra_has_it_or_known_to_differ(results):
    failed, passed = [], []
    for result in results:
        name = f"{result.area} {result.id}"
        if not result.passed and name not in _EXPECTED_FAILURES:
            failed.append(f"{name}: " + "\n  ".join(result.actual))
        if result.passed and name in _EXPECTED_FAILURES:
            passed.append(name)
    assert not failed, "\n".join(failed)
    assert not passed, f"listed in expected_failures.txt, yet passing: {passed}"


def test_every_class_of_differences_excuses_something(results):
    used = {name for result in results for name in result.known.split(", ")}
    assert {entry["name"] for entry in schema_runner._classes()} <= used
