"""The language server, as an editor meets it; `‸` in a text is the cursor."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from client import Editor, editor

pytestmark = pytest.mark.service
FLOW = """\
id: probe
namespace: company.team
inputs:
  - {id: name, type: STRING}
tasks:
  - id: api
    type: io.kestra.plugin.core.http.Request
    uri: "http://x.test"
  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "🙂 MESSAGE"
"""
OTHER = """\
id: other
namespace: company.team
inputs: [{id: day, type: DATE}]
tasks: [{id: t, type: io.kestra.plugin.core.log.Log, message: x}]
"""


@pytest.fixture(scope="module")
def ed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """An editor whose folder has a flow."""
    folder = tmp_path_factory.mktemp("flows")
    (folder / "other.yaml").write_text(OTHER, encoding="utf-8")
    with editor(folder) as opened:
        yield opened


@pytest.fixture
def fresh() -> Callable[[], str]:
    """Give each file a name of its own."""
    return lambda: f"flow{next(_NUMBERS)}.yaml"


_NUMBERS = itertools.count()


def flow(message: str) -> str:
    return FLOW.replace("MESSAGE", message)


def written(text: str, place: dict[str, Any]) -> str:
    """Return what a range stands for in a text."""
    start, end = place["start"], place["end"]
    assert start["line"] == end["line"]
    line = text.split("\n")[start["line"]].encode("utf-16-le")
    return line[2 * start["character"] : 2 * end["character"]].decode("utf-16-le")


def test_what_is_wrong_is_shown_with_its_code_at_exactly_the_name(ed, fresh) -> None:
    name, text = fresh(), flow("{{ inputs.nmae }}")
    ed.open(name, text)
    (found,) = ed.diagnostics(name)
    assert (found["code"], found["severity"], found["source"]) == ("TC104", 1, "tiercel")
    assert written(text, found["range"]) == "nmae"


def test_what_is_mended_is_shown_no_more(ed, fresh) -> None:
    name = fresh()
    ed.open(name, flow("{{ inputs.nmae }}"))
    assert ed.diagnostics(name)
    ed.change(name, flow("{{ inputs.name }}"))
    assert ed.diagnostics(name) == []


def test_a_suggestion_is_a_quick_fix(ed, fresh) -> None:
    name, text = fresh(), flow("{{ inputs.nmae }}")
    place = ed.open(name, text)
    (found,) = ed.diagnostics(name)
    (action,) = ed.ask(
        "textDocument/codeAction",
        {**place, "range": found["range"], "context": {"diagnostics": [found]}},
    )
    (edit,) = action["edit"]["changes"][ed.uri(name)]
    assert (action["title"], edit["newText"]) == ("Write 'name'", "name")
    assert written(text, edit["range"]) == "nmae"


def test_yaml_that_is_no_flow_is_left_alone(ed, fresh) -> None:
    name = fresh()
    ed.open(name, "services: {web: {image: '{{ nope'}}\n")
    assert ed.diagnostics(name) == []


@pytest.mark.parametrize(
    ("message", "labels"),
    [
        ("{{ outputs.api.‸ }}", {"body", "code", "headers"}),
        ("{{ outputs.api.‸", {"body", "code", "headers"}),
        ("{{ inputs.‸ }}", {"name"}),
        ("{{ inputs.name | up‸ }}", {"upper"}),
        ("{{ ‸ }}", {"inputs", "outputs", "secret"}),
    ],
)
def test_an_expression_is_completed(message, labels, ed, fresh) -> None:
    place = ed.open(fresh(), flow(message))
    items = ed.ask("textDocument/completion", place)
    assert labels <= {each["label"] for each in items}


def test_what_a_filter_does_is_told_when_it_is_looked_at(ed, fresh) -> None:
    place = ed.open(fresh(), flow("{{ inputs.name | ‸ }}"))
    items = ed.ask("textDocument/completion", place)
    upper = next(each for each in items if each["label"] == "upper")
    assert "documentation" not in upper
    resolved = ed.ask("completionItem/resolve", upper)
    assert "upper case" in resolved["documentation"]["value"]


@pytest.mark.parametrize(
    ("end", "labels"),
    [
        ("  - id: more\n    type: io.kestra.plugin.core.lo‸\n", {"io.kestra.plugin.core.log.Log"}),
        ("  - id: more\n    type: io.kestra.plugin.core.log.Log\n    ‸", {"message", "level"}),
    ],
)
def test_types_and_properties_are_completed(end: str, labels: set[str], ed, fresh) -> None:
    place = ed.open(fresh(), flow("x") + end)
    items = ed.ask("textDocument/completion", place)
    assert labels <= {each["label"] for each in items}


def test_a_place_is_explained(ed, fresh) -> None:
    place = ed.open(fresh(), flow("{{ outputs.api.co‸de }}"))
    hover = ed.ask("textDocument/hover", place)
    assert hover["contents"]["value"].startswith("`code: a number, may be missing`\n\n")


def test_one_goes_to_the_task_that_is_read(ed, fresh) -> None:
    name, text = fresh(), flow("{{ outputs.ap‸i.code }}")
    place = ed.open(name, text)
    location = ed.ask("textDocument/definition", place)
    assert location["uri"] == ed.uri(name)
    assert location["range"]["start"] == {"line": 5, "character": 8}


def test_one_goes_to_the_flow_that_a_task_runs(ed, fresh) -> None:
    task = "  - id: sub\n    type: io.kestra.plugin.core.flow.Subflow\n"
    task += "    namespace: company.team\n    flowId: oth‸er\n    inputs: {day: '2024-01-31'}\n"
    place = ed.open(fresh(), flow("x") + task)
    assert ed.ask("textDocument/definition", place)["uri"] == ed.uri("other.yaml")


def test_a_task_is_renamed_with_everything_that_reads_it(ed, fresh) -> None:
    name, text = fresh(), flow("{{ outputs.ap‸i.code }} {{ outputs['api'].body }}")
    place = ed.open(name, text)
    plain = text.replace("‸", "")
    assert ed.ask("textDocument/prepareRename", place)["placeholder"] == "api"
    edits = ed.ask("textDocument/rename", {**place, "newName": "call"})["changes"][ed.uri(name)]
    assert {(written(plain, each["range"]), each["newText"]) for each in edits} == {
        ("api", "call"),
        ("'api'", "'call'"),
    }
    assert len(edits) == 3


def test_a_name_with_a_dash_is_read_in_brackets(ed, fresh) -> None:
    place = ed.open(name := fresh(), flow("{{ outputs.ap‸i.code }}"))
    edits = ed.ask("textDocument/rename", {**place, "newName": "the-api"})["changes"][ed.uri(name)]
    assert sorted(each["newText"] for each in edits) == ["['the-api']", "the-api"]


@pytest.mark.parametrize("new", ["show", "no name"])
def test_a_name_that_cannot_be_is_refused(new: str, ed, fresh) -> None:
    place = ed.open(fresh(), flow("{{ outputs.ap‸i.code }}"))
    with pytest.raises(LookupError, match=new):
        ed.ask("textDocument/rename", {**place, "newName": new})


def test_references_are_listed(ed, fresh) -> None:
    place = ed.open(fresh(), flow("{{ outputs.api.code }}").replace("id: api", "id: a‸pi"))
    found = ed.ask("textDocument/references", {**place, "context": {"includeDeclaration": False}})
    assert [each["range"]["start"]["line"] for each in found] == [10]


def test_the_outline_has_the_tasks(ed, fresh) -> None:
    loop = "  - id: loop\n    type: io.kestra.plugin.core.flow.ForEach\n    values: [a]\n"
    loop += "    tasks:\n      - {id: inner, type: io.kestra.plugin.core.log.Log, message: x}\n"
    place = ed.open(fresh(), flow("x") + loop)
    symbols = ed.ask("textDocument/documentSymbol", {"textDocument": place["textDocument"]})
    assert [each["name"] for each in symbols] == ["api", "show", "loop"]
    assert [each["name"] for each in symbols[2]["children"]] == ["inner"]


def test_open_flows_know_each_other_as_they_are_in_the_editor(ed, fresh) -> None:
    called = OTHER.replace("id: other", "id: called")
    ed.open(first := fresh(), called)
    assert ed.diagnostics(first) == []
    task = "  - id: sub\n    type: io.kestra.plugin.core.flow.Subflow\n"
    task += "    namespace: company.team\n    flowId: called\n    inputs: {day: '2024-01-31'}\n"
    ed.open(second := fresh(), flow("x") + task)
    assert ed.diagnostics(second) == []
    ed.change(first, called.replace("id: day", "id: date"))
    codes = [each["code"] for each in ed.diagnostics(second)]
    assert codes == ["TC403", "TC402"]


def test_what_is_asked_of_a_broken_text_is_answered_all_the_same(ed, fresh) -> None:
    place = ed.open(name := fresh(), "id: x\nnamespace: y\ntasks: [‸\n")
    assert [each["code"] for each in ed.diagnostics(name)] == ["TC001"]
    for method in ("hover", "definition", "completion", "prepareRename", "documentSymbol"):
        assert not ed.ask(f"textDocument/{method}", place)


def test_a_type_that_should_not_be_written_any_more_comes_last_and_marked(ed, fresh) -> None:
    place = ed.open(fresh(), flow("x") + "  - id: more\n    type: ‸\n")
    items = {each["label"]: each for each in ed.ask("textDocument/completion", place)}
    old = items["io.kestra.plugin.core.flow.EachSequential"]
    assert old["tags"] == [1]
    assert old["sortText"] > "io"
    assert "tags" not in items["io.kestra.plugin.core.flow.ForEach"]
