"""The whole: places, structure beside expressions, order, texts that are no flow."""

from __future__ import annotations

import pytest

from tiercel.check.findings import RULES, STRUCTURE, Finding, Severity


def test_a_finding_has_its_place_down_to_the_character(report) -> None:
    text = """\
id: probe
namespace: company.team
tasks:
  - id: t
    type: io.kestra.plugin.core.log.Log
    message: |
      Good {{ 1 }}
      bad {{ nope }}
"""
    (finding,) = report(text).findings
    assert (finding.line, finding.column) == (8, 14)
    assert (finding.end_line, finding.end_column) == (8, 18)
    assert finding.dotted_path == "tasks[0].message"
    assert str(finding) == ("flow.yaml:8:14: error TC101: Expressions here see no variable 'nope'")


def test_what_is_wrong_with_structure_and_with_expressions_is_told_at_once(found, flow) -> None:
    tasks = """
- {id: a, type: io.kestra.plugin.core.log.Lag, message: x}
- {id: b, type: io.kestra.plugin.core.log.Log, massage: x, message: "{{ nope }}"}
- {id: b, type: io.kestra.plugin.core.log.Log, message: "{{ outputs.b.x }}"}
"""
    assert found(flow(tasks)) == [
        "TC003 io.kestra.plugin.core.log.Lag",
        "TC002 massage",
        "TC101 nope",
        "TC006 b",
        "TC103 x",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", ["TC001 "]),
        ("", ["TC001 "]),
        ("- 1\n", ["TC007 - 1"]),
        ("id: x\nnamespace: y\n", ["TC004 id: x"]),
        ("id: x\nnamespace: y\ntasks: 5\n", ["TC005 5"]),
        ("id: x\nnamespace: y\ntasks: [5, null, [], {}]\n", None),
        ("id: x\nnamespace: y\ninputs: {a: 1}\noutputs: x\ntriggers: 1\ntasks: {a: b}\n", None),
        ("id: 5\ninputs: [{id: 1}, {}, 3]\nvariables: []\nlabels: 3\ntasks: [{type: 1}]\n", None),
    ],
)
def test_whatever_the_text_is_there_is_an_answer(text: str, said, report) -> None:
    findings = report(text).findings
    assert findings
    if said is not None:
        assert [each.code for each in findings if each.code != "TC004"] == [
            each.split()[0] for each in said if "TC004" not in each
        ]


def test_a_deprecated_type_and_property_are_told_with_what_to_write(report, flow) -> None:
    tasks = """
- {id: e, type: io.kestra.plugin.core.debug.Echo, format: x}
- {id: p, type: io.kestra.plugin.core.flow.Pause, delay: PT1S}
"""
    first, second = report(flow(tasks)).findings
    assert (first.code, first.message) == (
        "TC009",
        "The type 'io.kestra.plugin.core.debug.Echo' is deprecated: "
        "Use io.kestra.plugin.core.log.Log",
    )
    assert (second.code, second.dotted_path) == ("TC009", "tasks[1].delay")


def test_findings_stand_in_the_order_of_the_text(report, flow) -> None:
    tasks = "\n".join(
        f"- {{id: t{n}, type: io.kestra.plugin.core.log.Log, message: '{{{{ nope }}}}'}}"
        for n in range(4)
    )
    outputs = "- {id: o, type: STRING, value: '{{ nope }}'}"
    findings = report(flow(tasks, outputs=outputs)).findings
    lines = [each.line for each in findings]
    assert len(lines) == 5
    assert lines == sorted(lines)


def test_one_mistake_is_told_once(found, flow) -> None:
    tasks = """
- id: t
  type: io.kestra.plugin.core.debug.Return
  format: "{{ inputs.nope.deeper[0] | join(',') | upper }}"
"""
    assert found(flow(tasks, inputs="- {id: name, type: STRING}")) == ["TC104 nope"]


def test_a_value_of_an_anchor_is_told_of_where_its_alias_stands(found, flow) -> None:
    tasks = """
- {id: a, type: io.kestra.plugin.core.log.Log, message: &text "{{ nope }}"}
- {id: b, type: io.kestra.plugin.core.log.Log, message: *text}
"""
    assert found(flow(tasks)) == ["TC101 nope", "TC101 *text"]


def test_every_rule_has_a_name_of_its_own() -> None:
    names = [rule.name for rule in RULES.values()]
    assert len(set(names)) == len(names)
    assert set(STRUCTURE.values()) <= RULES.keys()


def test_the_severity_of_a_rule_is_that_of_its_findings_unless_they_say_else(report, flow) -> None:
    tasks = "- {id: t, type: io.kestra.plugin.core.debug.Return, format: '{{ nope ?? 1 }}'}"
    (finding,) = report(flow(tasks)).findings
    assert RULES[finding.code].severity is Severity.ERROR
    assert finding.severity is Severity.WARNING
    assert not finding.is_error


def test_a_finding_without_a_place_is_told_without_one() -> None:
    assert str(Finding("TC001", "What", Severity.ERROR)) == "error TC001: What"
