from __future__ import annotations

from typing import Any

import pytest


def test_each_document_is_a_record(convert: Any) -> None:
    result, ion = convert("yaml.YamlToIon", "---\na: 1\nb: [x]\n---\na: 2\n")
    assert ion == b'{a:1,b:["x"]}\n{a:2}\n'
    assert result.outputs["size"] == 2
    assert [(metric.name, metric.value) for metric in result.metrics] == [("records", 2)]


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("1", "1"),
        ("010", "10"),
        ("1_000", "1000"),
        ("0x1F", "31"),
        ("0o17", "15"),
        ("1.50", "1.5e0"),
        ("1e3", "1000e0"),
        (".inf", "+inf"),
        (".NaN", "nan"),
        ("True", "true"),
        ("yes", '"yes"'),
        ("~", "null"),
        ("", "null"),
        ("'1'", '"1"'),
        ("2024-01-31", '"2024-01-31"'),
        ("12:30:45", '"12:30:45"'),
        ("!!binary eA==", "{{eA==}}"),
        ("|\n  two\n  lines", '"two\\nlines"'),
        ("é", '"é"'),
    ],
)
def test_scalars_mean_what_they_mean_in_yaml_1_2(convert: Any, scalar: str, value: str) -> None:
    result, ion = convert("yaml.YamlToIon", f"a: {scalar}\n")
    assert result.error is None
    assert ion.decode().replace('\\n"', '"') == f"{{a:{value}}}\n".replace('\\n"', '"')


def test_an_alias_is_what_it_stands_for(convert: Any) -> None:
    _, ion = convert("yaml.YamlToIon", "a: &x {b: 1}\nc: *x\n")
    assert ion == b"{a:{b:1},c:{b:1}}\n"


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
)


@pytest.mark.parametrize(
    ("yaml", "reason"),
    [
        ("a: [1\n", "The file is not YAML: while parsing a flow sequence"),
        ("a: !!python/object:os.system x\n", "The file is not YAML: could not determine a constr"),
        ("a: !x 1\n", "The file is not YAML: could not determine a constructor for the tag"),
        (BOMB, "Document 1 has more than 10000000 values"),
        ("a: &a [*a]\n", "Document 1 is nested deeper than 150"),
        ("a: " + "[" * 200 + "]" * 200, "Document 1 is nested deeper than 150"),
        (b"a: \xe9\n", "The file is not UTF-8: "),
    ],
    ids=["broken", "object", "tag", "bomb", "cycle", "deep", "charset"],
)
def test_what_is_no_data_is_explained(convert: Any, yaml: Any, reason: str) -> None:
    result, _ = convert("yaml.YamlToIon", yaml)
    assert result.error.startswith(reason)
    assert not result.retryable


def test_rows_become_documents(convert: Any) -> None:
    rows = (
        '{a:"yes",b:"1",c:"x\\ny",d:1.20,e:2024-01-31T10:00:00Z,f:LocalTime::"10:11:12",g:[],h:null}\n'
        "{a:[{b:1}]}\n"
    )
    result, yaml = convert("yaml.IonToYaml", rows)
    assert result.outputs["size"] == 2
    assert yaml.decode() == (
        "---\na: 'yes'\nb: '1'\nc: |-\n  x\n  y\nd: 1.20\ne: '2024-01-31T10:00:00.000Z'\n"
        "f: '10:11:12'\ng: []\nh: null\n---\na:\n- b: 1\n"
    )


@pytest.mark.parametrize(("ion", "yaml"), [("{a:1}\n", "a: 1\n"), ('"x"\n', "x\n"), ("", "")])
def test_a_single_row_has_no_mark(convert: Any, ion: str, yaml: str) -> None:
    assert convert("yaml.IonToYaml", ion)[1].decode() == yaml


@pytest.mark.parametrize(
    ("yaml", "jsonl", "json"),
    [
        ("a: 1\n", False, '{"a":1}'),
        ("---\na: 1\n---\nb: x\n", False, '[{"a":1},{"b":"x"}]'),
        ("- 1\n- 2\n", False, "[1,2]"),
        ("", False, "{}"),
        ("---\na: 1\n---\nb: x\n", True, '{"a":1}\n{"b":"x"}\n'),
    ],
)
def test_yaml_becomes_json(convert: Any, yaml: str, jsonl: bool, json: str) -> None:
    result, text = convert("yaml.YamlToJson", yaml, jsonl=jsonl)
    assert text.decode() == json
    assert result.outputs["uri"].endswith(".jsonl" if jsonl else ".json")


@pytest.mark.parametrize(
    ("json", "jsonl", "yaml"),
    [
        ('{"a": 1.5}', False, "a: 1.5\n"),
        ('[{"a": "é"}, 2]', False, "---\na: é\n---\n2\n"),
        ('{"a": 1}\n{"b": true}\n', True, "---\na: 1\n---\nb: true\n"),
    ],
)
def test_json_becomes_yaml(convert: Any, json: str, jsonl: bool, yaml: str) -> None:
    assert convert("yaml.JsonToYaml", json, jsonl=jsonl)[1].decode() == yaml


def test_what_is_not_json_is_explained(convert: Any) -> None:
    result, _ = convert("yaml.JsonToYaml", "{")
    assert result.error.startswith("The file is not JSON: ")
