"""The examples of the docs, run as they stand."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tiercel import Tiercel
from tiercel.testing import run_task
from tiercel_serdes.hooks import register_tasks

CSV = b"name,price\napple,1.20\n"
ION = b'{name:"apple",price:1.20}\n'
JSON = b'[{"name": "apple"}]'
# What the examples read, where it is not a CSV file.
INPUTS = {
    "IonToCsv": ION,
    "JsonToIon": JSON,
    "IonToJson": ION,
    "JsonToJsonl": JSON,
    "JsonToToon": JSON,
    "JsonToYaml": JSON,
    "ToonToJson": b"name: apple",
    "XmlToIon": b"<catalog><book>1</book></catalog>",
    "YamlToIon": b"name: apple\n",
    "YamlToJson": b"name: apple\n",
    "InferAvroSchemaFromIon": ION,
}
# What they read, made by another converter.
MADE = {"AvroToIon": "avro.IonToAvro", "ParquetToIon": "parquet.IonToParquet"} | {
    "ExcelToIon": "excel.IonToExcel"
}


def tasks() -> list[Any]:
    """Return the classes of all converters."""
    places = sorted(set(register_tasks().values()))
    parts = [place.partition(":") for place in places]
    return [getattr(import_module(module), name) for module, _, name in parts]


def content(name: str) -> bytes:
    if name not in MADE:
        return INPUTS.get(name, CSV)
    task = {"type": f"io.kestra.plugin.serdes.{MADE[name]}", "from": "{{ files.ion }}"}
    made = run_task(task, files={"ion": ION})
    return made.file(made.outputs["uri"])


@pytest.mark.parametrize(
    "task", [each for each in tasks() if "Protobuf" not in each.__name__], ids=lambda t: t.__name__
)
def test_the_example_of_the_docs_runs(task: Any, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content(task.__name__))
    for example in task.examples:
        inputs = {"file": file} if "inputs:" in example.code else {}
        with Tiercel() as tiercel:
            execution = tiercel.run(example.code, inputs=inputs)
        assert execution.state == "SUCCESS"


@pytest.mark.parametrize("task", tasks(), ids=lambda task: task.__name__)
def test_every_converter_has_an_example_and_metrics(task: Any) -> None:
    assert task.examples
    assert task.metrics or task.__name__ == "InferAvroSchemaFromIon"
