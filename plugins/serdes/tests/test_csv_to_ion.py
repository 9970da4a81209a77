from __future__ import annotations

from typing import Any

import pytest


def test_each_record_becomes_a_line_of_ion_and_is_counted(convert: Any) -> None:
    result, ion = convert("csv.CsvToIon", "id,name\n1,apple\n2,pear\n")
    assert ion == b'{id:"1",name:"apple"}\n{id:"2",name:"pear"}\n'
    assert result.outputs["size"] == 2
    assert [(metric.name, metric.value) for metric in result.metrics] == [("records", 2)]


@pytest.mark.parametrize(
    ("content", "properties", "expected"),
    [
        ("a\n\"x\"\"y\\z\"\n", {}, rb'{a:"x\"y\\z"}'),
        ('a\n"two\nlines"\n', {}, rb'{a:"two\nlines"}'),
        ("a\n\\N\n", {}, b"{a:null}"),
        ("a\n\n", {}, b'{a:""}'),
        ("first name\nx\n", {}, b"{'first name':\"x\"}"),
        ("100%\n5%\n", {}, b"{'100%':\"5%\"}"),
        ("\ufeffa\nx\n", {}, b'{a:"x"}'),
        ("a\r\nx\r\n", {}, b'{a:"x"}'),
        ("a;b\nx;y\n", {"fieldSeparator": ";"}, b'{a:"x",b:"y"}'),
        ("a\n'x,y'\n", {"textDelimiter": "'"}, b'{a:"x,y"}'),
        ("1,x\n\\N,y\n", {"header": False}, b'["1","x"]\n[null,"y"]'),
        (b"a\n\xe9\n", {"charset": "ISO-8859-1"}, '{a:"é"}'.encode()),
        ("a\n1\n2\n3\n", {"skipRows": 2}, b'{a:"3"}'),
        ("a\n\n1\n\n", {"skipEmptyRows": True}, b'{a:"1"}'),
        ("a,\n1,2\n", {"onEmptyHeader": "RENAME"}, b'{a:"1",col_1:"2"}'),
        ("a,\n1,2\n", {}, b'{a:"1"}'),
        ('a\n"x"y\n', {"allowExtraCharsAfterClosingQuote": True}, b'{a:"xy"}'),
        ('a\n"\\N"\n', {}, b"{a:null}"),
        ("a\tb\nx\t\"y\tz\"\n", {"fieldSeparator": "\t"}, rb'{a:"x",b:"y\tz"}'),
        ("a,a_1\n%s,%d\n", {}, b'{a:"%s",a_1:"%d"}'),
    ],
)  # fmt: skip
def test_options_and_special_characters(
    convert: Any, content: Any, properties: dict[str, Any], expected: bytes
) -> None:
    result, ion = convert("csv.CsvToIon", content, **properties)
    assert (result.error, ion) == (None, expected + b"\n")


def test_special_characters_are_the_same_in_a_large_file(convert: Any) -> None:
    rows = [f'"a{i}","b""{i}"' if i % 90 == 0 else f"a{i},b{i}" for i in range(1000)]
    result, ion = convert("csv.CsvToIon", "x,y\n" + "\n".join(rows))
    lines = ion.splitlines()
    assert result.outputs["size"] == len(lines) == 1000
    assert lines[90] == rb'{x:"a90",y:"b\"90"}'
    assert lines[91] == b'{x:"a91",y:"b91"}'


def test_an_empty_file_gives_an_empty_file(convert: Any) -> None:
    result, ion = convert("csv.CsvToIon", "")
    assert (result.outputs["size"], ion) == (0, b"")


def test_a_record_of_another_length_fails_the_task(convert: Any) -> None:
    result, _ = convert("csv.CsvToIon", "a,b\n1,2\n3\n")
    assert result.state == "FAILED"
    assert result.error == (
        "Bad line encountered (field count mismatch): Expected 2, got 1 fields."
    )


@pytest.mark.parametrize(("policy", "warnings"), [("SKIP", 0), ("WARN", 2)])
def test_bad_records_can_be_left_out(convert: Any, policy: str, warnings: int) -> None:
    content = 'a,b\n1,2\n3\n4,"5"x\n6,7\n'
    result, ion = convert("csv.CsvToIon", content, onBadLines=policy)
    assert ion == b'{a:"1",b:"2"}\n{a:"6",b:"7"}\n'
    assert len(result.messages("WARN")) == warnings


def test_columns_of_the_same_name_are_warned_about(convert: Any) -> None:
    result, ion = convert("csv.CsvToIon", "a,a\n1,2\n")
    assert ion == b'{a:"2"}\n'
    assert result.messages("WARN") == [
        "Columns of the same name: the last one of them counts: ['a', 'a']"
    ]


def test_a_field_that_is_too_long_is_a_bad_line(convert: Any) -> None:
    content = 'a,b\n1,12345\n1,"12345"\n1,1234\n'
    failed, _ = convert("csv.CsvToIon", content, maxFieldSize=4)
    result, ion = convert("csv.CsvToIon", content, maxFieldSize=4, onBadLines="WARN")
    assert failed.error == (
        "Bad line encountered: a field is longer than the 4 characters of `maxFieldSize`"
    )
    assert ion == b'{a:"1",b:"1234"}\n'
    assert len(result.messages("WARN")) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a\n" + "x" * 99_999, "A line is longer than the 1000 characters of `maxBufferSize`"),
        (
            'a\n"' + "x\n" * 200_000,
            "A record is longer than the 1000 characters of `maxBufferSize`",
        ),
    ],
    ids=["line", "record"],
)
def test_a_record_that_is_too_long_fails_the_task(convert: Any, content: str, reason: str) -> None:
    result, _ = convert("csv.CsvToIon", content, maxBufferSize=1000)
    assert result.error == reason


def test_the_place_of_a_wrong_byte_is_that_in_the_file(convert: Any) -> None:
    result, _ = convert("csv.CsvToIon", b"a\n" + b"x\n" * 50_000 + b"\xe9\n")
    assert result.error.startswith(
        "The file is not UTF-8: invalid continuation byte at byte 100002"
    )


@pytest.mark.parametrize(
    ("content", "properties", "reason"),
    [
        ("a", {"charset": "base64"}, "Unknown character set 'base64'"),
        (b"a\n\xe9\n", {}, "The file is not UTF-8: invalid continuation byte at byte 2; set"),
        ("a", {"charset": "EBCDIC-X"}, "Unknown character set 'EBCDIC-X'"),
        ("a", {"fieldSeparator": "||"}, "`fieldSeparator` must be one character, got '||'"),
    ],
)
def test_bad_input_is_explained(
    convert: Any, content: Any, properties: dict[str, Any], reason: str
) -> None:
    result, _ = convert("csv.CsvToIon", content, **properties)
    assert result.state == "FAILED"
    assert result.error.startswith(reason)
    assert not result.retryable


def test_the_older_name_of_the_type_still_works(convert: Any) -> None:
    result, _ = convert("csv.CsvReader", "a\n1\n")
    assert result.state == "SUCCESS"
