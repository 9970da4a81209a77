from __future__ import annotations

import io
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def table(data: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(data))


def parquet(columns: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def test_columns_have_the_types_of_the_schema(convert: Any) -> None:
    schema = {
        "type": "record",
        "name": "R",
        "fields": [
            {"name": "s", "type": "string"},
            {"name": "n", "type": ["null", "int"]},
            {"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "precision": 5}},
            {"name": "t", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        ],
    }
    result, data = convert(
        "parquet.IonToParquet",
        '{s:"x",n:"1",d:12,t:"2024-01-31T10:00:00Z"}\n',
        schema=json.dumps(schema),
    )
    assert result.error is None
    assert [str(field.type) for field in table(data).schema] == [
        *("string", "int32", "decimal128(5, 0)", "timestamp[us, tz=UTC]"),
    ]
    assert table(data).schema.field("s").nullable is False
    assert result.outputs["size"] == 1


def test_rows_survive_parquet(convert: Any) -> None:
    rows = (
        '{a:1,b:"é\\0",c:true,d:2024-01-31,e:LocalTime::"10:11:12",f:[1,2],g:{h:1,i:[{j:"k"}]},'
        'l:{{eA==}},m:LocalDateTime::"2024-01-31T10:00:00",n:2.5e0}\n'
        "{a:null,b:null,c:null,d:null,e:null,f:null,g:null,l:null,m:null,n:null}\n"
    )
    _, data = convert("parquet.IonToParquet", rows)
    assert convert("parquet.ParquetToIon", data)[1].decode() == rows


def test_a_union_of_types_is_a_struct_of_members_and_one_value_again(convert: Any) -> None:
    rows = '{a:1}\n{a:"x"}\n{a:true}\n{a:null}\n{a:[1]}\n{a:{b:1}}\n{a:2.5e0}\n{a:2024-01-31}\n'
    _, data = convert("parquet.IonToParquet", rows)
    assert [field.name for field in table(data).schema.field("a").type][:2] == [
        "member0",
        "member1",
    ]
    assert convert("parquet.ParquetToIon", data)[1].decode() == rows


def test_numbers_of_several_types_are_one_column_of_the_widest(convert: Any) -> None:
    _, data = convert("parquet.IonToParquet", "{a:1}\n{a:2.5e0}\n")
    assert str(table(data).schema.field("a").type) == "double"


def test_columns_may_have_any_name(convert: Any) -> None:
    rows = "{'first name':1}\n"
    _, data = convert("parquet.IonToParquet", rows)
    assert convert("parquet.ParquetToIon", data)[1].decode() == rows


@pytest.mark.parametrize(
    ("column", "ion"),
    [
        (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int8())), "{k:1}"),
        (pa.array([1700000000123456789], pa.timestamp("ns")), None),
        (pa.array([90], pa.duration("s")), '"PT90S"'),
        (pa.array([timedelta(seconds=1.5)]), '"PT1.5S"'),
        (pa.array([Decimal("1.20")]), "1.20"),
        (pa.array([2**63], pa.uint64()), "9223372036854775808"),
        (pa.array(["x"]).dictionary_encode(), '"x"'),
        (pa.array([1.5], pa.float32()), "1.5e0"),
        (pa.array([None], pa.null()), "null"),
        (pa.array([1], pa.timestamp("s", tz="Europe/Paris")), "1970-01-01T00:00:01.000Z"),
    ],
    ids=lambda each: str(getattr(each, "type", "")),
)
def test_columns_of_other_types_become_ion(convert: Any, column: Any, ion: str | None) -> None:
    result, text = convert("parquet.ParquetToIon", parquet({"x": column}))
    assert result.error is None
    expected = ion or 'LocalDateTime::"2023-11-14T22:13:20.123456"'
    assert text.decode() == f"{{x:{expected}}}\n"


@pytest.mark.parametrize("codec", ["UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"])
def test_the_file_is_compressed_as_wanted(convert: Any, codec: str) -> None:
    _, data = convert("parquet.IonToParquet", "{a:1}\n", compressionCodec=codec)
    column = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0)
    assert column.compression == codec


@pytest.mark.parametrize(("version", "format_version"), [("V1", "1.0"), ("V2", "2.6")])
def test_the_file_has_the_version_that_is_wanted(
    convert: Any, version: str, format_version: str
) -> None:
    _, data = convert("parquet.IonToParquet", "{a:1}\n", parquetVersion=version)
    assert pq.ParquetFile(io.BytesIO(data)).metadata.format_version == format_version


def test_row_groups_have_about_the_size_that_is_wanted(convert: Any) -> None:
    rows = "".join(f'{{a:{i},b:"{"x" * 50}"}}\n' for i in range(10_000))
    result, data = convert("parquet.IonToParquet", rows, rowGroupSize=200_000)
    metadata = pq.ParquetFile(io.BytesIO(data)).metadata
    assert metadata.num_rows == result.outputs["size"] == 10_000
    assert metadata.num_row_groups == 3


def test_a_file_without_rows_has_its_columns(convert: Any) -> None:
    schema = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}'
    _, data = convert("parquet.IonToParquet", "", schema=schema)
    assert table(data).column_names == ["a"]
    assert convert("parquet.ParquetToIon", data)[1] == b""


def test_a_type_that_contains_itself_has_no_end(convert: Any) -> None:
    kind = {
        "type": "record",
        "name": "Node",
        "fields": [{"name": "next", "type": ["null", "Node"]}],
    }
    result, _ = convert("parquet.IonToParquet", "{next:null}\n", schema=json.dumps(kind))
    assert result.error == "The schema has no Parquet form: type 'Node' contains itself"


@pytest.mark.parametrize("content", ["a,b\n", "", "PAR1PAR1"])
def test_what_is_no_parquet_file_is_explained(convert: Any, content: str) -> None:
    result, _ = convert("parquet.ParquetToIon", content)
    assert result.error.startswith("The file is not Parquet: ")
    assert not result.retryable
