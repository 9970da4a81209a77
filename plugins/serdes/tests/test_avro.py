from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pytest

PRODUCT = json.dumps(
    {
        "type": "record",
        "name": "Product",
        "fields": [
            {"name": "name", "type": "string"},
            {"name": "price", "type": ["null", "double"]},
        ],
    }
)


def schema(kind: Any, **field: Any) -> str:
    """Return the schema of a record with one field `x`."""
    fields = [{"name": "x", "type": kind, **field}]
    return json.dumps({"type": "record", "name": "Row", "fields": fields})


def read(data: bytes) -> list[Any]:
    return list(fastavro.reader(io.BytesIO(data)))


def test_texts_become_what_the_schema_says(convert: Any) -> None:
    result, avro = convert(
        "avro.IonToAvro", '{name:"a",price:"1.5"}\n{name:"b",price:""}\n', schema=PRODUCT
    )
    assert result.error is None
    assert read(avro) == [{"name": "a", "price": 1.5}, {"name": "b", "price": None}]
    assert result.outputs["size"] == 2
    assert [(metric.name, metric.value) for metric in result.metrics] == [("records", 2)]


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("int", '"-7"', "-7"),
        ("long", "5000000000", "5000000000"),
        ("float", "2", "2e0"),
        ("double", '"1e3"', "1000e0"),
        ("boolean", '"Yes"', "true"),
        ("boolean", "0", "false"),
        ("string", "1.20", '"1.20"'),
        ("string", "true", '"true"'),
        ("string", "[1]", '"[1]"'),
        ("string", "2024-01-31T10:00:00Z", '"2024-01-31T10:00:00Z"'),
        ("bytes", '"é"', "{{w6k=}}"),
        ("bytes", "{{eA==}}", "{{eA==}}"),
        ("null", '"n/a"', "null"),
        ({"type": "fixed", "name": "F", "size": 1}, '"x"', "{{eA==}}"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, '"A"', '"A"'),
        ({"type": "array", "items": "int"}, '["1",2]', "[1,2]"),
        ({"type": "map", "values": "int"}, '{a:"1"}', "{a:1}"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, "1.005", "1.00"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, "7", "7.00"),
        ({"type": "int", "logicalType": "date"}, '"2024-01-31"', "2024-01-31"),
        ({"type": "int", "logicalType": "date"}, "2024-01-31T23:30:00-05:00", "2024-02-01"),
        ({"type": "int", "logicalType": "time-millis"}, '"10:11"', 'LocalTime::"10:11:00"'),
        (
            {"type": "long", "logicalType": "timestamp-millis"},
            '"2024-01-31T10:00"',
            "2024-01-31T09:00:00.000Z",
        ),
        ({"type": "long", "logicalType": "timestamp-millis"}, '"1000"', "1970-01-01T00:00:01.000Z"),
        (
            {"type": "long", "logicalType": "local-timestamp-micros"},
            "2024-01-31T09:00:00.000001Z",
            'LocalDateTime::"2024-01-31T10:00:00.000001"',
        ),
        (
            {"type": "string", "logicalType": "uuid"},
            '"0B0E1A3C-1F2E-4A5B-8C6D-7E8F9A0B1C2D"',
            '"0b0e1a3c-1f2e-4a5b-8c6d-7e8f9a0b1c2d"',
        ),
        (["null", "int", "string"], '"7"', "7"),
        (["null", "string", "int"], "7", "7"),
        (["null", "int", "string"], '"x"', '"x"'),
    ],
    ids=str,
)
def test_values_of_every_type_survive_avro(
    convert: Any, kind: Any, value: str, written: str
) -> None:
    result, avro = convert(
        "avro.IonToAvro", f"{{x:{value}}}\n", schema=schema(kind), timeZoneId="Europe/Paris"
    )
    assert result.error is None
    _, ion = convert("avro.AvroToIon", avro)
    assert ion.decode() == f"{{x:{written}}}\n"


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("int", '"x"', "'x' is no integer in field 'x'"),
        ("int", "2147483648", "2147483648 is beyond 32 bits in field 'x'"),
        ("int", "true", "True is no integer in field 'x'"),
        ("double", '"1,5"', "'1,5' is no number in field 'x'"),
        ("boolean", '"maybe"', "'maybe' is no boolean in field 'x'"),
        ("string", "null", "null is no string; a type that may be null is [null, string]"),
        ("null", "1", "1 is not null in field 'x'"),
        (["null", "int", "boolean"], '"x"', "'x' fits none of the types null, int, boolean"),
        ({"type": "array", "items": "int"}, "1", "1 is no list in field 'x'"),
        ({"type": "map", "values": "int"}, '{a:"q"}', "'q' is no integer in field 'x'"),
        ({"type": "fixed", "name": "F", "size": 2}, '"x"', "'x' has 1 bytes instead of 2"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, '"B"', "'B' is none of A"),
        (
            {"type": "bytes", "logicalType": "decimal", "precision": 3, "scale": 2},
            "10",
            "10 has more than 3 digits",
        ),
        ({"type": "int", "logicalType": "date"}, '"31/01/2024"', "'31/01/2024' is no yyyy-MM-dd"),
        ({"type": "long", "logicalType": "timestamp-millis"}, "true", "True is no timestamp"),
        ({"type": "string", "logicalType": "uuid"}, '"x"', "'x' is no UUID"),
        (
            {"type": "record", "name": "R", "fields": [{"name": "y", "type": "int"}]},
            '{y:"q"}',
            "'q' is no integer in field 'x.y'",
        ),
    ],
    ids=str,
)
def test_what_does_not_fit_is_explained(convert: Any, kind: Any, value: str, reason: str) -> None:
    result, _ = convert("avro.IonToAvro", f"{{x:{value}}}\n", schema=schema(kind))
    assert result.state == "FAILED"
    assert result.error.startswith(f"Row 1 does not fit the schema: {reason}")
    assert not result.retryable


@pytest.mark.parametrize(("policy", "warnings"), [("SKIP", 0), ("WARN", 2)])
def test_a_bad_field_becomes_null_and_a_row_without_that_way_out_is_left_out(
    convert: Any, policy: str, warnings: int
) -> None:
    rows = '{name:"a",price:"x"}\n{price:1}\n{name:"b",price:2}\n'
    result, avro = convert("avro.IonToAvro", rows, schema=PRODUCT, onBadLines=policy)
    assert read(avro) == [{"name": "a", "price": None}, {"name": "b", "price": 2.0}]
    assert len(result.messages("WARN")) == warnings
    assert result.outputs["size"] == 2


def test_a_field_that_the_schema_lacks_is_an_error_only_if_that_is_wanted(convert: Any) -> None:
    loose, _ = convert("avro.IonToAvro", '{name:"a",price:1,z:2}\n', schema=PRODUCT)
    strict, _ = convert(
        "avro.IonToAvro", '{name:"a",price:1,z:2}\n', schema=PRODUCT, strictSchema=True
    )
    assert loose.error is None
    assert strict.error == "Row 1 does not fit the schema: The schema has no field 'z'"


@pytest.mark.parametrize("row", ['["a",1]', '{col0:"a",col1:1}'])
def test_values_without_names_are_taken_in_order(convert: Any, row: str) -> None:
    _, avro = convert("avro.IonToAvro", row, schema=PRODUCT)
    assert read(avro) == [{"name": "a", "price": 1.0}]


def test_a_field_is_found_by_its_alias(convert: Any) -> None:
    _, avro = convert("avro.IonToAvro", "{old:1}", schema=schema("int", aliases=["old"]))
    assert read(avro) == [{"x": 1}]


def test_texts_are_read_as_the_properties_say(convert: Any) -> None:
    fields = {
        "d": {"type": "int", "logicalType": "date"},
        "t": {"type": "int", "logicalType": "time-millis"},
        "m": {"type": "long", "logicalType": "timestamp-millis"},
        "n": "double",
        "b": "boolean",
    }
    text = json.dumps(
        {
            "type": "record",
            "name": "R",
            "fields": [{"name": name, "type": kind} for name, kind in fields.items()],
        }
    )
    _, avro = convert(
        "avro.IonToAvro",
        '{d:"31/01/2024",t:"10h11",m:"31/01/2024 10:11",n:"1,5",b:"ja"}',
        schema=text,
        dateFormat="dd/MM/yyyy",
        timeFormat="HH'h'mm",
        datetimeFormat="dd/MM/yyyy HH:mm",
        decimalSeparator=",",
        trueValues=["ja"],
        timeZoneId="Europe/Paris",
    )
    _, ion = convert("avro.AvroToIon", avro)
    assert ion.decode() == (
        '{d:2024-01-31,t:LocalTime::"10:11:00",m:2024-01-31T09:11:00.000Z,n:1.5e0,b:true}\n'
    )


def test_a_schema_is_inferred_from_the_rows(convert: Any) -> None:
    rows = '{a:1,b:null,c:{d:1.5},e:[1]}\n{a:"x",b:2024-01-31,c:{f:true},e:[]}\n'
    _, text = convert("avro.InferAvroSchemaFromIon", rows)
    fields = {field["name"]: field["type"] for field in json.loads(text)["fields"]}
    assert fields["a"] == ["null", "int", "string"]
    assert fields["b"] == ["null", {"type": "int", "logicalType": "date"}]
    assert [each["type"] for each in fields["c"][0]["fields"]] == [
        ["null", "string"],
        ["null", "boolean"],
    ]
    assert fields["e"][0]["items"] == ["null", "int", "string"]


def test_rows_are_converted_by_an_inferred_schema(convert: Any) -> None:
    rows = '{a:1,b:{x:1},c:[{b:{x:"t"}}]}\n{a:2.5e0,b:null,c:[]}\n'
    result, avro = convert("avro.IonToAvro", rows)
    assert result.error is None
    _, ion = convert("avro.AvroToIon", avro)
    assert ion.decode() == rows


def test_only_the_first_rows_are_scanned_unless_all_are_wanted(convert: Any) -> None:
    rows = "{a:null}\n" * 3 + "{a:1}\n"
    few, _ = convert("avro.IonToAvro", rows, numberOfRowsToScan=3)
    _, avro = convert("avro.IonToAvro", rows, numberOfRowsToScan=3, inferAllFields=True)
    assert few.error == "Row 4 does not fit the schema: 1 is not null in field 'a'"
    assert read(avro)[3] == {"a": 1}


def test_a_list_is_wrapped_into_a_record_and_unwrapped_again(convert: Any) -> None:
    _, avro = convert("avro.IonToAvro", "[1,2]\n[3]\n")
    assert read(avro) == [{"value": [1, 2]}, {"value": [3]}]
    assert convert("avro.AvroToIon", avro)[1] == b"[1,2]\n[3]\n"


def test_a_type_may_contain_itself(convert: Any) -> None:
    kind = {
        "type": "record",
        "name": "Node",
        "fields": [{"name": "next", "type": ["null", "Node"]}],
    }
    rows = "{next:{next:{next:null}}}\n"
    _, avro = convert("avro.IonToAvro", rows, schema=json.dumps(kind))
    assert convert("avro.AvroToIon", avro)[1].decode() == rows


@pytest.mark.parametrize(
    ("ion", "properties", "reason"),
    [
        ("", {}, "Cannot infer Avro schema from ION input: the file appears to be empty"),
        ("1", {}, "A row must be a struct or a list, got int"),
        ("{a:1}", {"schema": "{"}, "Invalid Avro schema: "),
        ("{a:1}", {"schema": '{"type":"int"}'}, "Invalid Avro schema: its type must be `record`"),
        (
            "{a:1}",
            {"schema": '{"type":"record","name":"r"}'},
            "Invalid Avro schema: record lacks `fields`",
        ),
        ("{a:1}", {"schema": schema({"type": "array"})}, "Invalid Avro schema: "),
        ("{'first name':1}", {}, "Invalid Avro schema: 'first name' is no name: letters, digits"),
        ("{a:1}", {"numberOfRowsToScan": 0}, "`numberOfRowsToScan` must be 1 at least, got 0"),
        ("{a:1}", {"timeZoneId": "Mars"}, "Unknown time zone 'Mars'"),
    ],
)
def test_mistakes_are_explained(
    convert: Any, ion: str, properties: dict[str, Any], reason: str
) -> None:
    result, _ = convert("avro.IonToAvro", ion, **properties)
    assert result.state == "FAILED"
    assert result.error.startswith(reason)


def test_what_is_no_avro_file_is_explained(convert: Any) -> None:
    result, _ = convert("avro.AvroToIon", "a,b\n")
    assert result.error.startswith("The file is not Avro: ")


@pytest.mark.parametrize(("policy", "warnings"), [("ERROR", None), ("WARN", 1), ("SKIP", 0)])
def test_a_damaged_file_ends_where_it_is_damaged(
    convert: Any, policy: str, warnings: int | None
) -> None:
    _, avro = convert("avro.IonToAvro", "{a:1}\n" * 3)
    result, ion = convert("avro.AvroToIon", avro[:-20], onBadLines=policy)
    assert (result.error is not None) == (warnings is None)
    assert len(result.messages("WARN")) == (warnings or 0)
    assert b"{a:2}" not in ion


@pytest.mark.parametrize("name", ["AvroReader", "AvroWriter"])
def test_the_older_names_of_the_types_still_work(convert: Any, name: str) -> None:
    _, avro = convert("avro.AvroWriter", "{a:1}\n")
    result, _ = convert(f"avro.{name}", avro if name == "AvroReader" else "{a:1}\n")
    assert result.state == "SUCCESS"
