"""Converters of files beside Python's own readers, on the same file in the same run.

`CsvToIon` of a million rows is to take at most 3 times what `csv.reader` takes for reading them
alone, whether the fields are plain or in quotes, and its memory is not to grow with the file.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from measure import Row, beside, medians

from tiercel import _ion as ion
from tiercel.storage.local import LocalStorage
from tiercel.testing import run_task

_ROWS = 1_000_000
_FEW = 100_000
_TURNS = 3
_KEY = "main/company/team/{}"
_COLUMNS = ["id", "name", "email", "amount", "created", "active"]


def main() -> list[Row]:
    """Return the rows of the table."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "main/company/team").mkdir(parents=True)
        return [*_csv(root), *_json(root), _ion_to_csv(root), *_memory(root)]


def _record(number: int, *, quoted: bool) -> str:
    name = f'"Doe, ""J"" {number % 977}"' if quoted else f"Name {number % 977}"
    day = f"2024-0{number % 9 + 1}-1{number % 9}T10:00:00Z"
    return f"{number},{name},user{number}@example.com,{number % 997 / 100},{day},{number % 2}\n"


def _write(root: Path, name: str, lines: Any) -> Path:
    path = root / _KEY.format(name)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
    return path


def _csv_file(root: Path, name: str, rows: int, *, quoted: bool = False) -> Path:
    lines = (_record(number, quoted=quoted) for number in range(rows))
    path = _write(root, name, lines)
    path.write_text(",".join(_COLUMNS) + "\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    return path


def _converting(root: Path, kind: str, name: str, **properties: Any) -> Callable[[], None]:
    """Return what runs one converter on a file of the local storage."""
    storage = LocalStorage(root)
    uri = f"kestra:///company/team/{name}"
    task = {"type": f"io.kestra.plugin.serdes.{kind}", "from": uri, **properties}

    def run() -> None:
        result = run_task(task, storage=storage)
        if result.error:
            raise RuntimeError(result.error)
        storage.delete("main/" + result.outputs["uri"].removeprefix("kestra:///"))

    return run


def _csv(root: Path) -> list[Row]:
    rows = []
    for quoted in (False, True):
        path = _csv_file(root, "rows.csv", _ROWS, quoted=quoted)

        def read(path: Path = path) -> None:
            with path.open(encoding="utf-8", newline="") as file:
                for _ in csv.reader(file):
                    pass

        ours, floor = medians(_TURNS, _converting(root, "csv.CsvToIon", "rows.csv"), read)
        what = f"CsvToIon, {_ROWS:,} rows{' with quotes' if quoted else ''}"
        rows.append(beside(what, ours, floor, "csv.reader alone"))
        path.unlink()
    return rows


def _json(root: Path) -> list[Row]:
    values = [
        dict(zip(_COLUMNS, _record(n, quoted=False).rstrip().split(","), strict=True))
        for n in range(_FEW)
    ]
    path = _write(root, "rows.jsonl", (json.dumps(value) + "\n" for value in values))

    def read() -> None:
        with path.open(encoding="utf-8") as file:
            for line in file:
                json.loads(line)

    ours, floor = medians(_TURNS, _converting(root, "json.JsonToIon", "rows.jsonl"), read)
    rows = [beside(f"JsonToIon, {_FEW:,} rows", ours, floor, "json.loads alone")]
    _write(root, "rows.ion", (ion.dumps(value) + "\n" for value in values))

    def write() -> None:
        for value in values:
            json.dumps(value)

    ours, floor = medians(_TURNS, _converting(root, "json.IonToJson", "rows.ion"), write)
    return [*rows, beside(f"IonToJson, {_FEW:,} rows", ours, floor, "json.dumps alone")]


def _ion_to_csv(root: Path) -> Row:
    values = [_record(n, quoted=False).rstrip().split(",") for n in range(_FEW)]
    _write(
        root, "rows.ion", (ion.dumps(dict(zip(_COLUMNS, v, strict=True))) + "\n" for v in values)
    )

    def write() -> None:
        with (root / "rows.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(values)

    ours, floor = medians(_TURNS, _converting(root, "csv.IonToCsv", "rows.ion"), write)
    return beside(f"IonToCsv, {_FEW:,} rows", ours, floor, "csv.writer alone")


def _memory(root: Path) -> list[Row]:
    """Compare the peaks of processes that convert a small and a large file."""
    peaks = []
    for rows in (1_000, _ROWS):
        _csv_file(root, "rows.csv", rows, quoted=True)
        argv = [sys.executable, __file__, "memory", str(root)]
        done = subprocess.run(argv, check=True, capture_output=True, text=True)
        peaks.append(int(done.stdout))
    small, large = peaks
    what = f"memory of CsvToIon, {_ROWS:,} rows"
    return [Row(what, f"{large >> 10} MB", f"{small >> 10} MB for 1,000 rows", large / small)]


if __name__ == "__main__":
    if sys.argv[1:2] == ["memory"]:
        _converting(Path(sys.argv[2]), "csv.CsvToIon", "rows.csv")()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    else:
        from measure import table

        print(table(main()))
