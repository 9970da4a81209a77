from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import pytest

from tiercel.errors import Problem
from tiercel.model.load import Report, examine
from tiercel.model.problems import constraint_lines, nearest
from tiercel.model.task import TaskBase

Look = Callable[..., Report]

TASK = "tasks: [{{id: a, type: test.Echo, {}}}]"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('id: "bad id!"', 'id: must match "^[a-zA-Z0-9][a-zA-Z0-9._-]*"'),
        ("namespace: Golden", 'namespace: must match "^[a-z0-9][a-z0-9._-]*"'),
        (f"id: {'x' * 101}", "id: size must be between 1 and 100"),
        ("tasks: []", "tasks: must not be empty"),
        ("tasks:", "tasks: must not be empty"),
        ("concurrency: {limit: 0}", "concurrency.limit: must be greater than or equal to 1"),
        ("labels: {a: ''}", "labels[0].value: must not be empty"),
        ("labels: {a: x, b: [1]}", "labels: Unsupported type for key: b, value: [1]"),
        ("labels: [{key: a, value: x}, {key: b}]", "labels[1].value: must not be empty"),
        ("outputs: [{id: x, value: a}]", "outputs[0].type: must not be null"),
        ("sla: [{id: s, type: MAX_DURATION, behavior: FAIL}]", "sla[0].duration: must not be null"),
        (
            "tasks: [{id: a, type: test.Echo, retry: {type: constant}}]",
            "tasks[0].retry.interval: must not be null",
        ),
        ("tasks: [{id: a, type: test.Say}]", "a.message: must not be null"),
        ("tasks: [{id: a}]", "a.type: must not be null"),
        (TASK.format("level: -1"), "a.level: must be greater than or equal to 0"),
        (TASK.format("level: 10"), "a.level: must be less than or equal to 9"),
        (TASK.format("level: x"), 'a.level: Cannot read String "x" as a whole number'),
        (TASK.format("options: [1]"), "a.options: Cannot read a list as a mapping"),
        ("variables: [1, 2]", "variables: Cannot read a list as a mapping"),
        ("triggers: [{id: t, type: test.Clock}]", "triggers[0].cron: must not be null"),
        (
            "inputs: [{id: i, type: STRING, validator: '[a'}]",
            "i.validator: invalid pattern [[a]",
        ),
    ],
)
def test_problems_read_as_in_kestra(look: Look, text: str, line: str) -> None:
    assert look(text).constraints == [line]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("id: ~", "id"),
        ("tasks: [{type: test.Echo}]", "tasks[0].id"),
        ("triggers: [{type: test.Clock, cron: x}]", "triggers[0].id"),
        ("inputs: [{type: STRING}]", "inputs[0].id"),
    ],
)
def test_a_missing_id_is_told_twice_as_in_kestra(look: Look, text: str, path: str) -> None:
    assert look(text).constraints == [f"{path}: must not be blank", f"{path}: must not be null"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tasks: [{id: a, type: io.example.Nope}]", "io.example.Nope"),
        ("triggers: [{id: t, type: test.Nope}]", "test.Nope"),
        ("tasks: [{id: a, type: test.Echo, retry: {type: linear, interval: PT1S}}]", "linear"),
        ("sla: [{id: s, type: SOMETIMES, behavior: FAIL}]", "SOMETIMES"),
        ("inputs: [{id: i, type: NUMBER}]", "NUMBER"),
        (
            "triggers: [{id: t, type: test.Clock, cron: x, conditions: [{type: test.No}]}]",
            "test.No",
        ),
    ],
)
def test_an_unknown_type_is_named(look: Look, text: str, name: str) -> None:
    (problem,) = look(text).problems
    assert problem.message.startswith(f"Invalid type: {name}")
    assert problem.code == "unknown-type"


def test_the_nearest_type_is_suggested(look: Look) -> None:
    (task,) = look("tasks: [{id: a, type: test.echo}]").problems
    (retry,) = look(TASK.format("retry: {type: constent}")).problems
    assert (task.suggestion, retry.suggestion) == ("test.Echo", "constant")


def test_an_unknown_property_names_its_class_and_the_nearest_spelling(look: Look) -> None:
    (problem,) = look("id: f\ntasks:\n  - {id: a, type: test.Say, message: m, mesage: x}").problems
    assert problem.message.startswith('Unrecognized field "mesage" (class test.Say)')
    assert (problem.path, problem.suggestion) == ("a.mesage", "message")
    assert (problem.line, problem.column) == (3, 41)


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("task: []", "tasks"),
        ("concurrency: {limit: 1, behaviour: FAIL}", "behavior"),
        ("inputs: [{id: i, type: STRING, default: x}]", "defaults"),
        ("inputs: [{id: i, type: INT, mim: 1}]", "min"),
        (TASK.format("retry: {type: constant, interval: PT1S, maxAttempt5: 1}"), "maxAttempts"),
        ("tasks: [{id: g, type: test.Group, tasks: [{id: a, type: test.Echo, txt: 1}]}]", "text"),
        ("triggers: [{id: t, type: test.Clock, crom: x, cron: y}]", "cron"),
    ],
)
def test_a_mistyped_property_is_corrected_wherever_it_is(
    look: Look, text: str, suggestion: str
) -> None:
    (problem,) = look(text).problems
    assert (problem.code, problem.suggestion) == ("unknown-property", suggestion)


def test_a_word_that_is_not_one_of_those_allowed_names_them(look: Look) -> None:
    (problem,) = look("concurrency: {limit: 1, behavior: QUEUED}").problems
    expected = "not one of the values accepted for Enum class: [QUEUE, CANCEL, FAIL]"
    assert problem.message == f'String "QUEUED": {expected}'
    assert problem.suggestion == "QUEUE"


@pytest.mark.parametrize("text", ["maybe", "yes", "on", "'1'"])
def test_a_text_that_is_no_boolean_is_refused(look: Look, text: str) -> None:
    (problem,) = look(TASK.format(f"allowFailure: {text}")).problems
    assert f"""from String "{text.strip("'")}": only "true\"""" in problem.message


@pytest.mark.parametrize("text", ["'true'", "TRUE", "'True'"])
def test_the_text_true_is_a_boolean(look: Look, text: str) -> None:
    flow = look(TASK.format(f"allowFailure: {text}")).flow
    assert flow is not None
    assert flow.tasks[0].allow_failure is True


def test_a_type_that_is_no_text_is_refused(look: Look) -> None:
    (problem,) = look("tasks: [{id: a, type: [x]}]").problems
    assert (problem.message, problem.path) == ("A `type` is text", "a")


def test_a_plugin_class_that_cannot_be_made_is_told_as_broken() -> None:
    class Abstract(TaskBase):
        @abstractmethod
        def run(self) -> None: ...

    text = "id: f\nnamespace: n\ntasks: [{id: a, type: x}]"
    (problem,) = examine(text, resolve=lambda _name, _kind: Abstract).problems
    assert problem.code == "broken-plugin"
    assert "Abstract" in problem.message


def test_a_broken_plugin_is_told_with_its_cause(look: Look) -> None:
    (problem,) = look("tasks: [{id: a, type: test.Broken}]").problems
    assert "ImportError: nope" in problem.message
    assert problem.code == "broken-plugin"


def test_retry_bounds_are_named_as_in_kestra(look: Look) -> None:
    retry = "retry: {type: exponential, interval: PT10S, maxInterval: PT1S}"
    assert look(TASK.format(retry)).constraints == [
        "tasks[0].retry.intervalLessThanMaxInterval: 'interval' must be less than 'maxInterval'"
    ]


def test_what_came_from_a_default_has_the_place_of_the_task(look: Look) -> None:
    text = (
        "pluginDefaults: [{type: test.Echo, values: {level: 99}}]\n"
        "tasks:\n  - id: a\n    type: test.Echo\n"
    )
    (problem,) = look(text).problems
    assert (problem.path, problem.line, problem.column) == ("a.level", 3, 5)


def test_problems_of_the_whole_flow_are_one_line() -> None:
    problems = [Problem("Invalid Flow: a"), Problem("x", path="p"), Problem("Invalid Flow: b")]
    assert constraint_lines(problems) == ["p: x", "Invalid Flow: a, b"]


def test_nearest_takes_no_wild_guess() -> None:
    assert nearest("zzz", ["message", "level"]) is None
    assert nearest("MESSAGE", ["message", "level"]) == "message"
