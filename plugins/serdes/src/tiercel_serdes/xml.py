"""`io.kestra.plugin.serdes.xml`: `XmlToIon` and `IonToXml`.

Properties and defaults are those of Kestra's serdes plugin; what becomes what, too (`xml_reader`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from datetime import date, time, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from xml.sax.saxutils import escape

from tiercel.plugin import Example, Model, Property, RunContext, TaskError, ion
from tiercel_serdes import xml_reader
from tiercel_serdes.converter import ConvertedOutput, TextConverter, bad_input, watched
from tiercel_serdes.dates import iso_text, zone_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from tiercel_serdes.converter import TextSink

__all__ = ["IonToXml", "ParserConfiguration", "XmlToIon"]

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_NAMES = re.compile(r"[^\w.:-]")


class ParserConfiguration(Model):
    """How elements are read."""

    force_list: Property[list[str]] | None = None
    """Names of elements that become lists even where they occur once."""


class XmlToIon(TextConverter):
    """Convert an XML file to ION.

    Without a `query`, a root that holds nothing but elements of one name gives a record for each;
    any other document is one record.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Convert an XML file.",
            """\
id: xml_to_ion
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.xml.XmlToIon
    from: "{{ inputs.file }}"
    query: /catalog/book
""",
        ),
    )

    query: Property[str] | None = None
    """The path of the elements that are the records, as `/catalog/book`."""
    parser_configuration: ParserConfiguration | None = None
    """How elements are read."""

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: it is not XML, or declares entities.
        """
        query = ctx.render(self.query)
        force_list = self._force_list(ctx)
        if query is None:
            records = self._records(ctx, force_list)
        else:
            records = self._elements(ctx, query, force_list)
        with bad_input("XML"), self._create(ctx, ".ion") as writer:
            count = ion.dump_lines(watched(ctx, records), writer)
        return self._done(ctx, writer, count)

    def _force_list(self, ctx: RunContext) -> Collection[str]:
        if self.parser_configuration is None:
            return ()
        names = ctx.render(self.parser_configuration.force_list)
        return names or ()

    def _elements(self, ctx: RunContext, query: str, force_list: Collection[str]) -> Iterator[Any]:
        with self._open_text(ctx) as text:
            yield from xml_reader.elements(text, query, force_list)

    def _records(self, ctx: RunContext, force_list: Collection[str]) -> Iterator[Any]:
        with self._open_text(ctx) as text:
            name = xml_reader.listed_child(text, force_list)
        with self._open_text(ctx) as text:
            if name is not None:
                yield from xml_reader.children(text, name, force_list)
            else:
                yield from _unwrapped(xml_reader.document(text, force_list))


def _unwrapped(document: dict[str, Any]) -> list[Any]:
    """Return the records of a document whose root is a list, else the document as one record."""
    values = list(document.values())
    return values[0] if len(values) == 1 and isinstance(values[0], list) else [document]


class IonToXml(TextConverter):
    """Convert an ION file to XML: an element `item` for each record, in one root."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Make an XML file of a CSV file.",
            """\
id: csv_to_xml
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.csv.CsvToIon
    from: "{{ inputs.file }}"

  - id: to_xml
    type: io.kestra.plugin.serdes.xml.IonToXml
    from: "{{ outputs.to_ion.uri }}"
    rootName: products
""",
        ),
    )

    root_name: Property[str] = Property.of("items")
    """The name of the root."""
    time_zone_id: Property[str] = Property.of("UTC")
    """The time zone that timestamps are written in."""

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: it is not ION, or holds a character that XML cannot.
        """
        root = _name(ctx.render(self.root_name))
        count = 0
        with self._create(ctx, ".xml") as writer:
            sink = self._sink(ctx, writer)
            sink.write(f"<?xml version='1.0' encoding='{sink.charset.upper()}'?>\n<{root}>\n")
            elements = _Elements(sink, zone_of(ctx.render(self.time_zone_id)))
            for count, row in enumerate(watched(ctx, self._rows(ctx)), 1):
                elements.write("item", row, count)
            sink.write(f"</{root}>\n")
            sink.flush()
        return self._done(ctx, writer, count)


class _Elements:
    """Writes values as elements, indented."""

    def __init__(self, sink: TextSink, zone: tzinfo) -> None:
        self._sink = sink
        self._zone = zone
        self._row = 0

    def write(self, name: str, value: Any, row: int) -> None:
        """Write a record."""
        self._row = row
        self._element(name, value, "  ")

    def _element(self, name: str, value: Any, indent: str) -> None:
        match value:
            case None:
                self._sink.write(f"{indent}<{name}/>\n")
            case Mapping() if value:
                self._sink.write(f"{indent}<{name}>\n")
                for key, each in value.items():
                    self._member(_name(str(key)), each, indent + "  ")
                self._sink.write(f"{indent}</{name}>\n")
            case list():
                self._sink.write(f"{indent}<{name}>\n")
                for each in value:
                    self._element("item", each, indent + "  ")
                self._sink.write(f"{indent}</{name}>\n")
            case _:
                text = "" if isinstance(value, Mapping) else self._text(value)
                self._sink.write(f"{indent}<{name}>{text}</{name}>\n")

    def _member(self, name: str, value: Any, indent: str) -> None:
        """Write a member of a struct; a list is its elements, each under the member's name."""
        for each in value if isinstance(value, list) else [value]:
            self._element(name, each, indent)

    def _text(self, value: Any) -> str:
        match value:
            case str():
                text = escape(value, {"\r": "&#xd;"})
                if found := _FORBIDDEN.search(text):
                    raise TaskError(
                        f"Row {self._row} has the character {found[0]!r}, which XML cannot hold",
                        retryable=False,
                    )
                return text
            case bool():
                return "true" if value else "false"
            case date() | time():
                return iso_text(value, self._zone)
            case bytes():
                return base64.b64encode(value).decode()
            case Decimal():
                return f"{value:f}"
        return str(value)


def _name(text: str) -> str:
    """Return a name that XML allows: `_` for every character that it does not."""
    name = _NOT_IN_NAMES.sub("_", text)
    return name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"
