"""Flow tests: what one costs, with a pause of days in it, and with a crash."""

from __future__ import annotations

from measure import ROOT, Row, beside, medians

from tiercel.testing.flow_tests.suite import FlowCase, load_suite

TIMES = 25
GOAL = 0.05


def main() -> list[Row]:
    """Time two cases of the example suite."""
    cases = {case.case.id: case for case in load_suite(ROOT / "examples/flows/release.test.yaml")}
    approved = cases["released_once_approved"]
    crashed = cases["the_engine_dies_after_the_build"]
    plain, crash = medians(TIMES, lambda: passed(approved), lambda: passed(crashed))
    return [
        beside("a flow test: mocks, a retry, a pause of two days", plain, GOAL, "the goal"),
        beside("a flow test whose engine crashes", crash, GOAL, "the goal"),
    ]


def passed(case: FlowCase) -> None:
    """Run a case.

    Raises:
        AssertionError: it did not pass.
    """
    result = case.run()
    assert result.outcome == "passed", result.text
