"""The examples of the docs, run as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiercel import Tiercel
from tiercel_serdes.csv import CsvToIon, IonToCsv
from tiercel_serdes.json import IonToJson, JsonToIon

FILES = {
    CsvToIon: "name,price\napple,1.20\n",
    IonToCsv: '{name:"apple",price:1.20}\n',
    JsonToIon: '[{"name": "apple"}]',
    IonToJson: '{name:"apple",price:1.20}\n',
}


@pytest.mark.parametrize("task", FILES, ids=lambda task: task.__name__)
def test_the_example_of_the_docs_runs(task: type[CsvToIon], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(FILES[task])
    for example in task.examples:
        with Tiercel() as tiercel:
            execution = tiercel.run(example.code, inputs={"file": file})
        assert execution.state == "SUCCESS"
