from __future__ import annotations

import json
from typing import Any

import pytest


def test_json_lines_become_ion_lines(convert: Any) -> None:
    result, ion = convert("json.JsonToIon", '{"a":1,"b":[true,null]}\n\n{"a":"é"}\n')
    assert ion == '{a:1,b:[true,null]}\n{a:"é"}\n'.encode()
    assert result.outputs["size"] == 2
    assert [(metric.name, metric.value) for metric in result.metrics] == [("records", 2)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('[{"a":1}, {"a":2}\n,3]', b"{a:1}\n{a:2}\n3\n"),
        ('{"a":\n1}', b"{a:1}\n"),
        ("[]", b""),
        ("", b""),
        (" 12345 ", b"12345\n"),
    ],
)
def test_a_single_value_is_one_record_and_an_array_many(
    convert: Any, content: str, expected: bytes
) -> None:
    _, ion = convert("json.JsonToIon", content, newLine=False)
    assert ion == expected


def test_a_large_array_is_read_whole(convert: Any) -> None:
    values = [{"n": i, "text": "x" * (i % 977)} for i in range(3000)]
    result, ion = convert("json.JsonToIon", json.dumps(values, indent=1), newLine=False)
    assert result.outputs["size"] == 3000
    assert ion.splitlines()[2999].startswith(b'{n:2999,text:"xx')


@pytest.mark.parametrize(
    ("content", "new_line", "reason"),
    [
        ('{"a":\n1}', True, "Line 1 is not JSON: "),
        ("[1,2", False, "The file is not JSON: Expected `,` or `]` at character 4"),
        ("[1 2]", False, "The file is not JSON: Expected `,` or `]` at character 3"),
        ("[tru]", False, "The file is not JSON: Expecting value at character 1"),
        ("{} {}", False, "The file is not JSON: More than one value; with one a line"),
        ("NaN", True, "Line 1 is not JSON: NaN is not JSON"),
    ],
)
def test_what_is_not_json_is_explained(
    convert: Any, content: str, new_line: bool, reason: str
) -> None:
    result, _ = convert("json.JsonToIon", content, newLine=new_line)
    assert result.state == "FAILED"
    assert result.error.startswith(reason)


def test_ion_lines_become_json_lines(convert: Any) -> None:
    result, text = convert("json.IonToJson", '{a:1,b:"é"}\n[null]\n')
    assert text.decode() == '{"a":1,"b":"é"}\n[null]\n'
    assert result.outputs["uri"].endswith(".jsonl")


@pytest.mark.parametrize(
    ("ion", "expected"),
    [("{a:1}\n{a:2}\n", '[{"a":1},{"a":2}]'), ("{a:1}\n", '{"a":1}'), ("", "")],
    ids=["many", "one", "none"],
)
def test_ion_becomes_one_json_value(convert: Any, ion: str, expected: str) -> None:
    result, text = convert("json.IonToJson", ion, newLine=False)
    assert text.decode() == expected
    assert result.outputs["uri"].endswith(".json")


def test_times_and_bytes_become_texts(convert: Any) -> None:
    ion = '{t:2020-01-31T10:00:00Z,d:LocalDate::"2020-01-31",n:1.20,b:{{eA==}}}\n'
    _, text = convert("json.IonToJson", ion, timeZoneId="Europe/Paris")
    assert json.loads(text) == {
        "t": "2020-01-31T11:00:00.000+01:00",
        "d": "2020-01-31",
        "n": 1.2,
        "b": "eA==",
    }


def test_what_is_not_ion_is_explained(convert: Any) -> None:
    result, _ = convert("json.IonToJson", "{a:1\n")
    assert result.error.startswith("The file is not ION: ")


@pytest.mark.parametrize(
    ("ion", "json_text"),
    [
        ("12345678901234567890.123456789", "12345678901234567890.123456789"),
        ("nan", '"NaN"'),
        ("[-inf]", '["-Infinity"]'),
        ('LocalTime::"10:11:12"', '"10:11:12"'),
        ('base64::"eA=="', '"eA=="'),
        ("{'a::b':\"c::d\"}", '{"a::b":"c::d"}'),
        ('[a::\'b c\'::"x\\"y"]', '["x\\"y"]'),
        ("2024-01-31T10:00:00.123456Z", '"2024-01-31T10:00:00.123456Z"'),
        ('LocalDateTime::"2024-01-31T10:00:00"', '"2024-01-31T10:00:00"'),
    ],
)
def test_values_keep_all_that_json_can_say(convert: Any, ion: str, json_text: str) -> None:
    result, text = convert("json.IonToJson", f"{ion}\n")
    assert (result.error, text.decode()) == (None, f"{json_text}\n")


def test_annotations_are_kept_when_that_is_wanted(convert: Any) -> None:
    ion = '{a:base64::"eA==",b:x::\'y z\'::"q",c:"::",\'d::\':1}\n'
    _, text = convert("json.IonToJson", ion, shouldKeepAnnotations=True)
    assert json.loads(text) == {
        "a": {"ion_annotations": ["base64"], "value": "eA=="},
        "b": {"ion_annotations": ["x", "y z"], "value": "q"},
        "c": "::",
        "d::": 1,
    }


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ('[{"a": 1.2345678901234567890}, 2]', '{"a":1.2345678901234567890}\n2\n'),
        ('{"a": 1}\n{"a":\n2}', '{"a":1}\n{"a":2}\n'),
        ('{"a": "é"}', '{"a":"é"}\n'),
        ("", ""),
    ],
)
def test_json_becomes_lines(convert: Any, content: str, lines: str) -> None:
    result, text = convert("json.JsonToJsonl", content)
    assert text.decode() == lines
    assert result.outputs["size"] == lines.count("\n")


def test_more_after_an_array_is_no_json(convert: Any) -> None:
    result, _ = convert("json.JsonToJsonl", "[1] [2]")
    assert result.error.startswith("The file is not JSON: More than one value")
