"""`io.kestra.plugin.serdes.yaml`: `YamlToIon`, `IonToYaml`, `YamlToJson` and `JsonToYaml`.

Properties and defaults are those of Kestra's serdes plugin. Plain scalars mean what its parser
makes of them: numbers, `true`, `false`, `null` and `~`; dates stay texts, and so do `yes` and `on`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, ClassVar

from tiercel.plugin import Example, Property, RunContext, TaskError, ion
from tiercel_serdes.converter import ConvertedOutput, TextConverter, bad_input, watched
from tiercel_serdes.dates import iso_text
from tiercel_serdes.json import json_values, write_lines
from tiercel_serdes.json_text import JsonText

if TYPE_CHECKING:
    from typing import TextIO

    from tiercel_serdes.converter import TextSink

__all__ = ["IonToYaml", "JsonToYaml", "YamlToIon", "YamlToJson"]

# Values of one document, each alias counted as what it stands for.
_MOST = 10_000_000
_DEEPEST = 150


class YamlToIon(TextConverter):
    """Convert a YAML file to ION, one document a line."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Convert a YAML file.",
            """\
id: yaml_to_ion
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.yaml.YamlToIon
    from: "{{ inputs.file }}"
""",
        ),
    )

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: it is not YAML, or not text of that character set.
        """
        with self._open_text(ctx) as text, bad_input("YAML"), self._create(ctx, ".ion") as writer:
            count = ion.dump_lines(watched(ctx, _documents(text)), writer)
        return self._done(ctx, writer, count)


class YamlToJson(TextConverter):
    """Convert a YAML file to JSON: one document to a value, several to an array or to lines."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Make JSON lines of the documents of a YAML file.",
            """\
id: yaml_to_json
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_json
    type: io.kestra.plugin.serdes.yaml.YamlToJson
    from: "{{ inputs.file }}"
    jsonl: true
""",
        ),
    )

    jsonl: Property[bool] = Property.of(False)
    """Write a line for each document; otherwise several documents make an array."""

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: it is not YAML, or not text of that character set.
        """
        lines = ctx.render(self.jsonl)
        with (
            self._open_text(ctx) as text,
            bad_input("YAML"),
            self._create(ctx, ".jsonl" if lines else ".json") as writer,
        ):
            sink = self._sink(ctx, writer)
            documents = map(JsonText(UTC), watched(ctx, _documents(text)))
            count = write_lines(documents, sink) if lines else _write_value(documents, sink)
            sink.flush()
        return self._done(ctx, writer, count)


def _write_value(texts: Iterator[str], sink: TextSink) -> int:
    count = 0
    first = next(texts, None)
    second = next(texts, None)
    if first is None:
        sink.write("{}")
    elif second is None:
        count = 1
        sink.write(first)
    else:
        for count, text in enumerate(chain([first, second], texts), 1):
            sink.write(f"{',' if count > 1 else '['}{text}")
        sink.write("]")
    return count


class IonToYaml(TextConverter):
    """Convert an ION file to YAML: one record to a document, several to documents after `---`."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Make a YAML file of a CSV file.",
            """\
id: csv_to_yaml
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.csv.CsvToIon
    from: "{{ inputs.file }}"

  - id: to_yaml
    type: io.kestra.plugin.serdes.yaml.IonToYaml
    from: "{{ outputs.to_ion.uri }}"
""",
        ),
    )

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: it is not ION.
        """
        with self._create(ctx, ".yaml") as writer:
            sink = self._sink(ctx, writer)
            count = _write_documents(watched(ctx, self._rows(ctx)), sink)
            sink.flush()
        return self._done(ctx, writer, count)


class JsonToYaml(TextConverter):
    """Convert a JSON file to YAML: each element of an array, or each line, to a document."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Make a YAML file of a JSON file.",
            """\
id: json_to_yaml
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_yaml
    type: io.kestra.plugin.serdes.yaml.JsonToYaml
    from: "{{ inputs.file }}"
""",
        ),
    )

    jsonl: Property[bool] = Property.of(False)
    """Whether each line is a value of its own (JSON lines)."""

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: it is not JSON, or not text of that character set.
        """
        with self._open_text(ctx) as text, bad_input("JSON"), self._create(ctx, ".yaml") as writer:
            sink = self._sink(ctx, writer)
            values = json_values(text, lines=ctx.render(self.jsonl))
            count = _write_documents(watched(ctx, values), sink)
            sink.flush()
        return self._done(ctx, writer, count)


def _write_documents(rows: Iterator[Any], sink: TextSink) -> int:
    head = list(islice(rows, 2))
    mark = "---\n" if len(head) > 1 else ""
    return write_lines((mark + _document(row) for row in chain(head, rows)), sink)


def _document(value: Any) -> str:
    import yaml

    text: str = yaml.dump(
        value,
        Dumper=_dumper(),
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=1 << 30,
    )
    # A scalar alone gets an end mark that nobody needs.
    return text.removesuffix("...\n").removesuffix("\n")


def _documents(text: TextIO) -> Iterator[Any]:
    """Yield the documents of a YAML file.

    Raises:
        TaskError: it is not YAML, or an alias stands for too much.
    """
    import yaml

    try:
        for number, document in enumerate(yaml.load_all(text, _loader()), 1):
            _size(document, number, {}, 0)
            yield document
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise TaskError(f"The file is not YAML: {reason}", retryable=False) from error
    except RecursionError as error:
        raise TaskError("The file is nested too deep for YAML", retryable=False) from error


def _size(value: Any, number: int, known: dict[int, int], depth: int) -> int:
    """Return how many values a document has; what an alias repeats is counted again.

    Raises:
        TaskError: they are too many, or one contains itself.
    """
    if not isinstance(value, dict | list):
        return 1
    if depth > _DEEPEST or known.get(id(value)) == 0:
        raise TaskError(f"Document {number} is nested deeper than {_DEEPEST}", retryable=False)
    if id(value) not in known:
        known[id(value)] = 0
        members = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_size(each, number, known, depth + 1) for each in members)
    if known[id(value)] > _MOST:
        raise TaskError(f"Document {number} has more than {_MOST} values", retryable=False)
    return known[id(value)]


# Types of plain scalars: the name, the pattern, the first characters (none, of no scalar).
_SCALARS: tuple[tuple[str, str, list[str]], ...] = (
    ("null", r"~|null|Null|NULL|", ["", *"~nN"]),
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?[0-9][0-9_]*|0x[0-9a-fA-F]+|0o[0-7]+", [*"-+0123456789"]),
    (
        "float",
        r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        [*"-+0123456789."],
    ),
)


@lru_cache(maxsize=1)
def _loader() -> Any:
    """Return a loader of plain data whose scalars mean what they mean in YAML 1.2."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

        def construct_yaml_int(self, node: Any) -> int:
            text = node.value.replace("_", "")
            base = 16 if text.startswith("0x") else 8 if text.startswith("0o") else 10
            return int(text, base)

    for tag, pattern, firsts in _SCALARS:
        regex = re.compile(f"(?:{pattern})\\Z")
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", regex, firsts)
    Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_yaml_int)
    return Loader


@lru_cache(maxsize=1)
def _dumper() -> Any:
    """Return a dumper that knows what ION knows, and writes no anchors."""
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def number(dumper: Any, value: Decimal) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:float", str(value))

    def moment(dumper: Any, value: date | time) -> Any:
        return dumper.represent_str(iso_text(value, UTC))

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)

    Dumper.add_representer(str, text)
    Dumper.add_representer(Decimal, number)
    for kind in (date, datetime, time):
        Dumper.add_representer(kind, moment)
    return Dumper
