"""What the checker says that expressions see is what they see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tiercel import Tiercel
from tiercel.check.scope import Scope
from tiercel.check.types import Either, ListOf, MapOf, Type, kinds

PROBED = """
id: probed
namespace: company.team
labels: {team: data, a.b: c}
variables: {x: 1, deep: {y: [z]}}
inputs:
  - {id: name, type: STRING, defaults: Ada}
  - {id: count, type: INT, defaults: 3}
  - {id: names, type: ARRAY, itemType: STRING, defaults: [a, b]}
  - {id: db.host, type: STRING, defaults: x}
  - {id: day, type: DATE, defaults: "2024-01-31"}
  - {id: length, type: DURATION, defaults: PT1H}
  - {id: maybe, type: STRING, required: false}
tasks:
  - {id: made, type: io.kestra.plugin.core.debug.Return, format: made}
  - id: values
    type: io.kestra.plugin.core.output.OutputValues
    values: {greeting: "Hi {{ inputs.name }}", list: [1, "{{ 2 }}"], none: null}
  - {id: top, type: io.kestra.plugin.core.debug.Return, format: &probe "PROBE"}
  - id: loop
    type: io.kestra.plugin.core.flow.ForEach
    values: [p, 2]
    tasks:
      - {id: in_loop, type: io.kestra.plugin.core.debug.Return, format: *probe}
      - id: fork
        type: io.kestra.plugin.core.flow.If
        condition: "true"
        then:
          - {id: in_fork, type: io.kestra.plugin.core.debug.Return, format: *probe}
      - id: work
        type: io.kestra.plugin.core.flow.WorkingDirectory
        tasks:
          - {id: in_work, type: io.kestra.plugin.core.debug.Return, format: *probe}
      - id: inner
        type: io.kestra.plugin.core.flow.ForEach
        values: "{{ ['u'] }}"
        tasks:
          - {id: in_both, type: io.kestra.plugin.core.debug.Return, format: *probe}
  - id: rounds
    type: io.kestra.plugin.core.flow.LoopUntil
    condition: "true"
    tasks:
      - {id: in_rounds, type: io.kestra.plugin.core.debug.Return, format: *probe}
  - id: folder
    type: io.kestra.plugin.core.flow.WorkingDirectory
    tasks:
      - {id: in_folder, type: io.kestra.plugin.core.debug.Return, format: *probe}
  - id: group
    type: io.kestra.plugin.core.flow.Sequential
    tasks:
      - {id: in_group, type: io.kestra.plugin.core.debug.Return, format: *probe}
finally:
  - {id: at_end, type: io.kestra.plugin.core.debug.Return, format: *probe}
"""
# Not all outputs: each probe would show all probes before it.
PROBED = PROBED.replace("PROBE", "{{ printContext() | jq('.outputs |= {made, values}') | first }}")
PROBES = (
    "top",
    "in_loop",
    "in_fork",
    "in_work",
    "in_both",
    "in_rounds",
    "in_folder",
    "in_group",
    "at_end",
)


@pytest.fixture(scope="module")
def seen() -> Mapping[str, Mapping[str, Any]]:
    """What each probe saw in its first run."""
    import json

    with Tiercel() as tiercel:
        flow = tiercel.load_flow(PROBED)
        execution = tiercel.run(flow)
    assert str(execution.state) == "SUCCESS"
    runs = [run for run in execution.task_runs.values() if run.task_id in PROBES]
    return {run.task_id: json.loads(run.outputs["value"]) for run in reversed(runs)}


def misfits(value: Any, said: Type, where: str) -> list[str]:
    """Return where a value is not of a type."""
    if isinstance(said, Either):
        found = [misfits(value, choice, where) for choice in said.choices]
        return min(found, key=len)
    if isinstance(value, dict) and isinstance(said, MapOf):
        return members_misfit(value, said, where)
    if isinstance(value, list) and isinstance(said, ListOf):
        return [each for item in value for each in misfits(item, said.item, f"{where}[]")]
    names = {dict: "map", list: "list", str: "text", bool: "boolean", type(None): "null"}
    kind = names.get(type(value), "number")
    # `printContext` shows a date as a text.
    fits = kind in kinds(said) or (kind == "text" and "moment" in kinds(said))
    return [] if fits else [f"{where} is {kind}, not {sorted(kinds(said))}"]


def members_misfit(value: Mapping[str, Any], said: MapOf, where: str) -> list[str]:
    wrong = []
    for name, item in value.items():
        known = said.members.get(name)
        if known is not None:
            wrong += misfits(item, known.type, f"{where}.{name}")
        elif said.rest is None:
            wrong.append(f"{where}.{name} is not known")
        else:
            wrong += misfits(item, said.rest, f"{where}.{name}")
    return wrong


@pytest.fixture(scope="module")
def scopes(checker):
    flow = checker.open(PROBED).flow

    def scope(task_id: str) -> Scope:
        return flow.of_task(flow.tree.find(task_id))

    return scope


@pytest.mark.parametrize("probe", PROBES)
def test_everything_that_a_task_sees_is_known_with_its_type(probe, seen, scopes) -> None:
    assert members_misfit(seen[probe], scopes(probe).variables, probe) == []


@pytest.mark.parametrize("probe", PROBES)
def test_what_is_sure_is_there(probe, seen, scopes) -> None:
    said = scopes(probe).variables.members
    assert {name for name, member in said.items() if member.sure} <= set(seen[probe])
    for name in ("taskrun", "flow", "execution", "inputs", "task"):
        members = said[name].type.members
        sure = {each for each, member in members.items() if member.sure}
        assert sure <= set(seen[probe][name]), name


def members(scope: Scope, *path: str) -> set[str]:
    here: Any = scope.variables
    for name in path:
        here = here.members[name].type if name in here.members else here.rest
    return set(here.members)


def test_outputs_of_loops_are_found_under_the_values(scopes) -> None:
    scope = scopes("at_end")
    assert members(scope, "outputs", "in_loop") == {"p", "2"}
    assert members(scope, "outputs", "in_both", "p", "u") == {"value"}
    assert members(scope, "outputs", "fork", "2") == {"evaluationResult"}


def test_an_output_that_mirrors_a_property_has_its_members(scopes) -> None:
    assert members(scopes("top"), "outputs", "values", "values") == {"greeting", "list"}


def test_the_inputs_of_a_pause_are_among_its_outputs(opened, flow) -> None:
    tasks = """
- id: ask
  type: io.kestra.plugin.core.flow.Pause
  onResume: [{id: reason, type: STRING}]
- id: show
  type: io.kestra.plugin.core.log.Log
  message: x
"""
    scope = opened(flow(tasks)).flow.of_execution()
    assert members(scope, "outputs", "ask", "onResume") == {"reason"}


def test_output_files_are_known_by_name_and_others_are_odd(found, flow) -> None:
    tasks = """
- id: script
  type: io.kestra.plugin.scripts.shell.Commands
  commands: [x]
  outputFiles: [a.csv, "b.txt"]
- id: show
  type: io.kestra.plugin.core.debug.Return
  format: "{{ outputs.script.outputFiles['a.csv'] }} {{ outputs.script.outputFiles['c.csv'] }}"
"""
    assert found(flow(tasks)) == ["~TC103 'c.csv'"]


def test_of_output_files_by_pattern_any_may_be_there(found, flow) -> None:
    tasks = """
- {id: s, type: io.kestra.plugin.scripts.shell.Commands, commands: [x], outputFiles: ["*.csv"]}
- {id: t, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.s.outputFiles['c.csv'] }}"}
"""
    assert found(flow(tasks)) == []


@pytest.mark.parametrize(
    ("triggers", "expression", "said"),
    [
        ("- {id: t, type: io.kestra.plugin.core.trigger.Webhook, key: k}", "trigger.body.x", []),
        (
            "- {id: t, type: io.kestra.plugin.core.trigger.Webhook, key: k}",
            "trigger.bdy",
            ["TC105 bdy"],
        ),
        (
            "- {id: t, type: io.kestra.plugin.core.trigger.Schedule, cron: '@daily'}",
            "trigger.date | date('yyyy')",
            [],
        ),
        ("- {id: t, type: com.acme.Unknown}", "trigger.whatever", ["TC003 com.acme.Unknown"]),
    ],
)
def test_a_trigger_tells_what_its_type_says(triggers, expression, said, found, flow) -> None:
    tasks = f"""
- id: t
  type: io.kestra.plugin.core.debug.Return
  format: "{{{{ {expression} }}}}"
"""
    assert found(flow(tasks, triggers=triggers)) == said


def test_a_trigger_knows_what_it_tells_where_it_gives_it_to_inputs(found, flow) -> None:
    webhook = "{id: w, type: io.kestra.plugin.core.trigger.Webhook, key: k, inputs: {name: %s}}"
    for expression, said in (("body.x", []), ("bdy", ["~TC105 bdy"])):
        text = flow(
            "- {id: t, type: io.kestra.plugin.core.log.Log, message: x}",
            inputs="- {id: name, type: STRING}",
            triggers="- " + webhook % f"'{{{{ trigger.{expression} }}}}'",
        )
        assert found(text) == said


def test_tasks_of_a_flowable_that_is_not_known_may_see_anything(found, flow) -> None:
    tasks = """
- id: loop
  type: com.acme.Loop
  values: [a]
  tasks:
    - id: t
      type: io.kestra.plugin.core.debug.Return
      format: "{{ item.value }} {{ inputs.nmae }}"
"""
    said = found(flow(tasks, inputs="- {id: name, type: STRING}"))
    assert said == ["TC003 com.acme.Loop", "TC104 nmae"]


def test_without_a_trigger_only_what_a_caller_tells_is_expected(found, flow) -> None:
    tasks = """
- id: t
  type: io.kestra.plugin.core.debug.Return
  format: "{{ trigger.executionId }} {{ trigger.date }} {{ trigger.date ?? 'x' }}"
"""
    assert found(flow(tasks)) == ["~TC105 date"]


def test_variables_that_a_task_sets_may_be_any(found, flow) -> None:
    tasks = """
- {id: set, type: io.kestra.plugin.core.execution.SetVariables, variables: {stage: "x"}}
- {id: t, type: io.kestra.plugin.core.debug.Return, format: "{{ vars.stage }}"}
"""
    assert found(flow(tasks)) == []


@pytest.mark.parametrize(
    ("where", "expression", "said"),
    [
        ("then", "taskrun.value", ["TC105 taskrun.value"]),
        ("then", "parent.taskrun.value", []),
        ("then", "parents[0].taskrun.value", []),
        ("tasks", "taskrun.value", []),
        ("tasks", "taskrun.iteration + 1", []),
        ("tasks", "outputs.first[taskrun.value].value", []),
        ("tasks", "outputs.first.value", ["TC204 value"]),
        ("tasks", "outputs.first['p'].value", []),
        ("tasks", "outputs.first['q'].value", ["TC204 'q'"]),
        ("tasks", "outputs.first[taskrun.iteration].value", ["TC301 taskrun.iteration"]),
        ("tasks", "currentEachOutput(outputs.first).value", []),
        ("tasks", "currentEachOutput(outputs.first).nope", ["TC103 nope"]),
    ],
)
def test_in_a_loop(where: str, expression: str, said: list[str], found, flow) -> None:
    probe = f"{{id: t, type: io.kestra.plugin.core.debug.Return, format: '{{{{ {expression} }}}}'}}"
    probe = probe.replace("['", '["').replace("']", '"]')
    if where == "then":
        probe = f"{{id: if, type: io.kestra.plugin.core.flow.If, condition: 'x', then: [{probe}]}}"
    tasks = f"""
- id: loop
  type: io.kestra.plugin.core.flow.ForEach
  values: [p]
  tasks:
    - {{id: first, type: io.kestra.plugin.core.debug.Return, format: x}}
    - {probe}
"""
    assert [each.replace('"', "'") for each in found(flow(tasks))] == said


def test_the_outputs_of_a_known_flow_are_those_of_its_task(found, flow) -> None:
    other = """
id: other
namespace: company.team
tasks: [{id: t, type: io.kestra.plugin.core.log.Log, message: x}]
outputs: [{id: total, type: INT, value: "{{ 1 }}"}]
"""
    tasks = """
- {id: sub, type: io.kestra.plugin.core.flow.Subflow, namespace: company.team, flowId: other}
- id: t
  type: io.kestra.plugin.core.debug.Return
  format: "{{ outputs.sub.outputs.total + 1 }} {{ outputs.sub.outputs.totl }}"
"""
    assert found(flow(tasks), other) == ["TC103 totl"]
    assert found(flow(tasks)) == []
