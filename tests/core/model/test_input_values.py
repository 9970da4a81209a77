from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tiercel.errors import InputError, UndefinedError
from tiercel.model.flow import Flow
from tiercel.model.input_values import (
    flat_inputs,
    input_values,
    literal_defaults,
    output_values,
    resolve_inputs,
    unknown_inputs,
    with_defaults,
)

Read = Callable[..., Flow]


def render(value: Any, inputs: Mapping[str, Any]) -> Any:
    """Know three expressions: `{{ x }}`, `{{ x == y }}` and `{{ [x, y] }}`, x and y input ids."""
    if isinstance(value, list):
        return [render(each, inputs) for each in value]
    match = re.fullmatch(r"\{\{ (\[?)(\w+)(?:(?: == |, )(\w+))?\]? \}\}", str(value))
    if match is None:
        return value
    bracket, first, second = match.groups()
    if first not in inputs:
        raise UndefinedError(f"Unable to find `{first}`")
    if bracket:
        return [inputs[first], second]
    return inputs[first] == second if second else inputs[first]


@pytest.fixture
def values(read: Read) -> Callable[..., Any]:
    """Type what is given for the inputs declared in YAML's flow style."""

    def typed(declared: str, given: Mapping[str, Any] | None = None) -> Any:
        return input_values(read(f"inputs: [{declared}]").inputs, given or {}, render)

    return typed


@pytest.mark.parametrize(
    ("declared", "given", "expected"),
    [
        ("type: STRING", 5, "5"),
        ("type: STRING", "", ""),
        ("type: INT", "42", 42),
        ("type: INT", "+7", 7),
        ("type: FLOAT", "3.14", 3.14),
        ("type: FLOAT", 3, 3.0),
        ("type: FLOAT", " 1e3 ", 1000.0),
        ("type: BOOL", "TRUE", True),
        ("type: BOOL", "yes", False),
        ("type: BOOLEAN", True, True),
        ("type: DATETIME", "2024-01-02T03:04:05+02:00", "2024-01-02T01:04:05.000000Z"),
        ("type: DATE", "2024-01-02", "2024-01-02"),
        ("type: TIME", "03:04", "03:04:00"),
        ("type: DURATION", "PT1H30M", 5400.0),
        ("type: JSON", '{"a": [1, null]}', {"a": [1, None]}),
        ("type: JSON", {"a": 1}, {"a": 1}),
        ("type: YAML", "k: [1, yes]", {"k": [1, "yes"]}),
        ("type: URI", "https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("type: FILE", "kestra:///a/b.txt", "kestra:///a/b.txt"),
        ("type: EMAIL", "ada@example.org", "ada@example.org"),
        ("type: SECRET", "s3cr3t", "s3cr3t"),
        ("type: SELECT, values: [A, B]", "B", "B"),
        ("type: ENUM, values: [A, B]", "A", "A"),
        ("type: SELECT, values: [A], allowCustomValue: true", "Z", "Z"),
        ("type: SELECT, values: [A], required: false", "Z", "Z"),
        ("type: MULTISELECT, values: [x, y, z]", '["x", "z"]', ["x", "z"]),
        ("type: MULTISELECT, values: [x]", ["x"], ["x"]),
        ("type: MULTISELECT, values: ['1', '2'], itemType: INT", ["1", 2], [1, 2]),
        ("type: ARRAY, itemType: INT", "[1, 2]", [1, 2]),
        ("type: ARRAY, itemType: STRING", [1, 2], ["1", "2"]),
        ("type: ARRAY, itemType: DATE", ["2024-01-02"], ["2024-01-02"]),
        ("type: ARRAY, itemType: DURATION", '["PT1M"]', [60.0]),
    ],
)
def test_a_value_is_read_by_its_type(
    values: Callable[..., Any], declared: str, given: Any, expected: Any
) -> None:
    result = values(f"{{id: i, {declared}}}", {"i": given})["i"]
    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("declared", "given", "cause"),
    [
        ("type: INT", "abc", 'For input string: "abc"'),
        ("type: INT", "1.5", 'For input string: "1.5"'),
        ("type: INT", 1.5, 'For input string: "1.5"'),
        ("type: INT", "2147483648", 'For input string: "2147483648"'),
        ("type: FLOAT", "1,5", 'For input string: "1,5"'),
        ("type: FLOAT", " ", "empty String"),
        ("type: EMAIL", "ada-at-example", "The input must be a valid email"),
        ("type: URI", "not a uri", "Illegal character in path at index 3: not a uri"),
        ("type: URI", "/relative", "Invalid URI format."),
        ("type: STRING, validator: '[0-9]+'", "xx123", "it must match the pattern `[0-9]+`"),
        ("type: SELECT, values: [A, B]", "Z", "it must match the values `[A, B]`"),
        ("type: SELECT", "Z", "it must match the values `[]`"),
        (
            "type: MULTISELECT, values: [A, B]",
            '["A", "Z"]',
            "value `Z` doesn't match the values `[A, B]`",
        ),
        ("type: MULTISELECT, options: [A]", ["Z"], "value `Z` doesn't match the values `[A]`"),
        ("type: INT, min: 5, max: 10", "1", "it must be more than `5`"),
        ("type: INT, min: 5, max: 10", "99", "it must be less than `10`"),
        ("type: FLOAT, min: 1.5", "0.5", "it must be more than `1.5`"),
        ("type: DURATION, min: PT5S", "PT1S", "It must be more than `PT5S`"),
        ("type: DURATION, max: PT1M", "PT61S", "It must be less than `PT1M`"),
        ("type: DATE, after: '2021-01-01'", "2020-01-01", "it must be after `2021-01-01`"),
        ("type: TIME, after: '09:00:00'", "08:00:00", "it must be after `09:00`"),
        (
            "type: DATETIME, before: '2030-01-01T00:00:00Z'",
            "2031-01-01T00:00:00Z",
            "it must be before `2030-01-01T00:00:00Z`",
        ),
        (
            "type: DATETIME, before: '2030-01-01T00:00:00.25Z'",
            "2031-01-01T00:00:00Z",
            "it must be before `2030-01-01T00:00:00.250Z`",
        ),
        (
            "type: ARRAY, itemType: INT",
            "[1, x]",
            "errors:\n```\nExpecting value: line 1 column 5 (char 4)\n```",
        ),
        (
            "type: ARRAY, itemType: INT",
            '["x"]',
            "Unable to parse array element as `INT` on `x`",
        ),
        (
            "type: ARRAY, itemType: INT",
            '{"a": 1}',
            'errors:\n```\nExpected a list, not {"a": 1}\n```',
        ),
        ("type: DURATION", "5 minutes", "errors:\n```\nText cannot be parsed to a Duration\n```"),
        (
            "type: DATETIME",
            "2024-01-01 10:00",
            "errors:\n```\nText '2024-01-01 10:00' could not be parsed at index 10\n```",
        ),
        ("type: JSON", "NaN", "errors:\n```\nNaN is not JSON\n```"),
        (
            "type: FILE, allowedFileExtensions: [.csv]",
            "x.txt",
            "the file must have one of the extensions `[.csv]`",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_kestras_words(
    values: Callable[..., Any], declared: str, given: Any, cause: str
) -> None:
    with pytest.raises(InputError) as caught:
        values(f"{{id: i, {declared}}}", {"i": given})
    assert str(caught.value) == f"Invalid value for input `i`. Cause: {cause}"
    assert caught.value.input_id == "i"


@pytest.mark.parametrize(
    ("declared", "edges"),
    [
        ("type: INT, min: 5, max: 10", (5, 10)),
        ("type: DATE, after: '2021-01-01', before: '2022-01-01'", ("2021-01-01", "2022-01-01")),
    ],
)
def test_bounds_are_inclusive(values: Callable[..., Any], declared: str, edges: Any) -> None:
    for edge in edges:
        assert values(f"{{id: i, {declared}}}", {"i": edge}) == {"i": edge}


@pytest.mark.parametrize("kind", ["INT", "BOOL", "URI", "FILE", "DATE", "JSON"])
def test_an_empty_text_is_no_value_but_for_texts(values: Callable[..., Any], kind: str) -> None:
    with pytest.raises(InputError, match=r"^Missing required input:i$"):
        values(f"{{id: i, type: {kind}}}", {"i": ""})
    assert values("{id: i, type: STRING}", {"i": ""}) == {"i": ""}


def test_an_empty_text_leaves_the_default(values: Callable[..., Any]) -> None:
    assert values("{id: i, type: INT, defaults: 3}", {"i": ""}) == {"i": 3}


def test_the_first_missing_input_is_named(values: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match=r"^Missing required input:s$"):
        values("{id: s, type: STRING}, {id: i, type: INT}")


def test_an_optional_input_without_a_value_is_left_out(values: Callable[..., Any]) -> None:
    optional = "{id: s, type: STRING, required: false, prefill: x}"
    assert values(f"{optional}, {{id: i, type: INT, required: false}}", {"i": ""}) == {}


def test_defaults_are_rendered_and_typed(values: Callable[..., Any]) -> None:
    declared = """
      {id: a, type: INT, defaults: 5},
      {id: b, type: JSON, defaults: '{"x": 1}'},
      {id: c, type: DURATION, defaults: PT5M},
      {id: d, type: MULTISELECT, values: [x, y], defaults: [x]},
      {id: e, type: BOOL, defaults: false}"""
    assert values(declared) == {"a": 5, "b": {"x": 1}, "c": 300.0, "d": ["x"], "e": False}


def test_a_default_of_the_wrong_type_is_refused(values: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match="Invalid value for input `a`"):
        values("{id: a, type: INT, defaults: abc}")


def test_a_default_sees_only_the_inputs_it_depends_on(values: Callable[..., Any]) -> None:
    second = "{id: b, type: STRING, defaults: '{{ a }}'"
    assert values(
        f"{second}, dependsOn: {{inputs: [a]}}}}, {{id: a, type: STRING}}", {"a": "x"}
    ) == {"a": "x", "b": "x"}
    with pytest.raises(InputError, match="Unable to find `a`"):
        values(f"{{id: a, type: STRING}}, {second}}}", {"a": "x"})


def test_an_input_whose_condition_fails_is_left_out_even_when_given(
    values: Callable[..., Any],
) -> None:
    declared = """
      {id: kind, type: STRING},
      {id: host, type: STRING, dependsOn: {inputs: [kind], condition: '{{ kind == ftp }}'}},
      {id: port, type: INT, dependsOn: {inputs: [host]}}"""
    given = {"kind": "s3", "host": "h", "port": "1"}
    assert values(declared, given) == {"kind": "s3"}
    assert values(declared, {**given, "kind": "ftp"}) == {"kind": "ftp", "host": "h", "port": 1}


def test_a_broken_condition_leaves_the_input_out_and_is_told(read: Read) -> None:
    declared = read("inputs: [{id: a, type: INT, dependsOn: {condition: '{{ zz }}'}}]").inputs
    (found,) = resolve_inputs(declared, {"a": 1}, render)
    assert not found.enabled
    assert "Invalid condition: Unable to find `zz`" in str(found.error)
    assert input_values(declared, {"a": 1}, render) == {}


@pytest.mark.parametrize("condition", ["yes", "1", "true"])
def test_a_condition_holds_only_when_it_is_true_itself(
    values: Callable[..., Any], condition: str
) -> None:
    declared = f'{{id: a, type: INT, dependsOn: {{condition: "{condition}"}}}}'
    assert values(declared, {"a": 1}) == {}


def test_a_condition_may_ask_for_an_input_without_a_value(values: Callable[..., Any]) -> None:
    declared = """
      {id: a, type: STRING, required: false},
      {id: b, type: INT, dependsOn: {inputs: [a], condition: "{{ a == x }}"}}"""
    assert values(declared, {"b": 1}) == {}


def test_defaults_of_inputs_that_are_left_out_can_be_read(read: Read) -> None:
    flow = read("""inputs:
      - {id: a, type: INT, defaults: '5', dependsOn: {inputs: []}}
      - {id: b, type: STRING, defaults: '{{ x }}', dependsOn: {inputs: []}}
      - {id: c, type: STRING, defaults: c}
      - {id: f, type: FORM, inputs: [{id: d, type: BOOL, defaults: true, dependsOn: {inputs: []}}]}
    """)
    defaults = literal_defaults(flow.inputs)
    assert defaults == {"a": 5, "f.d": True}
    assert with_defaults({"a": 6, "f": {"e": 1}}, defaults) == {"a": 6, "f": {"e": 1, "d": True}}


def test_an_input_that_need_not_be_given_is_null_for_expressions(read: Read) -> None:
    flow = read("""inputs:
      - {id: a, type: INT, required: false}
      - {id: b.c, type: STRING, required: false}
      - {id: d, type: STRING, required: false, dependsOn: {inputs: [a]}}
    """)
    assert flow.spare_defaults == {"a": None, "b.c": None}
    assert with_defaults({"a": 1}, flow.spare_defaults) == {"a": 1, "b": {"c": None}}


@pytest.mark.parametrize(
    ("default", "text"), [("{a: [1, true]}", '{"a":[1,true]}'), ("12", "12"), ("'{{ no }}'", "")]
)
def test_a_default_of_text_is_text(values: Callable[..., Any], default: str, text: str) -> None:
    declared = f"{{id: a, type: STRING, defaults: {default}}}, {{id: no, type: INT, defaults: 1}}"
    assert values(declared, {})["a"] == text


def test_the_values_of_a_select_may_be_an_expression(values: Callable[..., Any]) -> None:
    declared = """{id: a, type: STRING},
      {id: s, type: SELECT, expression: '{{ [a, two] }}', dependsOn: {inputs: [a]}}"""
    assert values(declared, {"a": "one", "s": "two"})["s"] == "two"
    with pytest.raises(InputError, match=re.escape("it must match the values `[one, two]`")):
        values(declared, {"a": "one", "s": "three"})


def test_an_expression_must_give_a_list(values: Callable[..., Any]) -> None:
    declared = """{id: a, type: STRING},
      {id: s, type: SELECT, expression: '{{ a }}', dependsOn: {inputs: [a]}}"""
    with pytest.raises(InputError, match="Expected a list of strings, but received str"):
        values(declared, {"a": "one", "s": "x"})
    assert values(declared, {"a": '["x"]', "s": "x"})["s"] == "x"


def test_the_first_choice_can_be_the_default(values: Callable[..., Any]) -> None:
    declared = """{id: s, type: SELECT, values: [p, q], autoSelectFirst: true},
      {id: m, type: MULTISELECT, values: [p, q], autoSelectFirst: true}"""
    assert values(declared) == {"s": "p", "m": ["p"]}


def test_dotted_ids_nest_and_may_be_given_nested(values: Callable[..., Any]) -> None:
    declared = "{id: conn.host, type: STRING}, {id: conn.port, type: INT, defaults: 443}"
    expected = {"conn": {"host": "h", "port": 443}}
    assert values(declared, {"conn.host": "h"}) == expected
    assert values(declared, {"conn": {"host": "h"}}) == expected


def test_the_inputs_of_a_form_are_those_of_its_name(values: Callable[..., Any]) -> None:
    declared = "{id: f, type: FORM, inputs: [{id: a, type: INT}, {id: b, type: INT, defaults: 2}]}"
    assert values(declared, {"f.a": "1"}) == {"f": {"a": 1, "b": 2}}


def test_a_secret_is_sealed_in_the_result_and_clear_for_other_inputs(read: Read) -> None:
    flow = read(
        "inputs: [{id: p, type: SECRET}, "
        "{id: c, type: STRING, defaults: '{{ p }}', dependsOn: {inputs: [p]}}]"
    )
    result = input_values(
        flow.inputs, {"p": "key"}, render, seal=lambda text: {"sealed": len(text)}
    )
    assert result == {"p": {"sealed": 3}, "c": "key"}


def test_names_that_no_input_has_are_found(read: Read) -> None:
    flow = read("inputs: [{id: a, type: INT}, {id: b.c, type: INT}]")
    assert unknown_inputs(flow.inputs, ["a", "b", "b.c", "zzz"]) == ["zzz"]


def test_every_input_is_resolved_even_when_one_is_wrong(read: Read) -> None:
    flow = read("inputs: [{id: a, type: INT}, {id: b, type: INT}, {id: c, type: INT, defaults: 1}]")
    a, b, c = resolve_inputs(flow.inputs, {"a": "x", "b": 1}, render)
    assert a.error is not None
    assert (b.value, b.is_default, c.value, c.is_default) == (1, False, 1, True)


def test_inputs_that_wait_for_each_other_do_not_hang(read: Read) -> None:
    flow = read("inputs: [{id: a, type: INT}, {id: b, type: INT, dependsOn: {inputs: [a]}}]")
    (_, a), (_, b) = flat_inputs(flow.inputs or ())
    knot = [
        a.model_copy(update={"depends_on": b.depends_on.model_copy(update={"inputs": ["b"]})}),
        b,
    ]  # type: ignore[union-attr]
    assert input_values(knot, {"a": 1, "b": 2}, render) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("STRING", ["x", "y"], "[x, y]"),
        ("STRING", {"a": [1, True]}, "{a=[1, true]}"),
        ("INT", "5", 5),
        ("JSON", {"a": "x"}, {"a": "x"}),
        ("DATETIME", "2024-01-02T03:04:05Z", "2024-01-02T03:04:05.000000Z"),
        ("ARRAY", ["a", 1], ["a", 1]),
    ],
)
def test_outputs_are_typed_like_inputs(read: Read, kind: str, value: Any, expected: Any) -> None:
    flow = read(f"outputs: [{{id: o, type: {kind}, value: x}}]")
    assert output_values(flow.outputs, {"o": value}) == {"o": expected}


def test_an_output_that_is_null_must_be_optional(read: Read) -> None:
    flow = read("outputs: [{id: o, type: INT, value: x, required: false}]")
    assert output_values(flow.outputs, {"o": None}) == {}
    required = read("outputs: [{id: o, type: INT, value: x}]")
    with pytest.raises(InputError, match=r"^Invalid value for output `o`. Cause: must not be null"):
        output_values(required.outputs, {"o": None})


def test_an_output_of_the_wrong_type_is_refused(read: Read) -> None:
    flow = read("outputs: [{id: o, type: INT, value: x}]")
    with pytest.raises(
        InputError, match=r'^Invalid value for output `o`. Cause: For input string: "x"'
    ):
        output_values(flow.outputs, {"o": "x"})
