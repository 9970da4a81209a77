"""`tiercel schema export`, beside pydantic describing as many models with as many fields."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from measure import TIERCEL, Row, beside, command, medians

TIMES = 7

# As many models with as many properties as there are types, but each property is a mere text.
FLOOR = """
import json, sys
from pydantic import create_model
from pydantic.json_schema import models_json_schema

sizes = json.loads(sys.argv[1])
models = [
    create_model(f"Type{number}", **{f"field{each}": (str, "") for each in range(size)})
    for number, size in enumerate(sizes)
]
print(json.dumps(models_json_schema([(model, "validation") for model in models])[1]))
"""


def main() -> list[Row]:
    """Time the export: when it is made, and when it is remembered."""
    # Installed modules are compiled, as they are here from the second turn on.
    with (
        TemporaryDirectory() as folder,
        patch.dict(
            os.environ,
            XDG_CACHE_HOME=folder,
            PYTHONPYCACHEPREFIX=str(Path(folder, "compiled")),
            PYTHONDONTWRITEBYTECODE="",
        ),
    ):
        schema = Path(folder, "flow.json")
        command(TIERCEL, "schema", "export", "--output", str(schema))
        sizes = _sizes(json.loads(schema.read_text(encoding="utf-8")))
        script = Path(folder, "floor.py")
        script.write_text(FLOOR, encoding="utf-8")
        bare, floor, made, remembered = medians(
            TIMES,
            lambda: command(sys.executable, "-c", "pass"),
            lambda: command(sys.executable, str(script), json.dumps(sizes)),
            lambda: command(TIERCEL, "schema", "export", "--no-cache"),
            lambda: command(TIERCEL, "schema", "export"),
        )
    what = f"schema export of {len(sizes)} definitions"
    return [
        beside(f"{what}, made", made, floor, "bare models"),
        beside(f"{what}, made", made, 1.0, "the goal"),
        beside(f"{what}, remembered", remembered, bare, "bare interpreter"),
    ]


def _sizes(schema: dict[str, dict[str, dict[str, object]]]) -> list[int]:
    """Return how many properties each definition has that is a model's."""
    definitions = schema["definitions"].values()
    members = (each.get("properties") for each in definitions)
    return [len(each) for each in members if isinstance(each, dict)]
