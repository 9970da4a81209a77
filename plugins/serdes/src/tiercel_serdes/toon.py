"""`io.kestra.plugin.serdes.json`: `JsonToToon` and `ToonToJson`.

Properties and defaults are those of Kestra's serdes plugin; the work is that of the format's own
Python library. Documents are read whole.
"""

from __future__ import annotations

import json
from datetime import UTC
from decimal import Decimal
from typing import Any, ClassVar

from tiercel.plugin import Example, RunContext
from tiercel_serdes.converter import ConvertedOutput, TextConverter, bad_input
from tiercel_serdes.json_text import JsonText
from tiercel_serdes.library import library

__all__ = ["JsonToToon", "ToonToJson"]


class JsonToToon(TextConverter):
    """Convert a JSON file to TOON, which says the same to a language model in fewer tokens."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Convert a JSON file.",
            """\
id: json_to_toon
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_toon
    type: io.kestra.plugin.serdes.json.JsonToToon
    from: "{{ inputs.file }}"
""",
        ),
    )

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: it is not JSON, or not text of that character set.
        """
        toon = library("toon_format", "toon")
        with self._open_text(ctx) as text, bad_input("JSON"):
            value = json.load(text)
        with self._create(ctx, ".toon") as writer:
            sink = self._sink(ctx, writer)
            sink.write(toon.dumps(value))
            sink.flush()
        return self._done(ctx, writer, _count(value))


class ToonToJson(TextConverter):
    """Convert a TOON file to JSON."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Convert a TOON file.",
            """\
id: toon_to_json
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_json
    type: io.kestra.plugin.serdes.json.ToonToJson
    from: "{{ inputs.file }}"
""",
        ),
    )

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: it is not TOON, or not text of that character set.
        """
        toon = library("toon_format", "toon")
        with self._open_text(ctx) as text, bad_input("TOON"):
            value = toon.loads(text.read(), parse_float=Decimal)
        with self._create(ctx, ".json") as writer:
            sink = self._sink(ctx, writer)
            sink.write(JsonText(UTC)(value))
            sink.flush()
        return self._done(ctx, writer, _count(value))


def _count(value: Any) -> int:
    return len(value) if isinstance(value, list) else 1
