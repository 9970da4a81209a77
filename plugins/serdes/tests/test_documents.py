"""Markdown, TOON and protobuf."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from tiercel.testing import TaskResult, run_task


def test_markdown_becomes_html(convert: Any) -> None:
    result, html = convert("markdown.MarkdownToHtml", "# Hé\n\n**b** [x](https://e.com) <i>i</i>\n")
    assert html.decode() == (
        '<h1>Hé</h1>\n<p><strong>b</strong> <a href="https://e.com">x</a> <i>i</i></p>\n'
    )
    assert [(metric.name, metric.value) for metric in result.metrics] == [("bytes", len(html))]


def test_markdown_becomes_text(convert: Any) -> None:
    source = (
        "## News\n\nTwo\nlines\\\nthree `code` ![alt](i.png)\n\n- **a**\n- [b](https://e.com)\n"
    )
    _, text = convert("markdown.MarkdownToText", source)
    assert text.decode() == "News\nTwo lines\nthree code alt\n- a\n- b"


def test_html_becomes_markdown(convert: Any) -> None:
    html = (
        "<nav>Menu</nav><h2>Hé</h2><p>All is <strong>well</strong>, "
        '<a href="/x">see</a>.</p><ul><li>1</li></ul>'
    )
    _, text = convert(
        "markdown.HtmlToMarkdown", html, ignoreTags=["nav"], baseUri="https://e.com/a/"
    )
    assert text.decode() == "## Hé\n\nAll is **well**, [see](https://e.com/x).\n\n* 1\n"


@pytest.mark.parametrize("kind", ["MarkdownToHtml", "MarkdownToText"])
def test_documents_keep_their_charset(convert: Any, kind: str) -> None:
    _, out = convert(f"markdown.{kind}", b"\xe9\n", charset="ISO-8859-1")
    assert b"\xe9" in out


@pytest.mark.parametrize("kind", ["MarkdownToHtml", "MarkdownToText", "HtmlToMarkdown"])
def test_a_document_of_another_charset_is_explained(convert: Any, kind: str) -> None:
    result, _ = convert(f"markdown.{kind}", b"\xe9\n")
    assert result.error.startswith("The file is not UTF-8: ")


def test_a_document_that_is_too_large_is_refused(
    convert: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiercel_serdes.markdown._LARGEST", 5)
    result, _ = convert("markdown.MarkdownToHtml", "123456")
    assert result.error == "The document is larger than 5 bytes"


def test_json_survives_toon(convert: Any) -> None:
    json = '{"items":[{"id":1,"name":"a, b"},{"id":2,"name":"true"}],"n":0.5}'
    result, toon = convert("json.JsonToToon", json)
    assert toon.startswith(b"items[2]{id,name}:\n")
    assert result.outputs["size"] == 1
    assert convert("json.ToonToJson", toon)[1].decode() == json


def test_what_is_not_toon_is_explained(convert: Any) -> None:
    result, _ = convert("json.ToonToJson", "a[3]: 1")
    assert result.error.startswith("The file is not TOON: line 1: ")


def descriptor() -> descriptor_pb2.FileDescriptorSet:
    """Return `message Product { string name = 1; int64 price = 2; Kind kind = 3; }`."""
    files = descriptor_pb2.FileDescriptorSet()
    main = files.file.add(
        name="b.proto", package="com.company", syntax="proto3", dependency=["a.proto"]
    )
    message = main.message_type.add(name="Product")
    message.field.add(name="product_name", number=1, type=9, label=1)
    message.field.add(name="price", number=2, type=3, label=1)
    message.field.add(name="kind", number=3, type=14, label=1, type_name=".com.company.Kind")
    kinds = files.file.add(name="a.proto", package="com.company", syntax="proto3")
    enum = kinds.enum_type.add(name="Kind")
    enum.value.add(name="PLAIN", number=0)
    enum.value.add(name="FINE", number=1)
    return files


def messages(*values: dict[str, Any]) -> list[bytes]:
    pool = descriptor_pool.DescriptorPool()
    for file in reversed(descriptor().file):
        pool.AddSerializedFile(file.SerializeToString())
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName("com.company.Product"))
    return [kind(**value).SerializeToString() for value in values]


def decoded(content: bytes, **properties: Any) -> TaskResult:
    task = {
        "type": "io.kestra.plugin.serdes.protobuf.ProtobufToIon",
        "from": "{{ files.source }}",
        "descriptorFile": "{{ files.descriptor }}",
        "typeName": "com.company.Product",
        **properties,
    }
    files = {"source": content, "descriptor": descriptor().SerializeToString()}
    return run_task(task, files=files)


APPLE, PEAR = messages({"product_name": "Apple", "price": 120, "kind": 1}, {"product_name": "Pear"})


def test_a_message_becomes_a_row() -> None:
    result = decoded(APPLE)
    assert result.error is None
    assert result.file(result.outputs["uri"]) == b'{productName:"Apple",price:"120",kind:"FINE"}\n'


def test_messages_with_their_lengths_become_rows() -> None:
    stream = b"".join(bytes([len(each)]) + each for each in (APPLE, PEAR))
    result = decoded(stream, delimited=True)
    assert result.outputs["size"] == 2
    assert result.file(result.outputs["uri"]).endswith(b'{productName:"Pear"}\n')


UNKNOWN = PEAR + b"\x48\x01"


@pytest.mark.parametrize(
    ("content", "properties", "reason"),
    [
        (b"\xff\xff", {}, "Invalid protobuf message: "),
        (b"\x05ab", {"delimited": True}, "Invalid protobuf message: the file ends within it"),
        (b"\x80", {"delimited": True}, "Invalid protobuf message: its length is damaged"),
        (b"\xff" * 11, {"delimited": True}, "Invalid protobuf message: its length is damaged"),
        (UNKNOWN, {"errorOnUnknownFields": True}, "Message contains unknown fields: 9"),
        (APPLE, {"typeName": "X"}, "Message type not found in descriptor: X"),
        (APPLE, {"descriptorFile": "{{ files.source }}"}, "Invalid descriptor: "),
    ],
)
def test_bad_messages_are_explained(
    content: bytes, properties: dict[str, Any], reason: str
) -> None:
    result = decoded(content, **properties)
    assert result.state == "FAILED"
    assert result.error.startswith(reason)
    assert not result.retryable


def test_unknown_fields_are_left_out_by_default() -> None:
    result = decoded(UNKNOWN)
    assert result.file(result.outputs["uri"]) == b'{productName:"Pear"}\n'
