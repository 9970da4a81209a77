from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from typing import Any

import openpyxl
import pytest

from tiercel.testing import TaskResult, run_task


def workbook(**sheets: list[list[Any]]) -> bytes:
    """Return a workbook with these rows on each sheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return saved(book)


def saved(book: Any) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def read(content: bytes, **properties: Any) -> tuple[TaskResult, dict[str, str]]:
    """Run ExcelToIon; return its result and the files by sheet."""
    task = {
        "type": "io.kestra.plugin.serdes.excel.ExcelToIon",
        "from": "{{ files.source }}",
        **properties,
    }
    result = run_task(task, files={"source": content})
    uris = result.outputs.get("uris", {})
    return result, {title: result.file(uri).decode() for title, uri in uris.items()}


def cells(content: bytes, sheet: str = "Sheet") -> list[list[Any]]:
    return [
        [cell.value for cell in row] for row in openpyxl.load_workbook(io.BytesIO(content))[sheet]
    ]


def test_each_sheet_becomes_a_file(convert: Any) -> None:
    result, files = read(workbook(A=[["x", "y"], [1, "a"]], B=[["z"], [True], [2.5]]))
    assert files == {"A": '{x:1,y:"a"}\n', "B": "{z:true}\n{z:2.5e0}\n"}
    assert result.outputs["size"] == 3
    assert [(metric.name, metric.value) for metric in result.metrics] == [("sheets", 2)]


def test_sheets_are_chosen_by_name() -> None:
    content = workbook(A=[["x"], [1]], B=[["x"], [2]])
    assert read(content, sheetsTitle=["B"])[1] == {"B": "{x:2}\n"}
    assert read(content, sheetsTitle=["C"])[0].error == "No sheet 'C'; there are A, B"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, '{x:1,Column1:null,z:"a"}\n{x:null,Column1:null,z:null}\n{x:2,Column1:5,z:null}\n'),
        ({"skipEmptyRows": True}, '{x:1,Column1:null,z:"a"}\n{x:2,Column1:5,z:null}\n'),
        (
            {"header": False},
            '["x",null,"z"]\n[1,null,"a"]\n[null,null,null]\n[2,5,null]\n',
        ),
        ({"header": False, "skipRows": 2}, "[null,null,null]\n[2,5,null]\n"),
        ({"skipRows": 1}, "{'1':null,Column1:null,a:null}\n{'1':2,Column1:5,a:null}\n"),
    ],
)
def test_rows_are_read_as_the_properties_say(properties: dict[str, Any], expected: str) -> None:
    book = openpyxl.Workbook()
    for row in [["x", None, "z"], [1, None, "a"], [None, None, None], [2, 5, None]]:
        book.active.append(row)
    # A cell without a value, but in the file.
    book.active["A3"].number_format = "0"
    _, files = read(saved(book), **properties)
    assert files["Sheet"] == expected


DATES = [[date(2024, 1, 31), datetime(2024, 1, 31, 10, 30), time(10, 30)]]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, '["2024-01-31","2024-01-31T10:30:00","10:30:00"]\n'),
        ({"dateTimeRender": "SERIAL_NUMBER"}, "[45322e0,45322.4375e0,0.4375e0]\n"),
        (
            {"dateTimeRender": "FORMATTED_STRING"},
            '["2024-01-31","2024-01-31 10:30:00","10:30:00"]\n',
        ),
        (
            {"valueRender": "FORMATTED_VALUE"},
            '["2024-01-31","2024-01-31 10:30:00","10:30:00"]\n',
        ),
    ],
)
def test_dates_are_rendered_as_wanted(properties: dict[str, str], expected: str) -> None:
    _, files = read(workbook(S=DATES), header=False, **properties)
    assert files["S"] == expected


def test_numbers_are_shown_as_in_excel_when_that_is_wanted() -> None:
    book = openpyxl.Workbook()
    book.active.append([1234.5, 0.25, True])
    for cell, number_format in zip(book.active[1], ["#,##0.00", "0%", "General"], strict=True):
        cell.number_format = number_format
    _, files = read(saved(book), header=False, valueRender="FORMATTED_VALUE")
    assert files["Sheet"] == '["1,234.50","25%","TRUE"]\n'


def test_a_row_that_is_not_in_the_file_does_not_count() -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"], book.active["A100000"] = "x", 1, 2
    result, files = read(saved(book))
    assert files["Sheet"] == "{x:1}\n{x:2}\n"
    assert result.outputs["size"] == 2


@pytest.mark.parametrize("content", [b"a,b\n", b"", b"PK\x03\x04"])
def test_what_is_no_workbook_is_explained(content: bytes) -> None:
    result, _ = read(content)
    assert result.error.startswith("The file is no Excel workbook: ")
    assert not result.retryable


def test_a_part_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel_serdes.excel._LARGEST_PART", 100)
    result, _ = read(workbook(S=[["x"]]))
    assert result.error.startswith("Part ")
    assert "more than 100" in result.error


def test_rows_become_a_sheet(convert: Any) -> None:
    rows = '{a:1,b:"x",c:1.20,d:true,e:null}\n{b:"y",a:2}\n'
    result, content = convert("excel.IonToExcel", rows)
    assert cells(content) == [
        ["a", "b", "c", "d", "e"],
        [1, "x", 1.2, True, None],
        [2, "y", None, None, None],
    ]
    assert result.outputs["size"] == 2
    assert [(metric.name, metric.value) for metric in result.metrics] == [("records", 2)]


def test_several_files_become_a_sheet_each() -> None:
    task = {
        "type": "io.kestra.plugin.serdes.excel.IonToExcel",
        "from": {"First": "{{ files.a }}", "Second": "{{ files.b }}"},
    }
    result = run_task(task, files={"a": "{x:1}\n", "b": "{y:2}\n{y:3}\n"})
    content = result.file(result.outputs["uri"])
    assert cells(content, "First") == [["x"], [1]]
    assert cells(content, "Second") == [["y"], [2], [3]]
    assert [metric.value for metric in result.metrics] == [1, 2]


def test_the_names_of_sheets_may_come_from_an_expression() -> None:
    task = {
        "type": "io.kestra.plugin.serdes.excel.IonToExcel",
        "from": "{{ {'First': files.a} }}",
    }
    result = run_task(task, files={"a": "{x:1}\n"})
    assert cells(result.file(result.outputs["uri"]), "First") == [["x"], [1]]


def test_lists_have_no_header(convert: Any) -> None:
    refused, _ = convert("excel.IonToExcel", '[1,"x"]\n')
    _, content = convert("excel.IonToExcel", '[1,"x"]\n', header=False, sheetsTitle="S")
    assert refused.error == "Invalid data of type List with header"
    assert cells(content, "S") == [[1, "x"]]


def test_only_a_text_that_asks_for_it_is_a_formula(convert: Any) -> None:
    row = '["=1+1","Formula:SUM(1,2)","Formula:=1"]\n'
    _, content = convert("excel.IonToExcel", row, header=False)
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    assert sheet.count(b"<f>") == 2
    assert b"<t>=1+1</t>" in sheet


def test_dates_have_a_format(convert: Any) -> None:
    rows = '[2024-01-31,2024-01-31T10:30:00Z,LocalTime::"10:30:00"]\n'
    _, content = convert("excel.IonToExcel", rows, header=False, timeZoneId="Europe/Paris")
    row = next(iter(openpyxl.load_workbook(io.BytesIO(content))["Sheet"]))
    assert [cell.value for cell in row] == [
        datetime(2024, 1, 31), datetime(2024, 1, 31, 11, 30), time(10, 30)
    ]  # fmt: skip
    assert [cell.number_format for cell in row] == ["yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss", "HH:mm:ss"]


@pytest.mark.parametrize(
    ("properties", "number_format"),
    [
        ({"dateFormat": "dd.MM.yy"}, "dd.MM.yy"),
        ({"dateFormat": "'am' d MMM"}, '"am" d MMM'),
        ({"styles": False}, "General"),
    ],
)
def test_the_format_of_dates_can_be_chosen(
    convert: Any, properties: dict[str, Any], number_format: str
) -> None:
    _, content = convert("excel.IonToExcel", "[2024-01-31]\n", header=False, **properties)
    cell = openpyxl.load_workbook(io.BytesIO(content))["Sheet"]["A1"]
    assert cell.number_format == number_format


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("123456789012345678", "123456789012345678"),
        ("0.12345678901234567890", "0.12345678901234567890"),
        ("1850-01-01", "1850-01-01"),
        ("nan", "nan"),
        ("{{eA==}}", "eA=="),
        ("[1,{a:2}]", '[1, {"a": 2}]'),
        ('"Tom\\tJerry\\n"', "Tom\tJerry\n"),
    ],
)
def test_what_excel_cannot_count_is_text(convert: Any, value: str, cell: str) -> None:
    _, content = convert("excel.IonToExcel", f"[{value}]\n", header=False)
    assert cells(content) == [[cell]]


@pytest.mark.parametrize(
    ("rows", "properties", "reason"),
    [
        ('{a:1,b:"\\0"}', {}, "Row 2, column 2 has the character '\\x00', which Excel cannot hold"),
        (f'{{a:"{"x" * 40000}"}}', {}, "Row 2, column 1 has a text of 40000 characters; a cell"),
        ("{a:1}\n{z:1}", {}, "Row 2 has columns that the first row lacks: z"),
        ("{a:1}", {"sheetsTitle": "a/b"}, "Invalid name of a sheet 'a/b'"),
        ("{a:1}", {"from": [1]}, "`from` must be a URI or a map of them, got list"),
        ("{a:1", {}, "The file is not ION: "),
    ],
)
def test_mistakes_are_explained(
    convert: Any, rows: str, properties: dict[str, Any], reason: str
) -> None:
    result, _ = convert("excel.IonToExcel", rows, **properties)
    assert result.state == "FAILED"
    assert result.error.startswith(reason)


def test_rows_survive_excel(convert: Any) -> None:
    rows = '{a:1,b:"é x",c:true,d:2.5e0,e:"2024-01-31"}\n{a:-7,b:"y",c:false,d:0.25e0,e:"=x"}\n'
    _, content = convert("excel.IonToExcel", rows)
    assert read(content)[1] == {"Sheet": rows}
