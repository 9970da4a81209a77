"""What any row comes back as after the way to another format and back."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiercel.plugin import ion
from tiercel.testing import run_task

Convert = Callable[..., Any]

NAMES = st.text("abcXYZ_", min_size=1, max_size=4)
# All of Unicode but for lone surrogates, which no file can hold.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
# XML and Excel have no control characters, and XML trims texts.
PRINTABLE = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cn"]), min_size=1, max_size=20
).filter(lambda text: text[0].isalpha() and text.lower() not in ("true", "false", "null"))
WHOLE = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 30), timezones=st.just(UTC))
# Some of the texts that mean null where null is possible, which it is by an inferred schema.
NULLS = ("", "na", "nan", "null", "n/a")
SCALARS = [st.none(), st.booleans(), WHOLE, TEXTS]
EXACT = [*SCALARS, FLOATS, DECIMALS, MOMENTS, st.dates(), st.times(), st.binary(max_size=9)]


def rows(*cells: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Generate a few rows with the same columns, whose values are of one kind each."""
    value = st.one_of(*cells)
    nested = st.recursive(
        value, lambda each: st.lists(each, max_size=3) | st.dictionaries(NAMES, each), max_leaves=6
    )
    return st.lists(st.dictionaries(NAMES, nested, min_size=1), min_size=1, max_size=4)


def tables(cell: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Generate rows that have the same columns."""
    return st.lists(NAMES, min_size=1, max_size=4, unique=True).flatmap(
        lambda names: st.lists(
            st.fixed_dictionaries(dict.fromkeys(names, cell)), min_size=1, max_size=4
        )
    )


def there_and_back(
    convert: Convert, there: str, back: str, values: list[Any], **there_with: Any
) -> Any:
    """Return rows after the way there and back."""
    source = "".join(f"{ion.dumps(value)}\n" for value in values)
    made, content = convert(there, source, **there_with)
    assert made.error is None
    result, text = convert(back, content, **({"newLine": False} if "json" in back else {}))
    assert result.error is None
    return list(ion.load_lines(io.BytesIO(text)))


check = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@check
@given(values=tables(TEXTS.filter(lambda text: text != "\\N")))
def test_csv_keeps_texts(convert: Convert, values: list[Any]) -> None:
    assert there_and_back(convert, "csv.IonToCsv", "csv.CsvToIon", values) == values


@check
@given(values=rows(*SCALARS, FLOATS))
def test_json_keeps_plain_data(convert: Convert, values: list[Any]) -> None:
    back = there_and_back(convert, "json.IonToJson", "json.JsonToIon", values, newLine=False)
    assert back == _finite(values)


def _finite(value: Any) -> Any:
    """Return data as JSON has it: infinity is a text."""
    match value:
        case dict():
            return {key: _finite(each) for key, each in value.items()}
        case list():
            return [_finite(each) for each in value]
        case float() if abs(value) == float("inf"):
            return "Infinity" if value > 0 else "-Infinity"
    return value


@check
@given(values=rows(*SCALARS, FLOATS, st.binary(max_size=9)))
def test_yaml_keeps_plain_data(convert: Convert, values: list[Any]) -> None:
    assert there_and_back(convert, "yaml.IonToYaml", "yaml.YamlToIon", values) == values


@check
@given(values=tables(PRINTABLE | WHOLE))
def test_xml_keeps_words_and_numbers(convert: Convert, values: list[Any]) -> None:
    doubled = [*values, *values]
    assert there_and_back(convert, "xml.IonToXml", "xml.XmlToIon", doubled) == doubled


@pytest.mark.parametrize("kind", ["avro", "parquet"])
@check
@given(
    cell=st.sampled_from(EXACT),
    data=st.data(),
)
def test_typed_formats_keep_every_type(convert: Convert, kind: str, cell: Any, data: Any) -> None:
    values = data.draw(tables(cell | st.none()))
    name = kind.title()
    back = there_and_back(convert, f"{kind}.IonTo{name}", f"{kind}.{name}ToIon", values)
    assert back == [{key: inferred(each) for key, each in row.items()} for row in values]


def inferred(value: Any) -> Any:
    """Return a value as it comes back through the type that is inferred for it."""
    match value:
        case str() if value.lower() in NULLS:
            return None
        case Decimal():
            return f"{value:f}"
        case datetime():
            # Local, in milliseconds.
            return value.replace(microsecond=value.microsecond // 1000 * 1000, tzinfo=None)
        case time():
            return value.replace(microsecond=value.microsecond // 1000 * 1000)
    return value


@check
@given(
    decimal=st.decimals(places=6, min_value=-(10**12), max_value=10**12),
    moment=MOMENTS,
    day=st.dates(date(1, 1, 1)),
    clock=st.times(),
)
@pytest.mark.parametrize("kind", ["avro", "parquet"])
def test_a_schema_keeps_what_inference_does_not(
    convert: Convert, kind: str, decimal: Decimal, moment: datetime, day: date, clock: time
) -> None:
    schema = """
      {"type": "record", "name": "R", "fields": [
        {"name": "n", "type":
          {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 6}},
        {"name": "m", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "d", "type": {"type": "int", "logicalType": "date"}},
        {"name": "c", "type": {"type": "long", "logicalType": "time-micros"}}
      ]}
    """
    values = [{"n": decimal, "m": moment, "d": day, "c": clock}]
    name = kind.title()
    back = there_and_back(
        convert, f"{kind}.IonTo{name}", f"{kind}.{name}ToIon", values, schema=schema
    )
    assert back == values


@check
@given(values=tables(PRINTABLE | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans()))
def test_excel_keeps_words_and_numbers(values: list[Any]) -> None:
    prefix = "io.kestra.plugin.serdes.excel"
    source = "".join(f"{ion.dumps(value)}\n" for value in values)
    made = run_task({"type": f"{prefix}.IonToExcel", "from": "{{ files.a }}"}, files={"a": source})
    book = made.file(made.outputs["uri"])
    back = run_task({"type": f"{prefix}.ExcelToIon", "from": "{{ files.a }}"}, files={"a": book})
    text = back.file(back.outputs["uris"]["Sheet"])
    assert list(ion.load_lines(io.BytesIO(text))) == values
