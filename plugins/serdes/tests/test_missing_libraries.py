"""Converters whose library is not installed say what to install, and others do not need it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("kind", "library", "extra"),
    [
        ("avro.IonToAvro", "fastavro", "avro"),
        ("avro.AvroToIon", "fastavro", "avro"),
        ("parquet.IonToParquet", "pyarrow", "parquet"),
        ("parquet.ParquetToIon", "pyarrow", "parquet"),
        ("excel.IonToExcel", "xlsxwriter", "excel"),
        ("excel.ExcelToIon", "openpyxl", "excel"),
        ("markdown.MarkdownToHtml", "markdown_it", "markdown"),
        ("markdown.HtmlToMarkdown", "markdownify", "markdown"),
        ("json.JsonToToon", "toon_format", "toon"),
    ],
)
def test_a_missing_library_is_named(
    convert: Any, monkeypatch: pytest.MonkeyPatch, kind: str, library: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    result, _ = convert(kind, "{a:1}\n")
    assert result.error == (f"This task needs {library}: pip install 'tiercel-serdes[{extra}]'")
    assert not result.retryable


LIBRARIES = [
    "fastavro",
    "google.protobuf",
    "markdown_it",
    "openpyxl",
    "pyarrow",
    "xlsxwriter",
    "yaml",
]


def test_a_type_that_is_loaded_imports_no_library() -> None:
    modules = "avro csv excel json markdown parquet protobuf toon xml yaml"
    code = (
        f"import sys\nfor name in {modules.split()}: __import__('tiercel_serdes.' + name)\n"
        f"print([name for name in {LIBRARIES} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
