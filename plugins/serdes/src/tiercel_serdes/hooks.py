"""What this package adds to Tiercel; imported at start-up, so it imports nothing heavy."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_tasks"]

_PREFIX = "io.kestra.plugin.serdes"

# Class by the last two parts of its type, with the older names of the same type.
_TYPES = {
    "avro.AvroToIon": ("avro:AvroToIon", "avro.AvroReader"),
    "avro.InferAvroSchemaFromIon": ("avro:InferAvroSchemaFromIon",),
    "avro.IonToAvro": ("avro:IonToAvro", "avro.AvroWriter"),
    "csv.CsvToIon": ("csv:CsvToIon", "csv.CsvReader"),
    "csv.IonToCsv": ("csv:IonToCsv", "csv.CsvWriter"),
    "excel.ExcelToIon": ("excel:ExcelToIon",),
    "excel.IonToExcel": ("excel:IonToExcel",),
    "json.IonToJson": ("json:IonToJson", "json.JsonWriter"),
    "json.JsonToIon": ("json:JsonToIon", "json.JsonReader"),
    "json.JsonToJsonl": ("json:JsonToJsonl",),
    "json.JsonToToon": ("toon:JsonToToon",),
    "json.ToonToJson": ("toon:ToonToJson",),
    "markdown.HtmlToMarkdown": ("markdown:HtmlToMarkdown",),
    "markdown.MarkdownToHtml": ("markdown:MarkdownToHtml",),
    "markdown.MarkdownToText": ("markdown:MarkdownToText",),
    "parquet.IonToParquet": ("parquet:IonToParquet", "parquet.ParquetWriter"),
    "parquet.ParquetToIon": ("parquet:ParquetToIon", "parquet.ParquetReader"),
    "protobuf.ProtobufToIon": ("protobuf:ProtobufToIon",),
    "xml.IonToXml": ("xml:IonToXml", "xml.XmlWriter"),
    "xml.XmlToIon": ("xml:XmlToIon", "xml.XmlReader"),
    "yaml.IonToYaml": ("yaml:IonToYaml",),
    "yaml.JsonToYaml": ("yaml:JsonToYaml",),
    "yaml.YamlToIon": ("yaml:YamlToIon",),
    "yaml.YamlToJson": ("yaml:YamlToJson",),
}


@hookimpl
def register_tasks() -> Registration:
    """Return the converters."""
    return {
        tuple(f"{_PREFIX}.{each}" for each in (name, *older)): f"tiercel_serdes.{where}"
        for name, (where, *older) in _TYPES.items()
    }
