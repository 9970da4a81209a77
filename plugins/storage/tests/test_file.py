"""`Write`, `Size`, `Delete`, `Concat` and `PurgeCurrentExecutionFiles`."""

from __future__ import annotations

import pytest

from tiercel.testing import run_task

STORAGE = "io.kestra.plugin.core.storage"


def test_a_text_is_stored_as_utf_8_under_a_random_name():
    task = {"type": f"{STORAGE}.Write", "content": "héllo {{ flow.id }}", "extension": ".txt"}
    first, second = run_task(task), run_task(task)
    assert first.file(first.outputs["uri"]) == "héllo test_flow".encode()
    assert first.outputs["uri"].endswith(".txt")
    assert first.outputs["uri"] != second.outputs["uri"]


def test_a_file_without_extension_is_a_tmp():
    assert run_task({"type": f"{STORAGE}.Write", "content": ""}).outputs["uri"].endswith(".tmp")


def test_the_size_is_in_bytes():
    result = run_task({"type": f"{STORAGE}.Size", "uri": "{{ files.a }}"}, files={"a": "é"})
    assert result.outputs == {"size": 2}


def test_a_deleted_file_is_gone():
    result = run_task({"type": f"{STORAGE}.Delete", "uri": "{{ files.a }}"}, files={"a": "x"})
    assert result.outputs["deleted"] is True
    assert result.outputs["uri"].endswith("/a")
    assert result.files() == []


@pytest.mark.parametrize(("insists", "state"), [(False, "SUCCESS"), (True, "FAILED")])
def test_deleting_what_is_not_there_fails_only_when_asked_to(insists, state):
    uri = "kestra:///company/team/f/executions/1/tasks/t/2/x.txt"
    task = {"type": f"{STORAGE}.Delete", "uri": uri, "errorOnMissing": insists}
    result = run_task(task)
    assert result.state == state
    assert result.error == (f"Unable to find file '{uri}'" if insists else None)


@pytest.mark.parametrize(
    "files",
    [
        ["{{ files.a }}", "{{ files.b }}"],
        '["{{ files.a }}", "{{ files.b }}"]',
        "{{ [files.a, files.b] }}",
        "{{ [files.a, files.b] | toJson }}",
    ],
    ids=["list", "json", "expression", "json-expression"],
)
def test_files_are_written_one_after_the_other(files):
    task = {"type": f"{STORAGE}.Concat", "files": files, "separator": "-", "extension": ".csv"}
    result = run_task(task, files={"a": "1\n", "b": "2"})
    assert result.file(result.outputs["uri"]) == b"1\n-2-"
    assert result.outputs["uri"].endswith(".csv")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ("{{ files.a }}", "`files` is not JSON"),
        ('{"a": 1}', "Invalid `files` properties with type 'dict'"),
        ([1], "which is no URI"),
    ],
)
def test_what_is_no_list_of_files_cannot_be_concatenated(files, message):
    result = run_task({"type": f"{STORAGE}.Concat", "files": files}, files={"a": "x"})
    assert message in result.error
    assert [name for name in result.files() if "/tasks/" in name] == []


def test_nothing_is_left_of_an_execution_that_is_purged():
    result = run_task({"type": f"{STORAGE}.PurgeCurrentExecutionFiles"}, files={"a": "x", "b": "y"})
    assert [uri.rpartition("/")[2] for uri in result.outputs["uris"]] == ["a", "b"]
    assert result.files() == []


@pytest.mark.parametrize("name", ["Concat", "Delete", "Reverse", "Size", "Split", "LocalFiles"])
def test_the_older_type_names_work(name):
    result = run_task(
        {
            "type": f"io.kestra.core.tasks.storages.{name}",
            **{
                "Concat": {"files": []},
                "Delete": {"uri": "{{ files.a }}"},
                "Reverse": {"from": "{{ files.a }}"},
                "Size": {"uri": "{{ files.a }}"},
                "Split": {"from": "{{ files.a }}", "rows": 1},
                "LocalFiles": {},
            }[name],
        },
        files={"a": "x"},
    )
    assert result.state == "SUCCESS"


def test_local_files_go_in_and_out_of_the_working_folder():
    result = run_task(
        {
            "type": f"{STORAGE}.LocalFiles",
            "inputs": {"a.txt": "{{ files.a }}", "sub/b.txt": "b {{ flow.id }}", "c.csv": "c"},
            "outputs": ["*.txt", "sub/**"],
        },
        files={"a": "content of a"},
    )
    stored = {name: result.file(uri) for name, uri in result.outputs["uris"].items()}
    assert stored == {"a.txt": b"content of a", "sub/b.txt": b"b test_flow"}
