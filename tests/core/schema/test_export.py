"""The exported schema beside what pydantic makes of each model alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from pydantic.json_schema import models_json_schema

from tiercel.plugin import Output, Property, RunContext, Task, hookimpl
from tiercel.plugin.registry import Plugin, Registry
from tiercel.schema.export import flow_schema, troubles
from tiercel.schema.generator import DocumentedSchema, ManySchemas


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema of a flow with the installed plugins."""
    return flow_schema(Registry())


def test_every_reference_has_a_definition(schema: dict[str, Any]) -> None:
    text = json.dumps(schema)
    named = {each.partition('"')[0] for each in text.split('"$ref": "#/definitions/')[1:]}
    assert named <= schema["definitions"].keys()
    assert len(named) > 250


def test_no_definition_is_there_for_nothing(schema: dict[str, Any]) -> None:
    text = json.dumps(schema)
    unused = [name for name in schema["definitions"] if f'"#/definitions/{name}"' not in text]
    assert unused == []


class Words(Output):
    count: int


class Base(Task[Words]):
    """What two tasks share."""

    text: Property[str]
    """What is read."""
    limit: Property[int] = Property.of(3)
    """How much of it."""

    def run(self, ctx: RunContext) -> Words:
        return Words(count=0)


class Short(Base):
    """A task that says less."""

    limit: Property[int] = Property.of(1)
    """How little of it."""


class Long(Base):
    """A task that says more."""

    language: str = "en"
    """Which one."""


def named(suffix: str) -> type:
    class Options(Output):
        """Of the same name as another one."""

        note: ClassVar[str] = suffix

    Options.__qualname__ = f"{suffix}.Options"
    Options.__module__ = suffix
    return Options


@pytest.mark.parametrize("cls", [Base, Short, Long])
def test_what_is_inherited_is_the_same_as_in_a_model_alone(cls: type[Any]) -> None:
    models = [(each, "validation") for each in (Base, Short, Long)]
    _, shared = models_json_schema(models, schema_generator=ManySchemas)
    alone = cls.model_json_schema(schema_generator=DocumentedSchema)
    assert shared["$defs"][cls.__name__]["properties"] == alone["properties"]


def test_two_classes_of_the_same_name_have_two_definitions() -> None:
    models = [(named(suffix), "validation") for suffix in ("one", "two", "two")]
    references, shared = models_json_schema(models, schema_generator=ManySchemas)
    assert len(shared["$defs"]) == 3
    assert len({each["$ref"] for each in references.values()}) == 3


def test_a_type_that_cannot_be_imported_is_told() -> None:
    hooks = ModuleType("hooks")
    hooks.register_tasks = hookimpl(lambda: {"x.Y": "nowhere:Y"})  # type: ignore[attr-defined]
    registry = Registry([(Plugin("x", "x", "tiercel-x", "1.0"), lambda: hooks)])
    (message,) = troubles(registry)
    assert "Plugin tiercel-x 1.0 cannot provide 'x.Y'" in message
    assert "x.Y" not in flow_schema(registry)["definitions"]


HEAVY = {
    *("pyarrow", "fastavro", "openpyxl", "google", "boto3", "botocore", "azure", "duckdb"),
    *("docker", "dulwich", "httpx", "smart_open", "sqlalchemy", "lark", "jq", "babel", "psycopg"),
}


def test_the_classes_of_all_types_need_no_library_of_what_they_do(tmp_path: Path) -> None:
    program = "import sys; from tiercel.cli.schema import schema; schema.main(['export', '-o', "
    program += "sys.argv[1]], standalone_mode=False); print(*sys.modules)"
    argv = [sys.executable, "-c", program, str(tmp_path / "flow.json")]
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(each.partition(".")[0] for each in done.stdout.split())
    assert "tiercel_serdes.parquet" in done.stdout.split()
