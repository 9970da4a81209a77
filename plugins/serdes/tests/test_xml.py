from __future__ import annotations

from typing import Any

import pytest

CATALOG = """<?xml version="1.0"?>
<catalog>
    <book id="1"><title>A &amp; B</title><price>4.95</price></book>
    <book id="2"><title>C</title><price>5</price></book>
</catalog>
"""
BOOKS = b'{id:1,title:"A & B",price:4.95}\n{id:2,title:"C",price:5}\n'


@pytest.mark.parametrize("properties", [{}, {"query": "/catalog/book"}, {"query": "catalog/book"}])
def test_each_element_is_a_record(convert: Any, properties: dict[str, str]) -> None:
    result, ion = convert("xml.XmlToIon", CATALOG, **properties)
    assert ion == BOOKS
    assert result.outputs["size"] == 2
    assert [(metric.name, metric.value) for metric in result.metrics] == [("records", 2)]


@pytest.mark.parametrize(
    ("xml", "ion"),
    [
        ("<a>x</a>", '{a:"x"}'),
        ("<a/>", '{a:""}'),
        ("<a k='v'>x</a>", '{a:{k:"v",content:"x"}}'),
        ("<a><b>1</b><c>2</c></a>", "{a:{b:1,c:2}}"),
        ("<a><b>1</b></a>", "{a:{b:1}}"),
        ("<a>x<b/>y</a>", '{a:{content:["x","y"],b:""}}'),
        ("<a><b>1</b>text<b>2</b></a>", '{a:{b:[1,2],content:"text"}}'),
        ("<a k='v'><b>1</b><b>2</b></a>", '{a:{k:"v",b:[1,2]}}'),
        ("<a><![CDATA[ <1> ]]></a>", '{a:" <1> "}'),
        ("<a><b>1<!-- 2 -->3</b></a>", "{a:{b:[[1,3]]}}"),
        ("<p:a xmlns:p='u'><p:b>1</p:b></p:a>", "{'p:a':{'xmlns:p':\"u\",'p:b':1}}"),
        ("\n <a>x</a>", '{a:"x"}'),
        ("\ufeff<a>é</a>", '{a:"é"}'),
        ("", "{}"),
        ("<a><b>1</b><b>2</b></a>", "1\n2"),
    ],
)
def test_a_document_becomes_data(convert: Any, xml: str, ion: str) -> None:
    result, text = convert("xml.XmlToIon", xml)
    assert (result.error, text.decode()) == (None, ion + "\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", "12"),
        ("-12", "-12"),
        ("012", '"012"'),
        ("1.50", "1.50"),
        ("00.5", "0.5"),
        (".5", "0.5"),
        ("1e3", "1d3"),
        ("-0", "-0e0"),
        ("True", "true"),
        ("NULL", "null"),
        ("1 2", '"1 2"'),
        ("+1", '"+1"'),
        ("٣", '"٣"'),
        ("9" * 30, "9" * 30),
        ("2024-01-31", '"2024-01-31"'),
    ],
)
def test_a_text_that_looks_like_a_value_is_one(convert: Any, text: str, value: str) -> None:
    _, ion = convert("xml.XmlToIon", f"<a>{text}</a>")
    assert ion.decode() == f"{{a:{value}}}\n"


@pytest.mark.parametrize(
    ("xml", "properties", "ion"),
    [
        ("<a><b>1</b></a>", {}, "1\n"),
        ("<a><b/></a>", {}, ""),
        ("<a><c/><b>1</b></a>", {}, '{a:{c:"",b:[1]}}\n'),
        ("<a><b>1</b></a>", {"query": "/a/b"}, "1\n"),
        ("<a><x><b>1</b></x><x><b>2</b></x></a>", {"query": "/a/x"}, "{b:[1]}\n{b:[2]}\n"),
    ],
)
def test_an_element_can_be_forced_to_be_a_list(
    convert: Any, xml: str, properties: dict[str, str], ion: str
) -> None:
    configuration = {"forceList": ["b"]}
    _, text = convert("xml.XmlToIon", xml, parserConfiguration=configuration, **properties)
    assert text.decode() == ion


@pytest.mark.parametrize(
    ("query", "ion"),
    [
        ("/r/a/b", b"1\n2\n"),
        ("/r/b", b"9\n"),
        ("/b", b""),
        ("/r/a/b/c", b""),
        ("/r/x/y", b""),
    ],
)
def test_a_query_is_a_path_from_the_root(convert: Any, query: str, ion: bytes) -> None:
    xml = "<r><b>9</b><n:a xmlns:n='u'><n:b>1</n:b><n:b>2</n:b></n:a><a><b>3</b></a></r>"
    _, text = convert("xml.XmlToIon", xml, query=query)
    assert text == ion


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ("<a><b></a>", "The file is not XML: mismatched tag: line 1, column 8"),
        ("<a>", "The file is not XML: no element found"),
        ("a,b", "The file is not XML: syntax error"),
        ("<a>&b;</a>", "The file is not XML: undefined entity"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "The file declares the entity 'b', which is"),
        (
            '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
            "The file declares the entity 'b', which is not allowed",
        ),
        ("<a>" * 200, "Elements are nested deeper than 150"),
        (b"<a>\xe9</a>", "The file is not UTF-8: invalid continuation byte"),
    ],
)
@pytest.mark.parametrize("properties", [{}, {"query": "/a/b"}], ids=["whole", "query"])
def test_what_is_not_xml_is_explained(
    convert: Any, xml: Any, reason: str, properties: dict[str, str]
) -> None:
    result, _ = convert("xml.XmlToIon", xml, **properties)
    assert result.error.startswith(reason)
    assert not result.retryable


def test_rows_become_elements(convert: Any) -> None:
    rows = (
        '{s:"<é & \\">",n:null,e:"",o:{k:1},l:[1,{m:2}],x:[],d:1.20,t:2024-01-31T10:00:00Z,'
        "b:true,y:{{eA==}},f:{}}\n"
    )
    result, xml = convert("xml.IonToXml", rows, rootName="rows", timeZoneId="Europe/Paris")
    assert result.outputs["size"] == 1
    assert xml.decode() == (
        "<?xml version='1.0' encoding='UTF-8'?>\n<rows>\n  <item>\n"
        '    <s>&lt;é &amp; "&gt;</s>\n    <n/>\n    <e></e>\n'
        "    <o>\n      <k>1</k>\n    </o>\n"
        "    <l>1</l>\n    <l>\n      <m>2</m>\n    </l>\n"
        "    <d>1.20</d>\n    <t>2024-01-31T11:00:00.000+01:00</t>\n"
        "    <b>true</b>\n    <y>eA==</y>\n    <f></f>\n  </item>\n</rows>\n"
    )


def test_a_name_that_xml_does_not_allow_is_mended(convert: Any) -> None:
    _, xml = convert("xml.IonToXml", "{'first name':1,'1st':2,'a<b':3}\n")
    assert b"<first_name>1</first_name>" in xml
    assert b"<_1st>2</_1st>" in xml
    assert b"<a_b>3</a_b>" in xml


def test_a_character_that_xml_does_not_allow_fails_the_task(convert: Any) -> None:
    result, _ = convert("xml.IonToXml", '{a:"x"}\n{a:"\\0"}\n')
    assert result.error == "Row 2 has the character '\\x00', which XML cannot hold"


def test_the_declaration_names_the_charset(convert: Any) -> None:
    _, xml = convert("xml.IonToXml", '{a:"é"}\n', charset="ISO-8859-1")
    assert xml.startswith(b"<?xml version='1.0' encoding='ISO8859-1'?>")
    assert b"<a>\xe9</a>" in xml
    assert (
        convert("xml.XmlToIon", xml, charset="ISO-8859-1")[1] == '{items:{item:{a:"é"}}}\n'.encode()
    )


def test_rows_survive_xml(convert: Any) -> None:
    rows = '{a:1,b:"x y",c:{d:[1.5,2]}}\n{a:2,b:"&",c:{d:[3,4]}}\n'
    _, xml = convert("xml.IonToXml", rows)
    assert convert("xml.XmlToIon", xml)[1].decode() == rows


@pytest.mark.parametrize("name", ["XmlReader", "XmlWriter"])
def test_the_older_names_of_the_types_still_work(convert: Any, name: str) -> None:
    result, _ = convert(f"xml.{name}", "<a/>" if name == "XmlReader" else "{a:1}\n")
    assert result.state == "SUCCESS"
