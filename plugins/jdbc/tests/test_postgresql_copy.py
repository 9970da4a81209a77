from __future__ import annotations

from typing import Any

import pytest

CSV = 'brand,price\nApple,1.20\n"Pear, ripe",\n'


@pytest.fixture
def prices(database: Any) -> Any:
    """Give a database with an empty table `prices`."""
    database.connection.execute(b"CREATE TABLE prices (brand text, price numeric)")
    return database


def copy_in(database: Any, content: str | bytes, **properties: Any) -> Any:
    return database.run("CopyIn", **{"from": "{{ files.f }}"}, files={"f": content}, **properties)


@pytest.mark.parametrize(
    ("content", "properties"),
    [
        (CSV, {"format": "CSV", "header": True}),
        ("Apple\t1.20\nPear, ripe\t\\N\n", {}),
        ("Apple;1.20\nPear, ripe;-\n", {"delimiter": ";", "nullString": "-"}),
        ("'Apple'\\1.20\n'Pear, ripe'\\\n", {"format": "CSV", "quote": "'", "delimiter": "\\"}),
        (CSV, {"format": "CSV", "header": True, "encoding": "LATIN1"}),
    ],
    ids=["csv", "text", "options", "quotes", "encoding"],
)  # fmt: skip
def test_a_file_is_copied_into_a_table(
    prices: Any, content: str | bytes, properties: dict[str, Any]
) -> None:
    result = copy_in(prices, content, table="prices", **properties)
    assert result.error is None
    assert result.outputs == {"rowCount": 2}
    assert [(metric.name, metric.value) for metric in result.metrics] == [("rows", 2)]
    rows = prices.rows("SELECT brand, price::text FROM prices ORDER BY brand")
    assert rows == [("Apple", "1.20"), ("Pear, ripe", None)]


def test_columns_may_be_chosen(prices: Any) -> None:
    copy_in(prices, "3\tPlum\n", table="public.prices", columns=["price", "brand"])
    assert prices.rows("SELECT brand, price::text FROM prices") == [("Plum", "3")]


def test_csv_values_may_be_forced(prices: Any) -> None:
    properties = {"format": "CSV", "forceNotNull": ["brand"], "forceNull": ["price"]}
    copy_in(prices, ',""\n', table="prices", **properties)
    assert prices.rows("SELECT brand, price FROM prices") == [("", None)]


@pytest.mark.parametrize(
    ("content", "properties", "reason"),
    [
        (
            "Apple,x\n",
            {"format": "CSV", "table": "prices"},
            "invalid input syntax for type numeric",
        ),
        ("Apple\n", {"table": "prices"}, 'missing data for column "price"'),
        ("", {"table": "nope"}, 'relation "nope" does not exist'),
        ("", {}, "Nothing to copy: set `table`"),
    ],
)
def test_a_bad_file_copies_nothing(
    prices: Any, content: str, properties: dict[str, Any], reason: str
) -> None:
    result = copy_in(prices, "Plum,1\n" * bool(properties.get("format")) + content, **properties)
    assert reason in result.error
    assert prices.rows("SELECT count(*) FROM prices") == [(0,)]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"table": "prices"}, b"Apple\t1.20\nPear, ripe\t\\N\n"),
        ({"table": "prices", "columns": ["brand"]}, b"Apple\nPear, ripe\n"),
        ({"sql": "SELECT brand FROM prices LIMIT 1;"}, b"Apple\n"),
        ({"table": "prices", "format": "CSV", "header": True}, CSV.encode()),
        (
            {"table": "prices", "format": "CSV", "forceQuote": ["*"], "nullString": "it's"},
            b'"Apple","1.20"\n"Pear, ripe",it\'s\n',
        ),
        (
            {"table": "prices", "format": "CSV", "quote": "'", "escape": "\\", "delimiter": ";"},
            b"Apple;1.20\nPear, ripe;\n",
        ),
    ],
    ids=str,
)
def test_a_table_is_copied_to_a_file(
    prices: Any, properties: dict[str, Any], expected: bytes
) -> None:
    copy_in(prices, CSV, table="prices", format="CSV", header=True)
    result = prices.run("CopyOut", **properties)
    assert result.error is None
    assert result.file(result.outputs["uri"]) == expected
    assert [metric.value for metric in result.metrics] == [result.outputs["rowCount"]]


def test_binary_files_go_out_and_in_again(prices: Any) -> None:
    copy_in(prices, CSV, table="prices", format="CSV", header=True)
    out = prices.run("CopyOut", table="prices", format="BINARY")
    content = out.file(out.outputs["uri"])
    assert content.startswith(b"PGCOPY\n")
    assert copy_in(prices, content, table="prices", format="BINARY").outputs == {"rowCount": 2}
    assert prices.rows("SELECT count(*) FROM prices") == [(4,)]


@pytest.mark.parametrize("properties", [{"sql": "SELECT nope"}, {"table": "nope"}])
def test_a_query_that_fails_leaves_no_file(prices: Any, properties: dict[str, str]) -> None:
    result = prices.run("CopyOut", **properties)
    assert "does not exist" in result.error
    assert result.files() == []
