from __future__ import annotations

from tiercel.model.docs import field_docs
from tiercel.model.flow import Flow
from tiercel.model.inputs.choice import SelectInput
from tiercel.model.task import TaskBase


def test_the_text_below_a_field_is_its_description() -> None:
    docs = field_docs(SelectInput)
    assert docs["expression"] == "Renders to the values, instead of `values`."
    assert docs["required"] == "Whether an execution needs a value."


def test_only_fields_are_described() -> None:
    assert set(field_docs(TaskBase)) <= set(TaskBase.model_fields)


def test_every_property_of_a_flow_and_of_tasks_is_described() -> None:
    for model in (Flow, TaskBase):
        assert set(model.model_fields) == set(field_docs(model))


def test_a_class_without_source_is_not_described() -> None:
    made = type("Made", (TaskBase,), {"__annotations__": {"x": "int"}, "__module__": __name__})
    assert "x" not in field_docs(made)
