"""What is old still works, and whoever uses it is told: at its place, and once in the log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from tiercel import Tiercel
from tiercel.check.checker import Checker
from tiercel.check.complete import completions_at
from tiercel.parts import language
from tiercel.plugin import (
    Model,
    Output,
    Property,
    RunContext,
    Task,
    deprecated_alias,
    deprecated_property,
    deprecated_type,
    hookimpl,
    old_value,
)
from tiercel.plugin.registry import Plugin, Registry, installed
from tiercel.schema.docs import all_pages
from tiercel.schema.types import describe


class Options(Model):
    """How."""

    max_length: int = 100
    """How long."""
    limit: int | None = deprecated_alias("max_length")
    """How long, too."""


class Reversed(Output):
    value: str


class Reverse(Task[Reversed]):
    """Reverse a text."""

    text: Property[str]
    """The text."""
    content: Property[str] | None = deprecated_alias("text", since="0.2")
    """The text, too."""
    strict: bool = deprecated_property("Leave it out.", since="0.3", default=False)
    """Fails."""
    options: Options = Options()
    """How."""

    def run(self, ctx: RunContext) -> Reversed:
        if old_value(self, "strict"):
            raise ValueError("Strict")
        return Reversed(value=ctx.render(self.text)[::-1][: self.options.max_length])


class Flip(Reverse):
    """Reverse a text."""

    deprecated: ClassVar[str | None] = deprecated_type("org.example.Reverse", since="0.2")


@hookimpl
def register_tasks() -> dict[str, str]:
    return {f"org.example.{name}": f"{__name__}:{name}" for name in ("Reverse", "Flip")}


@pytest.fixture(scope="module")
def registry() -> Registry:
    plugin = Plugin("old", __name__, "old", "1")
    return Registry([*installed(), (plugin, lambda: sys.modules[__name__])])


@pytest.fixture
def tiercel(registry: Registry) -> Iterator[Tiercel]:
    with Tiercel(registry=registry) as engine:
        yield engine


def flow(*properties: str, kind: str = "Reverse") -> str:
    lines = "".join(f"    {each}\n" for each in properties)
    return (
        f"id: f\nnamespace: company.team\ntasks:\n  - id: a\n    type: org.example.{kind}\n{lines}"
    )


def findings(registry: Registry, text: str) -> list[str]:
    found = Checker(registry, language(registry).tables).check(text, "f.yaml").findings
    return [str(each) for each in found]


def ran(tiercel: Tiercel, text: str) -> tuple[str, Any, list[str]]:
    execution = tiercel.run(text, timeout=30)
    (run,) = execution.task_runs.values()
    warnings = [each.message for each in tiercel.logs(execution.id) if each.level == "WARN"]
    return execution.state, (run.outputs or {}).get("value"), warnings


def test_an_old_name_gives_the_value_of_the_new_one(tiercel: Tiercel) -> None:
    state, value, _ = ran(tiercel, flow("content: '{{ flow.id }}ab'", "options: {limit: 2}"))
    assert (state, value) == ("SUCCESS", "ba")


def test_the_new_name_says_nothing(tiercel: Tiercel, registry: Registry) -> None:
    assert ran(tiercel, flow("text: ab")) == ("SUCCESS", "ba", [])
    assert findings(registry, flow("text: ab")) == []


def test_two_names_with_two_values_are_refused(registry: Registry) -> None:
    (told,) = findings(registry, flow("content: a", "text: b"))
    assert "content is text now: write only that" in told


def test_a_property_without_either_name_is_missing(registry: Registry) -> None:
    (told,) = findings(registry, flow())
    assert "TC004" in told


def test_the_checker_tells_the_place_and_what_to_write(registry: Registry) -> None:
    text = flow("content: a", "strict: false", "options:", "  limit: 3", kind="Flip")
    assert findings(registry, text) == [
        "f.yaml:5:11: warning TC009: The type 'org.example.Flip' is deprecated: "
        "Use org.example.Reverse (deprecated since 0.2)",
        "f.yaml:6:5: warning TC009: The property 'content' is deprecated: "
        "Write `text` (deprecated since 0.2)",
        "f.yaml:7:5: warning TC009: The property 'strict' is deprecated: "
        "Leave it out (deprecated since 0.3)",
        "f.yaml:9:7: warning TC009: The property 'limit' is deprecated: Write `maxLength`",
    ]


def test_the_log_of_an_execution_tells_each_once(tiercel: Tiercel) -> None:
    text = """
id: f
namespace: company.team
tasks:
  - id: loop
    type: io.kestra.plugin.core.flow.ForEach
    values: [1, 2, 3]
    tasks: [{id: a, type: org.example.Flip, content: a}]
"""
    execution = tiercel.run(text, timeout=30)
    assert execution.state == "SUCCESS"
    assert [each.message for each in tiercel.logs(execution.id) if each.level == "WARN"] == [
        "The type org.example.Flip is deprecated: Use org.example.Reverse (deprecated since 0.2) "
        "(tasks[0].tasks[0])",
        "The property content is deprecated: Write `text` (deprecated since 0.2) "
        "(tasks[0].tasks[0].content)",
    ]


def test_a_deprecated_property_works_as_ever(tiercel: Tiercel) -> None:
    assert ran(tiercel, flow("text: ab", "strict: true"))[0] == "FAILED"


def test_the_schema_tells_and_takes_either_name(registry: Registry) -> None:
    from jsonschema import Draft7Validator

    entry = registry.registered("task")["org.example.Reverse"]
    schema = describe(entry, Reverse)["properties"]
    assert schema["properties"]["content"]["deprecated"] is True
    assert schema["properties"]["content"]["description"].startswith("Deprecated. Write `text`")
    valid = Draft7Validator(schema).is_valid
    task = {"id": "a", "type": "org.example.Reverse"}
    assert [valid({**task, name: "a"}) for name in ("text", "content", "strict")] == [
        True,
        True,
        False,
    ]


def test_the_docs_tell(registry: Registry) -> None:
    page = all_pages(registry).texts["old/org.example.Flip.md"]
    assert "Use org.example.Reverse (deprecated since 0.2)" in page
    assert "Deprecated. Write `text` (deprecated since 0.2)." in page


def test_completion_offers_no_old_property(registry: Registry) -> None:
    text = flow("te")
    document = Checker(registry, language(registry).tables).open(text)
    offered = [each.label for each in completions_at(document, text.index("te\n", 40) + 2)]
    assert "text" in offered
    assert not {"content", "strict"} & set(offered)
