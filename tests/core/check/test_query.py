"""Questions about places: `‸` in a text is the place."""

from __future__ import annotations

import pytest

from tiercel.check import query

FLOW = """\
id: probe
namespace: company.team
inputs:
  - {id: name, type: STRING, description: Who it is for}
variables: {greeting: hello}
tasks:
  - id: api
    type: io.kestra.plugin.core.http.Request
    description: Ask the server
    uri: "http://x.test/{{ inputs.name | upper }}"
  - id: my-task
    type: io.kestra.plugin.core.debug.Return
    format: 'x {{ outputs.api.code }} {{ outputs[''api''].body.a }} {{ vars.greeting }}'
  - id: graph
    type: io.kestra.plugin.core.flow.Dag
    tasks:
      - task: {id: one, type: io.kestra.plugin.core.debug.Return, format: "{{ now() }}"}
      - task: {id: two, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.one.value }}"}
        dependsOn: [one]
  - id: sub
    type: io.kestra.plugin.core.flow.Subflow
    namespace: company.team
    flowId: other
"""
OTHER = "id: other\nnamespace: company.team\ntasks: []\n"


@pytest.fixture
def document(opened):
    return opened(FLOW, OTHER)


def at(part: str, inside: int = 1) -> int:
    """Return the offset of a place inside a part of the flow's text."""
    return FLOW.index(part) + inside


@pytest.mark.parametrize(
    ("part", "title", "text"),
    [
        ("code }}", "code: a number, may be missing", "status"),
        ("api.code", "api: a map with uri, code, headers", "Ask the server"),
        ("inputs.name", "inputs: a map with name", ""),
        ("name | upper", "name: text", "Who it is for"),
        ("upper }}", "filter upper", "upper case"),
        ("now()", "function now(format?", "the present"),
        ("greeting }}", "greeting: text", ""),
        ("io.kestra.plugin.core.http.Request", "io.kestra.plugin.core.http.Request", ""),
        ("uri:", "uri", ""),
        ("flowId", "flowId", "The flow"),
    ],
)
def test_a_place_is_explained(document, part: str, title: str, text: str) -> None:
    answer = query.answer_at(document, at(part))
    assert answer is not None
    assert answer.title.startswith(title)
    assert text in answer.text


def test_an_answer_is_about_exactly_the_name(document) -> None:
    answer = query.answer_at(document, at("code }}"))
    assert FLOW[answer.span.start : answer.span.end] == "code"


@pytest.mark.parametrize("part", ["company.team", "\n  - id: my", "x {{"])
def test_of_some_places_there_is_nothing_to_say(document, part: str) -> None:
    assert query.answer_at(document, at(part, 0)) is None


@pytest.mark.parametrize(
    ("part", "defined"),
    [
        ("api.code", "api\n    type"),
        ("api'']", "api\n    type"),
        ("name | upper", "name, type: STRING"),
        ("greeting }}", "greeting: hello"),
        ("one.value", "one, type"),
        ("one]", "one, type"),
    ],
)
def test_what_is_read_is_defined_somewhere(document, part: str, defined: str) -> None:
    place = query.definition_at(document, at(part))
    assert place is not None
    assert FLOW[place.span.start :].startswith(defined)


def test_the_flow_that_a_task_runs_is_in_its_file(document) -> None:
    assert query.definition_at(document, at("other")) == query.Place("other0.yaml", None)


@pytest.mark.parametrize("part", ["upper }}", "now()", "Ask the"])
def test_what_is_not_defined_in_a_flow_has_no_place(document, part: str) -> None:
    assert query.definition_at(document, at(part)) is None


@pytest.mark.parametrize(
    ("part", "task", "count"),
    [("api\n", "api", 3), ("api.code", "api", 3), ("one.value", "one", 3), ("one]", "one", 3)],
)
def test_the_references_to_a_task_are_found_from_any_of_them(document, part, task, count) -> None:
    found = query.task_at(document, at(part))
    assert found is not None
    references = query.references_to(document, found)
    spans = [each.span for each in references]
    assert [FLOW[span.start : span.end].strip("'") for span in spans] == [task] * count
    assert len(set(spans)) == count


def test_nothing_else_is_a_task(document) -> None:
    assert query.task_at(document, at("name | upper")) is None
    assert query.task_at(document, at("company.team")) is None
