"""Cutting a stored file into smaller ones by its lines: for `Split`, `ForEachItem` and the like.

The file is read once and never held in memory. Behaviour: Kestra's `StorageService.split`, golden
areas `flows/storage` and `flows/foreachitem`.
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Callable, Hashable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from pydantic import Field

from tiercel.errors import TaskError, TaskKilledError
from tiercel.model.base import Model
from tiercel.plugin.files import scratch_file
from tiercel.plugin.property import Property

if TYPE_CHECKING:
    from tiercel.plugin.context import RunContext

__all__ = ["SplitOptions", "stored_lines"]

_SIZE = re.compile(r"\s*(\d+)\s*([KMGT]?)B?\s*", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
# Lines between two looks at whether the task was killed.
_LOOK_EVERY = 1000
# Bytes that wait to be written, and what a line takes in memory beside its own.
_MOST_WAITING = 1 << 23
_COST_OF_A_LINE = 100
_SECONDS_FOR_A_LINE = 2.0


class SplitOptions(Model):
    """How a file is cut: the first of `regexPattern`, `bytes`, `partitions` and `rows` counts."""

    bytes_: Property[str] | None = Field(default=None, alias="bytes")
    """Begin a new file once one has this size: a number of bytes, or `10MB`, `200KB`."""
    partitions: Property[int] | None = None
    """Deal the lines out to this many files, in turn."""
    rows: Property[int] | None = None
    """Begin a new file after this many lines."""
    separator: Property[str] = Property.of("\n")
    """What ends each line in the files that are written."""
    regex_pattern: Property[str] | None = None
    """One file for each text that the first group finds; lines that do not match are left out."""

    def split(self, ctx: RunContext, uri: str) -> list[str]:
        """Cut a stored file; return the URIs of the parts, none of them empty.

        The parts have the extension of the file, or `.tmp`.

        Raises:
            TaskError: the options say nothing, or are wrong.
            TaskKilledError: the task was killed meanwhile.
            StorageError: the file cannot be read.
        """
        separator = ctx.render(self.separator)
        suffix = PurePosixPath(uri).suffix or ".tmp"
        route, full = self._route(ctx), self._full(ctx)
        if route is None and full is None:
            raise TaskError(
                "Invalid configuration with no size, count, rows, nor regexPattern",
                retryable=False,
            )
        with ctx.storage.open(uri) as stream:
            lines = (
                (line, (line + separator).encode(errors="surrogateescape"))
                for line in stored_lines(ctx, stream)
            )
            if route is not None:
                return _dealt_out(ctx, lines, route, suffix)
            assert full is not None
            return _in_a_row(ctx, lines, full, suffix)

    def _route(self, ctx: RunContext) -> Callable[[str, int], Hashable] | None:
        """Return (line, its number) → which file it goes to; `...` for none of them."""
        pattern = ctx.render(self.regex_pattern)
        if pattern is not None:
            return _by_group(pattern)
        if self.bytes_ is not None:
            return None
        count = ctx.render(self.partitions)
        if count is None:
            return None
        if count < 1:
            raise TaskError(f"partitions must be at least 1, got {count}", retryable=False)
        return lambda _line, number: number % count

    def _full(self, ctx: RunContext) -> Callable[[int, int], bool] | None:
        """Return (bytes, rows) of a part → whether it takes no more."""
        size = ctx.render(self.bytes_)
        if size is not None:
            limit = _bytes(size)
            return lambda size, _rows: size >= limit
        most = ctx.render(self.rows)
        return None if most is None else lambda _size, rows: rows >= most


def stored_lines(ctx: RunContext, stream: BinaryIO) -> Iterator[str]:
    r"""Yield the lines of a stored file without their ends (`\n`, `\r\n` or `\r`).

    Bytes that are not UTF-8 become lone surrogates: encode with `errors="surrogateescape"` to get
    them back.

    Raises:
        TaskKilledError: the task was killed meanwhile.
    """
    with io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape") as text:
        for number, line in enumerate(text):
            if number % _LOOK_EVERY == 0 and ctx.cancelled:
                raise TaskKilledError("Stopped while it read a file")
            yield line.removesuffix("\n")


def _bytes(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if not match:
        raise TaskError(
            f"Invalid size with value '{text}'; write bytes, or a number with KB, MB or GB",
            retryable=False,
        )
    return int(match[1]) * _UNITS[match[2].upper()]


def _by_group(pattern: str) -> Callable[[str, int], Hashable]:
    import regex

    try:
        compiled = regex.compile(pattern)
    except regex.error as error:
        raise TaskError(
            f"{pattern!r} is no regular expression: {error}", retryable=False
        ) from error

    def route(line: str, number: int) -> Hashable:
        try:
            match = compiled.search(line, timeout=_SECONDS_FOR_A_LINE)
        except TimeoutError as error:
            raise TaskError(
                f"Pattern {pattern!r} takes longer than {_SECONDS_FOR_A_LINE} s on line "
                f"{number + 1}",
                retryable=False,
            ) from error
        return match[1] if match and compiled.groups else ...

    return route


def _in_a_row(
    ctx: RunContext,
    lines: Iterable[tuple[str, bytes]],
    full: Callable[[int, int], bool],
    suffix: str,
) -> list[str]:
    uris: list[str] = []
    writer = None
    size = rows = 0
    try:
        for _, data in lines:
            if writer is None or full(size, rows):
                if writer is not None:
                    uris.append(writer.close())
                writer = ctx.storage.create(secrets.token_hex(8) + suffix)
                size = rows = 0
            size += writer.write(data)
            rows += 1
    except BaseException:
        if writer is not None:
            writer.abort()
        raise
    if writer is not None:
        uris.append(writer.close())
    return uris


def _dealt_out(
    ctx: RunContext,
    lines: Iterable[tuple[str, bytes]],
    route: Callable[[str, int], Hashable],
    suffix: str,
) -> list[str]:
    parts = _Parts(ctx)
    for number, (line, data) in enumerate(lines):
        key = route(line, number)
        if key is not ...:
            parts.write(key, data)
    parts.flush()
    return [ctx.storage.put(path, secrets.token_hex(8) + suffix) for path in parts.paths.values()]


class _Parts:
    """Local files that grow side by side, in the order they began; none of them stays open."""

    def __init__(self, ctx: RunContext) -> None:
        self.paths: dict[Hashable, Path] = {}
        self._ctx = ctx
        self._waiting: dict[Hashable, list[bytes]] = {}
        self._size = 0

    def write(self, key: Hashable, data: bytes) -> None:
        self._waiting.setdefault(key, []).append(data)
        self._size += len(data) + _COST_OF_A_LINE
        if self._size >= _MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        for key, lines in self._waiting.items():
            path = self.paths.get(key)
            if path is None:
                path = self.paths[key] = scratch_file(self._ctx)
            with path.open("ab") as file:
                file.writelines(lines)
        self._waiting.clear()
        self._size = 0
