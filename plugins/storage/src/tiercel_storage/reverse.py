"""`Reverse`: the last line first."""

from __future__ import annotations

import codecs
import io
import os
import secrets
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, ClassVar

from pydantic import Field

from tiercel.plugin import (
    Example,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    TaskKilledError,
    Uri,
    scratch_file,
)

__all__ = ["Reverse", "lines_backwards"]

_BLOCK = 1 << 16


class ReverseOutput(Output):
    """What `Reverse` gives to later tasks."""

    uri: Uri
    """The new file."""


class Reverse(Task[ReverseOutput]):
    """Write the lines of a stored file to a new one, the last line first."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "The newest lines of a log first",
            """\
id: reverse_a_file
namespace: company.team

tasks:
  - id: numbers
    type: io.kestra.plugin.core.storage.Write
    content: "1\\n2\\n3\\n"

  - id: backwards
    type: io.kestra.plugin.core.storage.Reverse
    from: "{{ outputs.numbers.uri }}"

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ read(outputs.backwards.uri) }}"
""",
        ),
    )

    from_: Property[str] = Field(alias="from")
    """The stored file."""
    separator: Property[str] = Property.of("\n")
    """What ends each line of the new file."""
    charset: Property[str] = Property.of("UTF-8")
    """The character set of both files."""

    def run(self, ctx: RunContext) -> ReverseOutput:
        """Write the lines.

        Raises:
            TaskError: the character set is unknown, or not that of the file.
            TaskKilledError: it was killed meanwhile.
        """
        uri, charset = ctx.render(self.from_), _codec(ctx.render(self.charset))
        suffix = PurePosixPath(uri).suffix or ".tmp"
        path = _as_utf8(ctx, uri, charset)
        encoder = codecs.getincrementalencoder(charset)(_errors(charset))
        separator = ctx.render(self.separator)
        with path.open("rb") as file, ctx.storage.create(secrets.token_hex(8) + suffix) as writer:
            for line in lines_backwards(file):
                text = line.decode(errors="surrogateescape")
                writer.write(encoder.encode(text + separator))
        path.unlink()
        return ReverseOutput(uri=writer.uri)


def lines_backwards(file: BinaryIO, block: int = _BLOCK) -> Iterator[bytes]:
    r"""Yield the lines of a file from the last to the first, without their ends (`\n`).

    Only `block` bytes and one line are held in memory.
    """
    position = file.seek(0, os.SEEK_END)
    pieces: list[bytes] = []
    ended = False
    while position:
        size = min(block, position)
        position = file.seek(position - size)
        head, *lines = file.read(size).split(b"\n")
        for line in reversed(lines):
            pieces.append(line)
            whole = b"".join(reversed(pieces))
            pieces = []
            # What follows the last line's end is no line.
            if whole or ended:
                yield whole
            ended = True
        pieces.append(head)
    whole = b"".join(reversed(pieces))
    if whole or ended:
        yield whole


def _as_utf8(ctx: RunContext, uri: str, charset: str) -> Path:
    r"""Copy a stored file to the working folder, as UTF-8 with lines that end with `\n`."""
    path = scratch_file(ctx)
    stream = ctx.storage.open(uri)
    try:
        with (
            io.TextIOWrapper(stream, charset, _errors(charset)) as source,
            path.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as target,
        ):
            while text := source.read(_BLOCK):
                if ctx.cancelled:
                    raise TaskKilledError("Stopped while it read the file")
                target.write(text)
    except UnicodeDecodeError as error:
        raise TaskError(
            f"The file is not {charset}: {error.reason}; set `charset`", retryable=False
        ) from error
    return path


def _codec(charset: str) -> str:
    try:
        return codecs.lookup(charset).name
    except LookupError as error:
        raise TaskError(f"Unknown charset {charset!r}", retryable=False) from error


def _errors(charset: str) -> str:
    # Bytes that are no UTF-8 pass unharmed.
    return "surrogateescape" if charset == "utf-8" else "strict"
