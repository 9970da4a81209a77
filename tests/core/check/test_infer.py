"""Expressions: what is wrong with them, and what is not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tiercel.errors import ExpressionError
from tiercel.parts import language
from tiercel.plugin.registry import Registry

RIGHT = [
    "inputs.name | upper",
    "inputs['name']",
    "inputs.db.host",
    "inputs.form.size + 1",
    "inputs.names | join(', ')",
    "inputs.names[0] | upper",
    "inputs.names.size",
    "inputs.names | length > 2",
    "inputs.data.whatever.there[1].too",
    "inputs.data | jq('.a') | first",
    "inputs.count * 2 + 1",
    "inputs.count + 'th'",
    "inputs.name * 2",
    "inputs.name[inputs.count] ?? 'x'",
    "inputs.day | date('yyyy')",
    "inputs.maybe ?? 'none'",
    "inputs.maybe | default('none')",
    "inputs.maybe is defined ? inputs.maybe : 'none'",
    "inputs.maybe is defined and inputs.maybe == 'x'",
    "(inputs.maybe ?? '') != '' ? inputs.maybe : 'none'",
    "inputs.name.length > 3",
    "inputs.name.substring(0, 2)",
    "inputs.data.anything()",
    "vars.limits.rows + 1",
    "vars.limits.names contains 'a'",
    "render(vars.dynamic)",
    "outputs.api.body.anything",
    "outputs.api.code == 200",
    "outputs.api.headers['Content-Type'] | first",
    "outputs['api'].code",
    "outputs[inputs.name]",
    "outputs",
    "execution.startDate | date('yyyy-MM-dd')",
    "execution.id ~ flow.id ~ task.id ~ taskrun.id",
    "labels.anything",
    "labels.system.correlationId",
    "envs.stage ~ globals.site ~ kestra.url",
    "trigger.date ?? now()",
    "trigger.taskId ?? 'none'",
    "parent.taskrun.value ?? 'none'",
    "max(1, 2, inputs.count)",
    "1..5",
    "'a'..'e'",
    "[1, 2] + 3",
    "[1, 2] - [1]",
    "{% set m = {'a': {'b': [1]}} %}{{ m.a.b[0] + 1 }}",
    "not inputs.flag",
    "inputs.flag ? 1 : 'one'",
    "(inputs.flag ? 1 : 'one') | upper",
    "inputs.flag == true",
    "inputs.count == 1.5",
    "inputs.data == 1",
    "inputs.name isIn ['a', 'b']",
    "inputs.name is empty",
    "inputs.count is even",
    "null ?? 1",
    "inputs.data ??? 'x'",
    "kv('key').anything",
    "fromJson(inputs.name).a[0]",
    "secret('KEY')",
    "workingDir",
    "tasksWithState('FAILED') | length",
    "(inputs.names | sort | first) ~ 'x'",
    "inputs.choices | join(',')",
    '"#{inputs.name} and #{inputs.count}"',
    "range(1, 3) | join",
    "{% for x in inputs.names %}{{ x | upper }}{{ loop.index + 1 }}{% endfor %}",
    "{% for each in vars.limits %}{{ each.key }}{{ each.value }}{% endfor %}",
    "{% set x = inputs.count %}{{ x + 1 }}",
    "{% if inputs.maybe is defined %}{{ inputs.maybe }}{% endif %}",
    "{% if inputs.flag %}{{ inputs.name }}{% elseif inputs.count > 1 %}{% else %}x{% endif %}",
    "{% macro hi(name, more='x') %}{{ name }}{{ more }}{% endmacro %}{{ hi(inputs.name) }}",
    "{% filter upper %}{{ inputs.name }}{% endfilter %}",
    "{% block one %}{{ inputs.name }}{% endblock %}{{ block('one') }}",
    "{% raw %}{{ nope }}{% endraw %}",
    "{# {{ nope }} #}",
]

WRONG = [
    # Names
    ("inputs.nmae", ["TC104 nmae"]),
    ("inputs['nmae']", ["TC104 'nmae'"]),
    ("inputs.db.hots", ["TC104 hots"]),
    ("inputs.form.sise", ["TC104 sise"]),
    ("inputs.nmae.deeper | upper", ["TC104 nmae"]),
    ("inputs.nmae ?? 'x'", ["~TC104 nmae"]),
    ("vars.limits.rwos", ["TC105 rwos"]),
    ("vars.nope", ["TC105 nope"]),
    ("outputs.apo.code", ["TC102 apo"]),
    ("outputs['apo'].code", ["TC102 'apo'"]),
    ("outputs.apo.code ?? 1", ["~TC102 apo"]),
    ("outputs.api.coed", ["TC103 coed"]),
    ("outputs.quiet.value", ["TC103 value"]),
    ("execution.startDat", ["TC105 startDat"]),
    ("flow.name", ["TC105 name"]),
    ("taskrun.value", ["TC105 value"]),
    ("input.name", ["TC101 input"]),
    ("nope", ["TC101 nope"]),
    ("nope ?? 1", ["~TC101 nope"]),
    ("parent.taskrun", ["TC101 parent"]),
    ("inputs.name | uper", ["TC106 uper"]),
    ("noww()", ["TC107 noww"]),
    ("inputs.name is defind", ["TC108 defind"]),
    ("inputs.names.nope", ["TC105 nope"]),
    ("inputs.name.nope", ["TC105 nope"]),
    ("inputs.count.nope()", ["TC105 nope"]),
    ("inputs.name[0]", ["TC105 inputs.name[0]"]),
    ("inputs.flag[0]", ["TC105 inputs.flag[0]"]),
    ("null.x", ["TC105 x"]),
    ("vars.limits[0]", ["TC301 0"]),
    # Arguments
    ("inputs.names | chunk", ["TC109 chunk"]),
    ("inputs.name | upper(1)", []),
    ("inputs.name | abbreviate(5, 6)", ["TC109 6"]),
    ("inputs.name | abbreviate(size=5)", ["TC109 size"]),
    ("secret()", ["TC109 secret"]),
    ("secret(key='a', nmaespace='b')", ["TC109 nmaespace"]),
    # Operands
    ("inputs.names | upper | date", []),
    ("inputs.names | date('yyyy')", ["TC301 date"]),
    ("inputs.name | join(',')", ["TC301 join"]),
    ("inputs.flag | split(',')", ["TC301 split"]),
    ("inputs.count | number", ["TC301 number"]),
    ("inputs.name | abs", ["TC301 abs"]),
    ("inputs.name is even", ["TC301 even"]),
    ("inputs.name | abbreviate('5')", ["TC301 '5'"]),
    ("inputs.names | slice('0')", ["TC301 '0'"]),
    ("secret(5)", ["TC301 5"]),
    ("inputs.names * 2", ["TC302 inputs.names * 2"]),
    ("inputs.flag + 1", ["TC302 inputs.flag + 1"]),
    ("{'a': 1} + {'b': 2}", ["TC302 {'a': 1} + {'b': 2}"]),
    ("-inputs.names", ["TC302 -inputs.names"]),
    ("inputs.name > 3", ["TC302 inputs.name > 3"]),
    ("taskrun.startDate < now()", ["TC302 taskrun.startDate < now()"]),
    ("inputs.count contains 1", ["TC302 inputs.count contains 1"]),
    ("inputs.flag..5", ["TC302 inputs.flag..5"]),
    # Conditions and comparisons
    ("inputs.names ? 1 : 2", ["TC303 inputs.names"]),
    ("not outputs.api.headers", ["TC303 outputs.api.headers"]),
    ("inputs.flag and vars.limits", ["TC303 vars.limits"]),
    ("inputs.flag == 'true'", ["~TC304 inputs.flag == 'true'"]),
    ("inputs.count != '1'", ["~TC304 inputs.count != '1'"]),
    # What may be missing
    ("inputs.maybe", ["~TC205 maybe"]),
    ("inputs.maybe ~ (inputs.maybe ?? '')", ["~TC205 maybe"]),
    ("vars.dynamic", ["~TC206 dynamic"]),
    # Several at once
    ("inputs.nope ~ outputs.nope ~ nope", ["TC104 nope", "TC102 nope", "TC101 nope"]),
    # Tags
    ("{% for x in inputs.count %}{% endfor %}", ["TC301 inputs.count"]),
    ("{% for x in inputs.names %}{{ x.nope }}{% endfor %}", ["TC105 nope"]),
    ("{% for x in vars.limits %}{{ x.name }}{% endfor %}", ["TC105 name"]),
    ("{% if inputs.names %}{% endif %}", ["TC303 inputs.names"]),
    (
        "{% if inputs.flag %}{{ nope }}{% else %}{{ nope2 }}{% endif %}",
        ["TC101 nope", "TC101 nope2"],
    ),
    ("{% set x = inputs.count %}{{ x | join }}", ["TC301 join"]),
    ("{% macro m(a) %}{{ inputs }}{% endmacro %}{{ m(1) }}", ["TC101 inputs"]),
    ("{% macro m(a=nope) %}{{ a }}{% endmacro %}{{ m() }}", ["TC101 nope"]),
    ("{% filter uper %}{% endfilter %}", ["TC106 uper"]),
    ("{% set m = {'a': 1} %}{{ m.b }}", ["TC105 b"]),
    ("{% for x in [1] %}{% endfor %}{{ x }}", ["TC101 x"]),
    # Syntax
    ("inputs.", ["TC100 }"]),
    ("inputs.name |", ["TC100 }"]),
    ("{% if inputs.flag %}", ["TC100 "]),
]


@pytest.mark.parametrize("expression", RIGHT)
def test_nothing_is_wrong_with(expression: str, wrong) -> None:
    assert wrong(expression) == []


@pytest.mark.parametrize(("expression", "said"), WRONG, ids=[each for each, _ in WRONG])
def test_it_is_told_of(expression: str, said: list[str], wrong) -> None:
    assert wrong(expression) == said


# What the flow of `wrong` would see, and the services that its functions would work on.
VARIABLES = {
    "inputs": {
        "name": "12",
        "count": 2,
        "flag": True,
        "names": ["a", "b"],
        "data": {"whatever": {"there": [{}, {"too": 1}]}, "a": 1},
        "day": "2024-01-31",
        "choices": ["a"],
        "db": {"host": "x"},
        "form": {"size": 1},
    },
    "vars": {
        "greeting": "hello",
        "limits": {"rows": 5, "names": ["a"]},
        "dynamic": "{{ inputs.name }}",
    },
    "outputs": {
        "api": {"code": 200, "headers": {"Content-Type": ["a"]}, "body": {"anything": 1}},
        "12": {},
    },
    "execution": {"id": "e", "startDate": datetime(2024, 1, 31, tzinfo=UTC)},
    "flow": {"id": "f", "namespace": "n"},
    "task": {"id": "t", "type": "x"},
    "taskrun": {"id": "r", "startDate": datetime(2024, 1, 31, tzinfo=UTC)},
    "labels": {"anything": "x", "system": {"correlationId": "c"}},
    "envs": {"stage": "s"},
    "globals": {"site": "g"},
    "kestra": {"url": "u"},
    "workingDir": "/tmp",
}
SERVED = ("secret(", "kv(", "inputs.data.anything()", "fromJson(inputs.name)")
"""Needs a service, or other data."""
ENVIRONMENT = language(Registry([]))


@pytest.mark.parametrize("expression", [e for e in RIGHT if not e.startswith(SERVED)])
def test_what_is_right_can_be_evaluated(expression: str) -> None:
    template = expression if expression.startswith(("{%", "{#")) else f"{{{{ {expression} }}}}"
    ENVIRONMENT.evaluate(template, VARIABLES)


@pytest.mark.parametrize(
    "expression",
    [e for e, said in WRONG if said and not all(each.startswith("~") for each in said)],
)
def test_what_is_an_error_cannot_be_evaluated(expression: str) -> None:
    template = expression if expression.startswith(("{%", "{#")) else f"{{{{ {expression} }}}}"
    with pytest.raises(ExpressionError):
        ENVIRONMENT.render(template, VARIABLES)


@pytest.mark.parametrize(
    ("expression", "suggestion"),
    [
        ("inputs.nmae", "name"),
        ("outputs.apo", "api"),
        ("outputs.api.coed", "code"),
        ("input.name", "inputs"),
        ("inputs.name | uper", "upper"),
        ("secrt('KEY')", "secret"),
        ("inputs.name is defind", "defined"),
        ("inputs.name | abbreviate(lenght=5)", "length"),
        ("completely.different", None),
    ],
)
def test_the_nearest_name_is_suggested(expression, suggestion, report, flow) -> None:
    task = f"""
- {{id: api, type: io.kestra.plugin.core.http.Request, uri: "http://x.test"}}
- id: probe
  type: io.kestra.plugin.core.debug.Return
  format: "{{{{ {expression} }}}}"
"""
    (finding,) = report(flow(task, inputs="- {id: name, type: STRING}")).findings
    assert finding.suggestion == suggestion


def test_a_secret_that_is_logged_is_told(found, flow) -> None:
    task = """
- id: log
  type: io.kestra.plugin.core.log.Log
  message: "{{ secret('KEY') }} {{ secret('KEY') | length }} {{ secret('KEY') == 'x' }}"
- id: other
  type: io.kestra.plugin.core.debug.Return
  format: "{{ secret('KEY') }}"
"""
    assert found(flow(task)) == ["~TC501 secret"]


def test_a_secret_input_that_is_logged_is_told(found, flow) -> None:
    task = '- {id: log, type: io.kestra.plugin.core.log.Log, message: ["a {{ inputs.key }}"]}'
    assert found(flow(task, inputs="- {id: key, type: SECRET}")) == ["~TC501 key"]
