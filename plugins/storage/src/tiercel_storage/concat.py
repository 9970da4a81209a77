"""`Concat`: several files one after the other."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from typing import Any, ClassVar

from tiercel.plugin import (
    Example,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    TaskKilledError,
    Uri,
)

__all__ = ["Concat"]

_CHUNK = 1 << 20


class ConcatOutput(Output):
    """What `Concat` gives to later tasks."""

    uri: Uri
    """The new file."""


class Concat(Task[ConcatOutput]):
    """Write several stored files, one after the other, to a new one."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Put the parts of a report together",
            """\
id: concat_files
namespace: company.team

tasks:
  - id: head
    type: io.kestra.plugin.core.storage.Write
    content: name,price

  - id: body
    type: io.kestra.plugin.core.storage.Write
    content: apple,1.20

  - id: table
    type: io.kestra.plugin.core.storage.Concat
    files:
      - "{{ outputs.head.uri }}"
      - "{{ outputs.body.uri }}"
    separator: "\\n"
    extension: .csv

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ read(outputs.table.uri) }}"
""",
        ),
        Example(
            "Put together whatever a list names",
            """\
id: concat_a_list
namespace: company.team

tasks:
  - id: numbers
    type: io.kestra.plugin.core.storage.Write
    content: "1\\n2\\n3\\n"

  - id: parts
    type: io.kestra.plugin.core.storage.Split
    from: "{{ outputs.numbers.uri }}"
    rows: 1

  - id: whole
    type: io.kestra.plugin.core.storage.Concat
    files: "{{ outputs.parts.uris }}"
""",
        ),
    )

    files: Property[Any]
    """The stored files: a list of URIs, or the JSON text of one."""
    separator: Property[str] | None = None
    """What is written after each file; nothing by default."""
    extension: Property[str] = Property.of(".tmp")
    """How the new file's name ends, with the dot."""

    def run(self, ctx: RunContext) -> ConcatOutput:
        """Write the files.

        Raises:
            TaskError: `files` is no list.
            TaskKilledError: it was killed meanwhile.
        """
        separator = (ctx.render(self.separator) or "").encode()
        with ctx.storage.create(secrets.token_hex(8) + ctx.render(self.extension)) as writer:
            for uri in _uris(ctx.render(self.files)):
                if ctx.cancelled:
                    raise TaskKilledError("Stopped between two files")
                with ctx.storage.open(uri) as file:
                    shutil.copyfileobj(file, writer, _CHUNK)
                writer.write(separator)
        return ConcatOutput(uri=writer.uri)


def _uris(files: Any) -> Iterator[str]:
    if isinstance(files, str):
        try:
            files = json.loads(files)
        except ValueError as error:
            raise TaskError(f"`files` is not JSON: {error}", retryable=False) from error
    if not isinstance(files, list | tuple):
        raise TaskError(
            f"Invalid `files` properties with type '{type(files).__name__}'; write a list of URIs",
            retryable=False,
        )
    for uri in files:
        if not isinstance(uri, str):
            raise TaskError(f"`files` holds {uri!r}, which is no URI", retryable=False)
        yield uri
