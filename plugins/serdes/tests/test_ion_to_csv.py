from __future__ import annotations

from typing import Any

import pytest


def test_the_first_row_makes_the_header(convert: Any) -> None:
    result, csv = convert("csv.IonToCsv", '{id:1,name:"apple"}\n{id:2,name:"a,b"}\n')
    assert csv == b'id,name\n1,apple\n2,"a,b"\n'
    assert result.outputs["size"] == 2


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("null", ""),
        ("true", "true"),
        ("1.20", "1.20"),
        ("2.5e0", "2.5"),
        ('"a\\nb"', '"a\nb"'),
        ('"a\\rb"', '"a\rb"'),
        ("[1,2]", '"[1, 2]"'),
        ("{{eA==}}", "eA=="),
        ("2020-01-31", "2020-01-31"),
        ("2020-01-31T10:00:00.5Z", "2020-01-31T10:00:00.500Z"),
        ('LocalTime::"10:00:00"', "10:00:00"),
    ],
)
def test_values_are_written_as_text(convert: Any, value: str, field: str) -> None:
    _, csv = convert("csv.IonToCsv", f"{{a:{value},b:0}}\n")
    assert csv.decode() == f"a,b\n{field},0\n"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"header": False}, "1,x y,2020-01-31T10:00:00.000Z\n"),
        ({"fieldSeparator": ";"}, "a;b;c\n1;x y;2020-01-31T10:00:00.000Z\n"),
        ({"lineDelimiter": "\r\n"}, "a,b,c\r\n1,x y,2020-01-31T10:00:00.000Z\r\n"),
        ({"alwaysDelimitText": True}, '"a","b","c"\n"1","x y","2020-01-31T10:00:00.000Z"\n'),
        ({"quoteMode": "NON_NUMERIC"}, '"a","b","c"\n1,"x y","2020-01-31T10:00:00.000Z"\n'),
        ({"timeZoneId": "Europe/Paris"}, "a,b,c\n1,x y,2020-01-31T11:00:00.000+01:00\n"),
        ({"dateTimeFormat": "dd.MM.yyyy HH:mm"}, "a,b,c\n1,x y,31.01.2020 10:00\n"),
    ],
)
def test_options_change_the_text(convert: Any, properties: dict[str, Any], expected: str) -> None:
    _, csv = convert("csv.IonToCsv", '{a:1,b:"x y",c:2020-01-31T10:00:00Z}\n', **properties)
    assert csv.decode() == expected


def test_a_row_with_columns_in_another_order_is_put_in_order(convert: Any) -> None:
    _, csv = convert("csv.IonToCsv", "{a:1,b:2}\n{b:3,a:4}\n{b:5}\n")
    assert csv == b"a,b\n1,2\n4,3\n,5\n"


def test_a_column_that_the_header_lacks_fails_the_task(convert: Any) -> None:
    result, _ = convert("csv.IonToCsv", "{a:1}\n{a:1,z:2}\n")
    assert result.error == "Row 2 has columns that the first row lacks: z"


def test_lists_have_no_header(convert: Any) -> None:
    refused, _ = convert("csv.IonToCsv", '[1,"x"]\n')
    _, csv = convert("csv.IonToCsv", '[1,"x"]\n', header=False)
    assert refused.error == "Invalid data of type List with header"
    assert csv == b"1,x\n"


def test_a_character_that_the_charset_lacks_fails_the_task(convert: Any) -> None:
    result, _ = convert("csv.IonToCsv", '{a:"é€"}\n', charset="ISO-8859-1")
    assert result.error == "Character '€' cannot be written in iso8859-1"


def test_csv_survives_the_way_to_ion_and_back(convert: Any) -> None:
    original = b'id,text\n1,"a ""b"", c"\n2,"x\ny"\n3,\n'
    _, ion = convert("csv.CsvToIon", original)
    _, csv = convert("csv.IonToCsv", ion)
    assert csv == original
