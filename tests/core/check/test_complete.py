"""What could be written at a place: `‸` in a text is the cursor."""

from __future__ import annotations

import pytest

from tiercel.check.complete import Completion, completions_at

HEAD = """\
id: probe
namespace: company.team
inputs:
  - {id: name, type: STRING}
  - {id: my-name, type: STRING}
tasks:
  - id: api
    type: io.kestra.plugin.core.http.Request
    uri: "http://x.test"
  - id: loop
    type: io.kestra.plugin.core.flow.ForEach
    values: [a, b]
    tasks:
      - {id: in_loop, type: io.kestra.plugin.core.debug.Return, format: x}
"""


@pytest.fixture
def complete(opened):
    """Complete at the cursor of a text that goes on where `HEAD` ends."""

    def completions(more: str) -> list[Completion]:
        text = HEAD + more
        offset = text.index("‸")
        return completions_at(opened(text.replace("‸", "")), offset)

    return completions


def task(message: str) -> str:
    return f"  - id: t\n    type: io.kestra.plugin.core.log.Log\n    message: {message}\n"


@pytest.mark.parametrize(
    ("message", "there", "not_there"),
    [
        ('"{{ ‸ }}"', {"inputs", "outputs", "taskrun", "now", "secret"}, {"upper", "name"}),
        ('"{{ inp‸ }}"', {"inputs"}, {"name"}),
        ('"{{ inputs.‸ }}"', {"name", "my-name"}, {"inputs"}),
        ('"{{ inputs.‸"', {"name"}, set()),
        ('"{{ inputs.na‸ }} and {{ flow.id }}"', {"name"}, set()),
        ('"{{ flow.id }} and {{ inputs.‸"', {"name"}, {"id"}),
        ('"{{ outputs.‸ }}"', {"api", "loop", "in_loop"}, {"code"}),
        ('"{{ outputs.api.‸ }}"', {"body", "code", "headers"}, {"api"}),
        ('"{{ outputs.api.‸"', {"body", "code", "headers"}, {"api"}),
        ("\"{{ outputs['‸'] }}\"", {"api"}, set()),
        ("\"{{ outputs['api'].‸ }}\"", {"code"}, set()),
        ('"{{ outputs.in_loop.a.‸ }}"', {"value"}, set()),
        ("\"{{ outputs.in_loop['‸'] }}\"", {"a", "b"}, set()),
        ('"{{ inputs.name | ‸ }}"', {"upper", "date"}, {"inputs", "now"}),
        ('"{{ inputs.name | up‸ }}"', {"upper"}, set()),
        ('"{{ inputs.name is ‸ }}"', {"empty", "defined"}, {"upper"}),
        ('"{{ inputs.name is not ‸ }}"', {"empty"}, {"upper"}),
        ('"{{ max(outputs.api.‸, 2) }}"', {"code"}, set()),
        ('"{% if inputs.‸ %}"', {"name"}, set()),
        ('"{% for x in [flow] %}{{ x.‸ }}{% endfor %}"', {"namespace"}, {"name"}),
        ("|\n      a\n      {{ outputs.api.‸\n      b", {"code"}, set()),
        (">\n      {{ inputs.‸ }}", {"name"}, set()),
        ("plain {{ inputs.‸ }}", {"name"}, set()),
    ],
)
def test_in_an_expression(message: str, there: set[str], not_there: set[str], complete) -> None:
    labels = {each.label for each in complete(task(message))}
    assert there <= labels
    assert not_there.isdisjoint(labels)


def test_a_member_tells_its_type_and_what_it_is(complete) -> None:
    (code,) = [each for each in complete(task('"{{ outputs.api.‸ }}"')) if each.label == "code"]
    assert code.detail == "a number, may be missing"
    assert "status" in code.doc


def test_what_is_written_takes_the_place_of_the_word(complete) -> None:
    text = task('"{{ outputs.api.co‸de }}"')
    (code,) = [each for each in complete(text) if each.label == "code"]
    whole = (HEAD + text).replace("‸", "")
    assert whole[code.start : code.end] == "code"


def test_a_name_that_is_no_word_comes_in_brackets(complete) -> None:
    text = task('"{{ inputs.‸ }}"')
    (found,) = [each for each in complete(text) if each.label == "my-name"]
    whole = (HEAD + text).replace("‸", "")
    assert (whole[found.start : found.end], found.insert) == (".", "['my-name']")


@pytest.mark.parametrize(
    ("more", "there", "not_there"),
    [
        ("  - id: t\n    type: io.kestra.plugin.core.log.Log\n    ‸", {"message", "level"}, {"id"}),
        ("  - id: t\n    type: io.kestra.plugin.core.log.Log\n    me‸\n", {"message"}, {"type"}),
        ("  - id: t\n    type: ‸\n", {"io.kestra.plugin.core.log.Log"}, set()),
        (
            "  - id: t\n    type: io.kestra.plugin.core.lo‸\n",
            {"io.kestra.plugin.core.log.Log"},
            set(),
        ),
        ("  - ‸", {"id", "type", "runIf"}, {"message"}),
        ("‸", {"outputs", "triggers", "labels"}, {"tasks", "id"}),
        ("triggers:\n  - id: t\n    type: ‸", {"io.kestra.plugin.core.trigger.Schedule"}, set()),
        (
            "  - id: t\n    type: io.kestra.plugin.core.log.Log\n    message: x\n    level: ‸\n",
            {"INFO", "WARN"},
            set(),
        ),
        (
            "  - id: t\n    type: io.kestra.plugin.core.log.Log\n    message: x\n    disabled: ‸",
            {"true", "false"},
            set(),
        ),
        (
            "  - id: t\n    type: io.kestra.plugin.core.http.Request\n    uri: x\n    options:\n"
            "      ‸\n",
            {"timeout", "followRedirects"},
            {"uri"},
        ),
        (
            "  - id: d\n    type: io.kestra.plugin.core.flow.Dag\n    tasks:\n"
            "      - task:\n          id: a\n          type: ‸\n",
            {"io.kestra.plugin.core.log.Log"},
            set(),
        ),
        (
            "  - id: d\n    type: io.kestra.plugin.core.flow.Dag\n    tasks:\n"
            "      - task: {id: a, type: io.kestra.plugin.core.log.Log, message: x}\n"
            "      - task: {id: b, type: io.kestra.plugin.core.log.Log, message: x}\n"
            "        dependsOn:\n          - ‸\n",
            {"a"},
            set(),
        ),
        ("outputs:\n  - id: o\n    type: ‸\n", {"STRING", "INT"}, set()),
        ("  - id: t\n    description: hello ‸\n", set(), {"id"}),
    ],
)
def test_in_yaml(more: str, there: set[str], not_there: set[str], complete) -> None:
    labels = {each.label for each in complete(more)}
    assert there <= labels
    assert not_there.isdisjoint(labels)


def test_the_type_of_an_input_is_one_of_few(opened) -> None:
    text = "id: p\nnamespace: n\ninputs:\n  - id: a\n    type: \n"
    found = completions_at(opened(text), len(text) - 1)
    assert "STRING" in {each.label for each in found}


def test_a_property_that_is_needed_says_so(complete) -> None:
    found = complete("  - id: t\n    type: io.kestra.plugin.core.log.Log\n    ‸")
    assert {each.label: each.detail for each in found}["message"] == "needed"


def test_types_have_their_current_names_and_older_types_say_so(complete) -> None:
    offered = {each.label: each for each in complete("  - id: t\n    type: ‸\n")}
    assert "io.kestra.core.tasks.log.Log" not in offered
    assert offered["io.kestra.plugin.core.log.Log"].doc != ""
    old = offered["io.kestra.plugin.core.flow.EachSequential"]
    assert (old.deprecated, old.doc) == (True, "Deprecated. Use io.kestra.plugin.core.flow.ForEach")
