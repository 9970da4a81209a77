"""The example flows that call nobody, end to end: logs, webhooks, files and batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tiercel import Tiercel
from tiercel.plugin import Request

FLOWS = Path(__file__).parents[2] / "examples/flows"


@pytest.fixture
def tiercel() -> Iterator[Tiercel]:
    with Tiercel() as tiercel:
        yield tiercel


def messages(tiercel: Tiercel, execution_id: str) -> list[str]:
    """Wait for an execution's end, which must be SUCCESS, and return what it logged."""
    execution = tiercel.wait(execution_id, 30)
    said = [entry.message for entry in tiercel.logs(execution.id)]
    assert execution.state == "SUCCESS", said
    return said


@pytest.mark.parametrize("name", ["getting_started_hello_world", "getting_started_described"])
def test_hello_world_is_logged(tiercel: Tiercel, name: str) -> None:
    execution_id = tiercel.start(FLOWS / f"{name}.yaml")
    assert messages(tiercel, execution_id) == ["Hello World!"]


def test_the_labels_of_a_flow_are_those_of_its_executions(tiercel: Tiercel) -> None:
    execution = tiercel.run(FLOWS / "getting_started_described.yaml", timeout=30)
    labels = {"owner": "rick.astley", "project": "never-gonna-give-you-up"}
    assert labels.items() <= dict(execution.labels).items()


@pytest.mark.parametrize("name", ["hello_world", "hello_world_webhook"])
@pytest.mark.parametrize(("given", "said"), [({}, "hey"), ({"greeting": "hey there"}, "hey there")])
def test_a_run_greets_by_its_input(
    tiercel: Tiercel, name: str, given: dict[str, str], said: str
) -> None:
    assert messages(tiercel, tiercel.start(FLOWS / f"{name}.yaml", given)) == [said]


@pytest.mark.parametrize(
    ("name", "said"), [("hello_world", "hey"), ("hello_world_webhook", '{"from":"outside"}')]
)
def test_a_webhook_starts_a_greeting(tiercel: Tiercel, name: str, said: str) -> None:
    text = (FLOWS / f"{name}.yaml").read_text(encoding="utf-8")
    tiercel.save_flow(tiercel.load_flow(text))
    request = Request(body=b'{"from": "outside"}')
    answer = tiercel.triggers.webhook("company.team", name, "test1234", request)
    assert answer.status == 200
    assert answer.execution_id
    assert messages(tiercel, answer.execution_id) == [said]


def test_a_file_given_as_an_input_is_read(tiercel: Tiercel, tmp_path: Path) -> None:
    (tmp_path / "example.txt").write_text("one\ntwo")
    given = {"myfile": tmp_path / "example.txt"}
    assert messages(tiercel, tiercel.start(FLOWS / "myflow.yaml", given)) == [
        "file's content one\ntwo"
    ]


def test_a_subflow_runs_on_each_batch_of_a_file(tiercel: Tiercel, tmp_path: Path) -> None:
    lines = [f"row {number}\n" for number in range(300)]  # more than 1024 bytes
    (tmp_path / "rows.txt").write_text("".join(lines))
    text = (FLOWS / "subflow.yaml").read_text(encoding="utf-8")
    tiercel.save_flow(tiercel.load_flow(text))
    given = {"file": tmp_path / "rows.txt"}
    messages(tiercel, tiercel.start(FLOWS / "each_example.yaml", given))
    batches = [each for each in tiercel.executions() if each.flow_id == "subflow"]
    assert [dict(each.labels)["key"] for each in batches] == ["value"] * len(batches)
    read = [message for each in batches for message in messages(tiercel, each.id)]
    assert len(read) > 1
    assert sorted("".join(read).split("\n")) == sorted("".join(lines).split("\n"))
