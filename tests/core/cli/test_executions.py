from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Tiercel

UNKNOWN = [
    ("executions", "show"),
    ("executions", "logs"),
    ("executions", "outputs"),
    ("executions", "kill"),
    ("resume",),
]


@pytest.mark.parametrize("command", UNKNOWN, ids=" ".join)
def test_an_unknown_execution_is_told(command: tuple[str, ...], tiercel: Tiercel) -> None:
    done = tiercel(*command, "nope")
    assert (done.code, done.out) == (4, "")
    assert done.err == "Error: There is no execution 'nope'\n"


# list


def test_a_list_has_a_line_for_each(tiercel: Tiercel, execution_id: str) -> None:
    line = tiercel("executions", "list").out
    assert re.fullmatch(
        rf"{execution_id}  SUCCESS   \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d +\d+\.\d{{3}} s"
        r"  company\.team\.sums\n",
        line,
    )


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--state", "success"], 1),
        (["--state", "FAILED"], 0),
        (["--state", "FAILED", "--state", "SUCCESS"], 1),
        (["--flow", "sums", "--namespace", "company.team"], 1),
        (["--flow", "other"], 0),
        (["--limit", "1"], 1),
    ],
)
def test_a_list_can_be_narrowed(
    options: list[str], count: int, tiercel: Tiercel, execution_id: str
) -> None:
    assert len(tiercel("executions", "list", "--json", *options).json()) == count


@pytest.mark.parametrize(
    "options", [["--state", "DONE"], ["--limit", "0"], ["--limit", "-1"], ["--limit", "x"]]
)
def test_a_list_refuses_what_cannot_be(options: list[str], tiercel: Tiercel) -> None:
    done = tiercel("executions", "list", *options)
    assert (done.code, done.out) == (2, "")
    assert f"Invalid value for '{options[0]}'" in done.err.replace("'-s' / ", "")


# show


def test_show_tells_what_happened(tiercel: Tiercel, execution_id: str) -> None:
    shown = tiercel("executions", "show", execution_id).out.splitlines()
    assert shown[:3] == [
        "company.team.sums revision 1",
        f"Execution  {execution_id}",
        "States     CREATED → RUNNING → SUCCESS",
    ]
    assert shown[4].startswith("Labels     ")
    assert "team=data" in shown[4]
    assert shown[5] == "Input      name: World"
    runs = [re.sub(r" +\d+\.\d{3} s", "", line) for line in shown[7:]]
    assert runs == [
        "  SUCCESS  greet",
        "  SUCCESS  warn",
        "  SUCCESS  loop",
        "  SUCCESS    sum [1]",
        "  SUCCESS    sum [2]",
    ]


def test_show_as_json_has_the_shape_of_kestras_api(tiercel: Tiercel, execution_id: str) -> None:
    shown = tiercel("executions", "show", execution_id, "--json").json()
    assert (shown["id"], shown["namespace"], shown["flowId"]) == (
        *(execution_id, "company.team"),
        "sums",
    )
    assert [each["state"] for each in shown["state"]["histories"]] == [
        *("CREATED", "RUNNING"),
        "SUCCESS",
    ]
    assert {each["taskId"] for each in shown["taskRunList"]} == {"greet", "warn", "loop", "sum"}


# logs


def test_logs_are_lines(tiercel: Tiercel, execution_id: str) -> None:
    lines = tiercel("executions", "logs", execution_id).out.splitlines()
    assert [line.partition(" ")[2] for line in lines if "DEBUG" not in line] == [
        "INFO  greet | Hello, World!",
        "WARN  warn | Careful",
    ]


@pytest.mark.parametrize(
    ("options", "tasks"),
    [
        (["--level", "INFO"], ["greet", "warn"]),
        (["--level", "warn"], ["warn"]),
        (["--level", "ERROR"], []),
        (["--task", "greet"], ["greet"]),
    ],
)
def test_logs_can_be_narrowed(
    options: list[str], tasks: list[str], tiercel: Tiercel, execution_id: str
) -> None:
    lines = tiercel("executions", "logs", execution_id, "--json", *options).json()
    assert [line["taskId"] for line in lines] == tasks


# outputs


def test_outputs_are_those_of_the_flow_and_of_its_tasks(
    tiercel: Tiercel, execution_id: str
) -> None:
    found = tiercel("executions", "outputs", execution_id, "--task", "sum").json()
    assert found["outputs"] == {"name": "World"}
    assert found["tasks"] == [
        {"taskId": "sum", "value": "1", "outputs": {"value": "1"}},
        {"taskId": "sum", "value": "2", "outputs": {"value": "2"}},
    ]


# eval


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        ("inputs.name", "World\n"),
        ("{{ inputs.name }}!", "World!\n"),
        ("{% if true %}yes{% endif %}", "yes\n"),
        ("inputs", '{\n  "name": "World"\n}\n'),
        ("{'a': 1}", '{\n  "a": 1\n}\n'),
        ("[1, 2] | first", "1\n"),
        ("outputs.sum['1'].value", "1\n"),
        ("1 == 1", "true\n"),
        ("null", "null\n"),
    ],
)
def test_eval_writes_texts_as_they_are_and_the_rest_as_json(
    expression: str, written: str, tiercel: Tiercel, execution_id: str
) -> None:
    done = tiercel("eval", execution_id, expression)
    assert (done.code, done.out) == (0, written)


def test_eval_writes_texts_as_json_on_demand(tiercel: Tiercel, execution_id: str) -> None:
    assert tiercel("eval", execution_id, "inputs.name", "--json").out == '"World"\n'


def test_eval_points_at_what_is_wrong(tiercel: Tiercel, execution_id: str) -> None:
    done = tiercel("eval", execution_id, "inputs.nmae")
    assert (done.code, done.out) == (2, "")
    assert "did you mean 'name'?" in done.err
    assert "\n            ^\n" in done.err


def test_eval_needs_an_execution(tiercel: Tiercel) -> None:
    assert tiercel("eval", "nope", "1").code == 4
