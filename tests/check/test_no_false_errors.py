"""The checker finds nothing wrong with flows that are right."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from corpus import Golden, Sample, examples_of, golden, samples

from tiercel.check.checker import Checker
from tiercel.check.findings import Finding
from tiercel.check.interfaces import Interfaces
from tiercel.schema.types import TYPE_KINDS

AREAS = sorted({case.area for case in golden()})
EXPECTED = {"TC009": "old types have examples, too", "TC501": "how secrets are masked is shown"}
"""Warnings that samples may give."""


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_a_sample_is_right(sample: Sample, checker: Checker) -> None:
    findings = checker.check(sample.text, sample.name).findings
    assert [str(each) for each in findings if each.code not in EXPECTED] == []


@pytest.mark.parametrize("kind", TYPE_KINDS)
def test_every_type_has_examples_and_they_pass_strictly(kind: str, checker: Checker) -> None:
    for cls, listed in examples_of(kind):
        old = cls.deprecated is not None
        assert listed or old, f"{cls.type_name} has no example"
        found = [each for sample in listed for each in checker.check(sample.text).findings]
        assert [str(each) for each in found if not (old and each.code == "TC009")] == []


def test_there_are_many_samples() -> None:
    assert len(samples()) > 250


def errors(case: Golden, index: int, checker: Checker) -> list[Finding]:
    known = Interfaces.of_texts((text, str(number)) for number, text in enumerate(case.flows))
    return list(checker.check(case.flows[index], f"{case.name} #{index}", known).errors)


def flow_id(text: str) -> Any:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return data.get("id") if isinstance(data, dict) else None


@pytest.mark.parametrize("area", AREAS)
def test_an_error_in_a_golden_flow_is_one_that_its_executions_met(area, checker) -> None:
    """A flow that Kestra takes, and whose executions all succeeded, has no error."""
    false = []
    for case in golden():
        if case.area != area or case.expect.get("valid") is False:
            continue
        for index, text in enumerate(case.flows):
            found = errors(case, index, checker)
            if found and case.went_wrong(flow_id(text)) is False:
                false += map(str, found)
    assert false == []


def test_what_golden_executions_stumbled_over_is_found(checker: Checker) -> None:
    """Expressions that golden flows fail by are found before they run."""
    stumbling = [
        "basics/missing_output_fails",
        "basics/missing_nested_output_attribute",
        "basics/unknown_filter_at_run",
        "basics/unknown_function_at_run",
        "basics/runif_error",
        "basics/pebble_syntax_error_at_run",
        "basics/disabled_task_output_reference",
        "errors/if_condition_render_error",
        "inputs/default_invalid_value",
        "subflow/missing_input",
    ]
    cases = {case.name: case for case in golden()}
    assert [name for name in stumbling if not errors(cases[name], 0, checker)] == []
