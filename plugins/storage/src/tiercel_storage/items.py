"""Tasks on files of rows in ION: `FilterItems` and `DeduplicateItems`.

A row is a line; it is read for its fields, and written as it was.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, ClassVar, Literal

from pydantic import Field

from tiercel.plugin import (
    Example,
    ExpressionError,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    Text,
    Uri,
    ion,
    is_true,
    scratch_file,
    stored_lines,
)

__all__ = ["DeduplicateItems", "FilterItems"]


class FilterOutput(Output):
    """What `FilterItems` gives to later tasks."""

    uri: Uri
    """The file of the rows that are left."""
    processed_items_total: int
    """How many rows were looked at."""
    dropped_items_total: int
    """How many of them were dropped."""


class FilterItems(Task[FilterOutput]):
    """Keep the rows of a stored file for which a condition holds, or those for which it does not.

    The condition sees a row's fields by their names, beside all that other expressions see.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Keep what is expensive",
            """\
id: filter_items
namespace: company.team

tasks:
  - id: products
    type: io.kestra.plugin.core.storage.Write
    extension: .ion
    content: |
      {name: "apple", price: 1.20}
      {name: "melon", price: 3.50}

  - id: expensive
    type: io.kestra.plugin.core.storage.FilterItems
    from: "{{ outputs.products.uri }}"
    filterCondition: "{{ price > 2 }}"

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ read(outputs.expensive.uri) }}"
""",
        ),
    )

    from_: Property[str] = Field(alias="from")
    """The stored file: one row a line, in ION or JSON."""
    filter_condition: Text
    """The condition, an expression; blanks, `0`, `-0` and `false` do not hold."""
    filter_type: Property[Literal["INCLUDE", "EXCLUDE"]] = Property.of("INCLUDE")
    """Whether the rows for which it holds stay or go."""
    error_or_null_behavior: Property[Literal["FAIL", "INCLUDE", "EXCLUDE"]] = Property.of("FAIL")
    """What becomes of a row on which the condition cannot be evaluated."""

    def run(self, ctx: RunContext) -> FilterOutput:
        """Write the rows that stay.

        Raises:
            ExpressionError: the condition cannot be evaluated, and this is to fail.
            TaskError: a line is no row.
        """
        keeps = ctx.render(self.filter_type) == "INCLUDE"
        on_error = ctx.render(self.error_or_null_behavior)
        total = kept = 0
        with ctx.storage.create(f"{secrets.token_hex(8)}.ion") as writer:
            for line, row in _rows(ctx, ctx.render(self.from_)):
                total += 1
                try:
                    stays = is_true(ctx.render_text(self.filter_condition, row)) is keeps
                except ExpressionError:
                    if on_error == "FAIL":
                        raise
                    stays = on_error == "INCLUDE"
                if stays:
                    writer.write(_line(line))
                    kept += 1
        return FilterOutput(
            uri=writer.uri, processed_items_total=total, dropped_items_total=total - kept
        )


class DeduplicateOutput(Output):
    """What `DeduplicateItems` gives to later tasks."""

    uri: Uri
    """The file without duplicates."""
    num_keys: int
    """How many different keys there were."""
    processed_items_total: int
    """How many rows were looked at."""
    dropped_items_total: int
    """How many of them were dropped."""


class DeduplicateItems(Task[DeduplicateOutput]):
    """Keep one row of those in a stored file that have the same key: the last one.

    The file is read twice, and the keys are kept on disk meanwhile, so a large file needs no more
    memory than a small one.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "The last price of each product",
            """\
id: deduplicate_items
namespace: company.team

tasks:
  - id: prices
    type: io.kestra.plugin.core.storage.Write
    extension: .ion
    content: |
      {name: "apple", price: 1.20}
      {name: "melon", price: 3.50}
      {name: "apple", price: 1.10}

  - id: last_prices
    type: io.kestra.plugin.core.storage.DeduplicateItems
    from: "{{ outputs.prices.uri }}"
    expr: "{{ name }}"

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ read(outputs.last_prices.uri) }}"
""",
        ),
    )

    from_: Property[str] = Field(alias="from")
    """The stored file: one row a line, in ION or JSON."""
    expr: Text
    """The key of a row, an expression that sees the row's fields by their names."""

    def run(self, ctx: RunContext) -> DeduplicateOutput:
        """Write the rows that stay.

        Raises:
            ExpressionError: a key cannot be evaluated.
            TaskError: a line is no row.
        """
        uri = ctx.render(self.from_)
        with _LastSeen(ctx) as seen:
            for number, (_, row) in enumerate(_rows(ctx, uri)):
                seen.note(ctx.render_text(self.expr, row), number)
            return self._write(ctx, uri, seen)

    def _write(self, ctx: RunContext, uri: str, seen: _LastSeen) -> DeduplicateOutput:
        wanted = seen.numbers()
        next_wanted = next(wanted, None)
        total = kept = 0
        with ctx.storage.create(f"{secrets.token_hex(8)}.ion") as writer:
            for number, line in enumerate(_lines(ctx, uri)):
                total += 1
                if number == next_wanted:
                    writer.write(_line(line))
                    kept += 1
                    next_wanted = next(wanted, None)
        return DeduplicateOutput(
            uri=writer.uri,
            num_keys=kept,
            processed_items_total=total,
            dropped_items_total=total - kept,
        )


class _LastSeen:
    """Key → number of the last row that had it: on disk, by a digest of the key."""

    def __init__(self, ctx: RunContext) -> None:
        self._database = sqlite3.connect(scratch_file(ctx, ".db"))
        # Nobody needs it after a crash.
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16000;"
            "CREATE TABLE seen (key BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID"
        )

    def note(self, key: str, number: int) -> None:
        digest = blake2b(key.encode(errors="surrogateescape"), digest_size=16).digest()
        self._database.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (digest, number))

    def numbers(self) -> Iterator[int]:
        """Return the rows to keep, in order."""
        for (number,) in self._database.execute("SELECT number FROM seen ORDER BY number"):
            yield number

    def __enter__(self) -> _LastSeen:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._database.close()


def _lines(ctx: RunContext, uri: str) -> Iterator[str]:
    """Yield the lines that are not blank."""
    with ctx.storage.open(uri) as stream:
        for line in stored_lines(ctx, stream):
            if line.strip():
                yield line


def _rows(ctx: RunContext, uri: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(_lines(ctx, uri), start=1):
        try:
            values = list(ion.loads(line))
        except ion.IonTextError as error:
            raise TaskError(f"Row {number} is not ION: {error}", retryable=False) from error
        if len(values) != 1 or not isinstance(values[0], dict):
            raise TaskError(
                f"Row {number} is {line[:80]!r}, not one struct, such as {{id:1}}",
                retryable=False,
            )
        yield line, values[0]


def _line(text: str) -> bytes:
    return f"{text}\n".encode(errors="surrogateescape")
