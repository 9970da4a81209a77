"""What every type declares, whatever its kind: schema, docs, examples, properties, its place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from pydantic import BaseModel, ValidationError

from tiercel.model import yaml
from tiercel.model.task import TaskBase
from tiercel.model.trigger import TriggerBase
from tiercel.plugin.registry import Registered, Registry
from tiercel.plugin.task import Example, Mirrors, output_class
from tiercel.schema.types import describe
from tiercel.testing.contracts._stage import checker_for, default_registry, flow_with

if TYPE_CHECKING:
    from tiercel.check.findings import Finding

__all__ = ["DeclarationTests", "Declared"]

_COMMON = {
    field.alias or name
    for base in (TaskBase, TriggerBase)
    for name, field in base.model_fields.items()
}


@dataclass(frozen=True)
class Declared:
    """A registered type, and all that is known of it."""

    registry: Registry
    kind: str
    name: str
    entry: Registered
    cls: type[BaseModel]
    facts: Mapping[str, Any]

    @property
    def properties(self) -> dict[str, Any]:
        """Its properties by name, with the schema of each."""
        schema = self.facts["properties"]["properties"]
        return {name: each for name, each in schema.items() if name != "type"}

    @property
    def own(self) -> list[str]:
        """The names of those properties that not every type of its kind has."""
        return [name for name in self.properties if name not in _COMMON]

    def says_valid(self, schema: Mapping[str, Any], value: Any) -> bool:
        """Return whether a property that may be an expression may be this value by its schema."""
        if not schema.get("$dynamic"):
            return False
        defs = self.facts["properties"].get("$defs", {})
        return bool(_draft_7()({**schema, "$defs": defs}).is_valid(value))

    def findings(self, text: str) -> tuple[Finding, ...]:
        """Return what `tiercel check` says of a flow's text."""
        return checker_for(self.registry).check(text).findings


class DeclarationTests:
    """Tests for what a type declares; a suite gives `kind` and a fixture `written`."""

    kind: ClassVar[str]
    """`task`, `trigger`, `condition` or `task runner`."""

    @pytest.fixture
    def registry(self) -> Registry:
        """Return which plugins there are: the installed ones, unless a subclass says otherwise."""
        return default_registry()

    @pytest.fixture
    def declared(self, registry: Registry, written: Mapping[str, Any]) -> Declared:
        """Return the type that is under test."""
        name = written["type"]
        cls = registry.load(self.kind, name)
        entry = registry.registered(self.kind)[name]
        return Declared(registry, self.kind, name, entry, cls, describe(entry, cls))

    def test_the_schema_is_one_of_draft_7(self, declared: Declared) -> None:
        validator = _draft_7()
        validator.check_schema(declared.facts["properties"])
        if declared.facts["outputs"] is not None:
            validator.check_schema(declared.facts["outputs"])

    def test_it_says_what_it_is(self, declared: Declared) -> None:
        assert vars(declared.cls).get("__doc__"), f"{declared.cls.__qualname__} has no docstring"

    def test_every_property_and_output_is_explained(self, declared: Declared) -> None:
        missing = [
            *_unexplained(declared.facts["properties"], "property"),
            *_unexplained(declared.facts["outputs"] or {}, "output"),
        ]
        assert not missing, f"Write a docstring below the field: {missing}"

    def test_examples_are_flows_without_a_mistake(self, declared: Declared) -> None:
        wrong = [
            f"{example.title}: {finding}"
            for example in getattr(declared.cls, "examples", ())
            for finding in declared.findings(_whole(declared, example))
            if finding.is_error
        ]
        assert not wrong, "\n".join(wrong)

    def test_examples_use_the_type(self, declared: Declared) -> None:
        names = {declared.entry.name, *declared.entry.aliases}
        for example in getattr(declared.cls, "examples", ()):
            text = _whole(declared, example)
            assert any(name in text for name in names), f"{example.title} has no {declared.name}"

    def test_an_unknown_property_is_refused_with_the_nearest_one(self, declared: Declared) -> None:
        name = max(declared.own or declared.properties, key=len)
        typo = name[:-1] if len(name) > 3 else name + name[-1]
        if typo in declared.properties:
            typo = name + name[-1]
        found = declared.findings(self._flow(declared, {typo: "x"}))
        assert any(
            each.code == "TC002" and each.suggestion in declared.properties for each in found
        ), f"{typo!r} is taken in place of {name!r}, or no property is suggested: {found}"

    def test_properties_take_expressions_where_the_schema_says_so(self, declared: Declared) -> None:
        expression = "{{ vars.any }}"
        refused = [
            name
            for name, schema in declared.properties.items()
            if declared.says_valid(schema, expression) and _refuses(declared, name, expression)
        ]
        assert not refused, f"No expression is taken by {refused}"

    def test_what_the_checker_is_told_of_is_there(self, declared: Declared) -> None:
        told = [*getattr(declared.cls, "logged", ()), *_mirrored(declared.cls)]
        unknown = [name for name in told if name not in declared.properties]
        assert not unknown, f"There are no properties {unknown}"

    def test_its_module_is_imported_only_when_a_flow_uses_it(self, declared: Declared) -> None:
        module = declared.entry.target.partition(":")[0]
        imported = _imported_by(declared.entry.plugin.module)
        assert module not in imported, f"{declared.entry.plugin.module} imports {module}"

    def _flow(self, declared: Declared, properties: Mapping[str, Any]) -> str:
        return flow_with(declared.kind, {"type": declared.name, **properties})


def _draft_7() -> type[Any]:
    """Return the class that validates by JSON Schema, draft 7."""
    try:
        from jsonschema import Draft7Validator
    except ImportError as error:
        message = "The suites for types need jsonschema: pip install 'tiercel-core[testing]'"
        raise ImportError(message) from error
    return Draft7Validator  # type: ignore[no-any-return]  # it has no types


def _unexplained(schema: Mapping[str, Any], what: str, path: str = "") -> Iterator[str]:
    for name, member in schema.get("properties", {}).items():
        if name == "type":
            continue
        if not member.get("description"):
            yield f"{what} {path}{name}"
    for title, inner in schema.get("$defs", {}).items():
        yield from _unexplained(inner, what, f"{title}.")


def _whole(declared: Declared, example: Example) -> str:
    """Return an example's flow; one that is only a part is put into a flow."""
    if example.full:
        return example.code
    properties = yaml.parse(example.code)
    assert isinstance(properties, dict), f"{example.title} is no list of properties"
    return flow_with(declared.kind, {"type": declared.name, **properties})


def _refuses(declared: Declared, name: str, value: Any) -> bool:
    given = {"id": "contract", "type": declared.name, name: value}
    try:
        declared.cls.model_validate(given, context={"resolve": declared.registry.resolve})
    except ValidationError as error:
        return any(each["loc"][:1] == (name,) for each in error.errors())
    return False


def _mirrored(cls: type[BaseModel]) -> Iterator[str]:
    """Yield the properties that outputs are said to have the members of."""
    outputs = output_class(cls)
    for field in outputs.model_fields.values() if outputs else ():
        for note in field.metadata:
            if isinstance(note, Mirrors):
                yield note.property


_PROBE = """
import importlib, json, sys
hooks = importlib.import_module(sys.argv[1].partition(":")[0])
for name in filter(None, sys.argv[1].partition(":")[2].split(".")):
    hooks = getattr(hooks, name)
for name in dir(hooks):
    if name.startswith("register_"):
        getattr(hooks, name)()
print(json.dumps(sorted(sys.modules)))
"""


@lru_cache(maxsize=128)
def _imported_by(hooks: str) -> frozenset[str]:
    """Return the modules that are imported once the hooks of a plugin were asked."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, hooks],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{hooks} cannot be imported alone: {done.stderr}"
    return frozenset(json.loads(done.stdout.splitlines()[-1]))
