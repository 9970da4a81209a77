"""The exported schema in the language server that editors use: what a flow's author sees."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "check"))

from corpus import samples
from language_server import LanguageServer, install_server

GOLDEN = Path(__file__).parents[2] / "conformance" / "flows"
ERROR = 1
LOOSE = {
    "basics/log_message_map": "a map where text is meant: its execution fails",
    "inputs/default_invalid_value": "a default that its type refuses: no execution begins",
    "validation/wrong_property_type": "text where a number is meant: an execution would fail",
    "plugindefaults/for_trigger": "what is missing comes from pluginDefaults",
    "plugindefaults/satisfies_required_property": "what is missing comes from pluginDefaults",
}
"""Golden flows that Kestra takes although the schema refuses them, as Kestra's own does, and why.

The first three are mistakes. What a flow's defaults fill in no JSON Schema can know.
"""

pytestmark = [
    pytest.mark.service,
    pytest.mark.xdist_group("editor"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="the language server needs Node"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    """The language server with this installation's schema."""
    folder = tmp_path_factory.mktemp("editor")
    script = install_server(folder)
    schema = folder / "flow.json"
    tiercel = Path(sys.executable).with_name("tiercel")
    env = {**os.environ, "XDG_CACHE_HOME": str(folder)}
    subprocess.run([tiercel, "schema", "export", "--output", schema], env=env, check=True)
    running = LanguageServer(script, schema)
    running.diagnostics("id: f")  # until then it knows no schema
    yield running
    running.close()


def flow(*lines: str) -> str:
    return "\n".join(["id: f", "namespace: company.team", "tasks:", "  - id: a", *lines, ""])


REQUEST = "    type: io.kestra.plugin.core.http.Request"


def said(server: LanguageServer, text: str) -> list[str]:
    (found,) = server.diagnostics(text)
    return [each["message"] for each in found]


def test_types_are_completed(server: LanguageServer) -> None:
    offered = server.completions(flow("    type: io.kestra.plugin.core.log.|"))
    assert {
        "io.kestra.plugin.core.log.Log",
        "io.kestra.plugin.core.log.PurgeLogs",
    } <= offered.keys()
    assert not any(".trigger." in label and "Toggle" not in label for label in offered)


def test_older_names_of_types_are_right_and_not_offered(server: LanguageServer) -> None:
    older = "io.kestra.core.tasks.log.Log"
    assert older not in server.completions(flow("    type: io.kestra.|"))
    assert said(server, flow(f"    type: {older}", "    message: a")) == []
    assert "Property mesage is not allowed." in said(
        server, flow(f"    type: {older}", "    mesage: a")
    )


def test_nothing_is_offered_for_a_text_that_may_be_a_truth_value(server: LanguageServer) -> None:
    assert (
        server.completions(flow("    type: io.kestra.plugin.core.log.Log", "    message: |")) == {}
    )


def test_properties_of_the_chosen_type_are_completed_with_what_they_mean(
    server: LanguageServer,
) -> None:
    offered = server.completions(flow(REQUEST, "    |"))
    assert {"uri", "method", "headers", "options", "retry"} <= offered.keys()
    assert "format" not in offered
    assert "value" in str(offered["method"]["documentation"])


def test_properties_inside_others_are_completed(server: LanguageServer) -> None:
    offered = server.completions(flow(REQUEST, "    options:", "      |"))
    assert {"auth", "followRedirects", "connectTimeout"} <= offered.keys()
    assert "uri" not in offered


@pytest.mark.parametrize(
    ("lines", "values"),
    [
        ((REQUEST, "    logLevel: |"), {"ERROR", "WARN", "INFO"}),
        ((REQUEST, "    retry:", "      type: |"), {"constant", "exponential", "random"}),
    ],
)
def test_values_are_completed(server: LanguageServer, lines, values) -> None:
    assert values <= server.completions(flow(*lines)).keys()


def test_what_a_property_is_for_is_shown(server: LanguageServer) -> None:
    assert "The HTTP method" in server.hover(flow(REQUEST, "    met|hod: GET"))


@pytest.mark.parametrize(
    "line",
    ["message: 42", "message: true", "message: 2026-01-01", "disabled: 'true'", "description: 1.5"],
)
def test_what_becomes_text_or_a_truth_value_is_no_mistake(server: LanguageServer, line) -> None:
    log = ("    type: io.kestra.plugin.core.log.Log", "    message: x", f"    {line}")
    assert said(server, flow(*(log if "message" not in line else (log[0], log[2])))) == []


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((REQUEST, "    uri: http://x", "    methd: GET"), "Property methd is not allowed."),
        ((REQUEST,), 'Missing property "uri".'),
        ((REQUEST, "    uri: a", "    disabled: perhaps"), "Not true or false"),
        ((REQUEST, "    uri: {a: b}"), "Incorrect type."),
        (("    type: io.kestra.plugin.core.http.Requst", "    uri: a"), "Value is not accepted"),
        (
            (REQUEST, "    uri: a", "    options: {auth: {type: BASIC, usrname: x}}"),
            "Property usrname is not allowed.",
        ),
    ],
)
def test_mistakes_are_told(server: LanguageServer, lines, reason) -> None:
    assert any(reason in each for each in said(server, flow(*lines)))


def test_an_older_type_says_what_to_use_instead(server: LanguageServer) -> None:
    each = flow("    type: io.kestra.plugin.core.flow.EachSe|quential")
    assert "Use io.kestra.plugin.core.flow.ForEach" in server.hover(each)


def test_no_flow_of_examples_docs_and_types_is_refused(server: LanguageServer) -> None:
    found = server.diagnostics(*(each.text for each in samples()))
    named = zip((each.name for each in samples()), found, strict=True)
    assert {name: errors(each) for name, each in named if errors(each)} == {}


def test_no_valid_golden_flow_is_refused(server: LanguageServer) -> None:
    sources: dict[str, list[str]] = {}
    for path in sorted(GOLDEN.glob("*/*.yaml")):
        case = yaml.safe_load(path.read_text(encoding="utf-8"))
        if case["expect"].get("valid") is True:
            sources[f"{path.parent.name}/{path.stem}"] = case["flows"]
    texts = [(name, text) for name, flows in sources.items() for text in flows]
    found = server.diagnostics(*(text for _, text in texts))
    refused = {name for (name, _), each in zip(texts, found, strict=True) if errors(each)}
    assert refused == LOOSE.keys()
    assert len(texts) > 400


def errors(diagnostics: list[dict[str, object]]) -> list[object]:
    """Return the messages of those that are no mere warnings or hints."""
    return [each["message"] for each in diagnostics if each.get("severity", ERROR) == ERROR]
