from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from tiercel.model.input_base import DataType, input_class
from tiercel.model.inputs import INPUT_TYPES, load_input_type
from tiercel.model.load import Report

Look = Callable[..., Report]
FACTS: dict[str, Any] = json.loads(
    Path(__file__).parents[2].joinpath("conformance/schema/flow.json").read_text(encoding="utf-8")
)["definitions"]
INPUTS = {
    facts["type"]["const"]: facts
    for name, facts in FACTS.items()
    if name.startswith("io.kestra.core.models.flows.input.")
}


def test_there_is_a_class_for_every_type() -> None:
    assert set(INPUT_TYPES) == set(INPUTS) == set(DataType)


@pytest.mark.parametrize("name", sorted(INPUTS))
def test_a_class_is_listed_under_its_type(name: str) -> None:
    assert get_args(load_input_type(name).model_fields["type"].annotation) == (name,)


@pytest.mark.parametrize("name", sorted(INPUTS))
def test_each_type_has_the_properties_that_kestra_knows(name: str) -> None:
    fields = load_input_type(name).model_fields
    assert {field.alias or key for key, field in fields.items()} == set(INPUTS[name])


@pytest.mark.parametrize("name", sorted(INPUTS))
def test_the_same_properties_are_required(name: str) -> None:
    ours = {
        field.alias or key
        for key, field in load_input_type(name).model_fields.items()
        if field.is_required()
    }
    assert ours == {key for key, facts in INPUTS[name].items() if facts["required"]}


def test_a_type_that_is_none_has_no_class() -> None:
    assert input_class("NUMBER") is None
    assert input_class(5) is None


@pytest.mark.parametrize(
    ("declared", "line"),
    [
        (
            "type: STRING, required: false, defaults: x",
            "i: Inputs with a default value must be required, since the default is always applied.",
        ),
        (
            "type: STRING, prefill: y, defaults: x",
            "i: Inputs with a default value cannot also have a prefill.",
        ),
        ("type: ARRAY, itemType: ARRAY", "i: `itemType` cannot be ARRAY"),
        (
            "type: MULTISELECT, values: [a], options: [b]",
            "i: you can't define both `values` and `options`",
        ),
        (
            "type: FILE, defaults: 'https://h/x'",
            "i: inputs of type 'FILE' only support `defaults` as local files using a file URI "
            "or as namespace files using a nsfile URI",
        ),
        (
            "type: DATE, after: yesterday",
            "i.after: Text 'yesterday' could not be parsed at index 0",
        ),
        ("type: INT, min: low", 'i.min: Cannot read String "low" as a whole number'),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(look: Look, declared: str, line: str) -> None:
    report = look(f"inputs: [{{id: i, {declared}}}]")
    assert report.constraints == [line]


def test_the_older_word_for_id_is_read(look: Look) -> None:
    flow = look("inputs: [{name: a, type: STRING}]").flow
    assert flow is not None
    assert [each.id for each in flow.inputs or ()] == ["a"]


@pytest.mark.parametrize("text", ["inputs: [5]", "inputs: [{id: a}]", "inputs: [{id: a, type: 5}]"])
def test_an_input_needs_a_type(look: Look, text: str) -> None:
    assert len(look(text).problems) == 1
