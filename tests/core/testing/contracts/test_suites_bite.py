"""Each rule of the contract suites is broken by something, which fails it and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "broken"


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bool]]:
    """Class of `broken_suites` → rule → whether all its tests passed."""
    report = tmp_path_factory.mktemp("bite") / "report.xml"
    command = f"{sys.executable} -m pytest -q -p no:cacheprovider -p no:randomly --tb=short"
    command += f" --import-mode=importlib --timeout=120 -o junit_family=xunit1 --junitxml={report}"
    done = subprocess.run(
        [*command.split(), "-c", os.devnull, f"--rootdir={HERE}", str(HERE / "broken_suites.py")],
        cwd=report.parent,
        env={**os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
    )
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, dict[str, bool]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        if case.find("skipped") is not None:
            continue
        rules = found.setdefault(case.attrib["classname"].rpartition(".")[2], {})
        rule = re.sub(r"\[.*", "", case.attrib["name"])
        passed = case.find("failure") is None and case.find("error") is None
        rules[rule] = rules.get(rule, True) and passed
    return found


@pytest.fixture(scope="module")
def expected() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """What each class breaks exactly, and what some break at least."""
    sys.path.insert(0, str(HERE))
    try:
        import broken_suites
    finally:
        sys.path.remove(str(HERE))
    return broken_suites.BREAKS, broken_suites.AT_LEAST


@pytest.mark.timeout(600)
def test_what_breaks_a_rule_fails_it_and_no_other(
    verdicts: dict[str, dict[str, bool]], expected: tuple[dict[str, set[str]], dict[str, set[str]]]
) -> None:
    exactly, at_least = expected
    failed = {
        name: {r for r, passed in rules.items() if not passed} for name, rules in verdicts.items()
    }
    assert {n: f for n, f in failed.items() if n not in at_least} == {
        n: f for n, f in exactly.items() if n not in at_least
    }
    assert [name for name, rules in at_least.items() if not rules <= failed[name]] == []


def test_every_rule_is_broken_by_something(verdicts: dict[str, dict[str, bool]]) -> None:
    rules = {rule for each in verdicts.values() for rule in each}
    broken = {rule for each in verdicts.values() for rule, passed in each.items() if not passed}
    assert rules - broken == set()
