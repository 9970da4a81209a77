"""Uploading, downloading and deleting the files of a namespace, in flows on the real engine."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel_namespace.delete import DeleteFiles
from tiercel_namespace.download import DownloadFiles
from tiercel_namespace.upload import UploadFiles

NAMESPACE = "io.kestra.plugin.core.namespace"
FILES = ["a.txt", "up/b.txt", "up/deep/c.sql", "[x]/d.txt"]


class World:
    """An engine whose namespace `other.place` holds some files, each with its name as content."""

    def __init__(self, tiercel):
        self.tiercel = tiercel
        for name in FILES:
            with tiercel.files.create(f"other/place/_files/{name}") as writer:
                writer.write(name.encode())

    def run(self, kind, **properties):
        """Run one task; return (state, outputs, messages)."""
        lines = "".join(f"    {name}: {value}\n" for name, value in properties.items())
        execution = self.tiercel.run(
            f"id: f\nnamespace: company.team\ntasks:\n  - id: t\n    type: {NAMESPACE}.{kind}\n"
            f"    namespace: other.place\n{lines}",
            timeout=20,
        )
        (task_run,) = execution.task_runs.values()
        logs = [entry.message for entry in self.tiercel.logs(execution.id)]
        return str(execution.state), task_run.outputs, logs

    def left(self):
        """Return the names of the namespace's files."""
        return set(self.tiercel.files.below("other/place/_files"))

    def content(self, uri):
        with self.tiercel.files.open(uri) as file:
            return file.read().decode()

    def store(self, name="x.txt"):
        """Store a file somewhere; return its URI."""
        with self.tiercel.files.create(f"any/where/{name}") as writer:
            writer.write(b"new")
        return writer.uri


@pytest.fixture
def world():
    with Tiercel(environ={}) as tiercel:
        yield World(tiercel)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ('["**"]', FILES),
        ('"**"', FILES),
        ('["up/**"]', ["up/b.txt", "up/deep/c.sql"]),
        ('["c.sql", "/a.txt"]', ["a.txt", "up/deep/c.sql"]),
        ('["*.txt"]', ["a.txt"]),
        ('["glob:/up/*.txt"]', ["up/b.txt"]),
        ("\"{{ ['a.txt', 'b.txt'] }}\"", ["a.txt", "up/b.txt"]),
        ("[]", []),
    ],
)
def test_downloads_are_copies_of_what_patterns_select(world, files, found):
    state, outputs, _ = world.run("DownloadFiles", files=files)
    assert state == "SUCCESS"
    assert sorted(outputs["files"]) == sorted(f"/{name}" for name in found)
    for name, uri in outputs["files"].items():
        assert world.content(uri) == name.lstrip("/")


def test_downloads_keep_their_paths_below_a_destination(world):
    _, outputs, _ = world.run("DownloadFiles", files='["b.txt"]', destination="some/where")
    assert outputs["files"]["/up/b.txt"].endswith("/some/where/up/b.txt")


def test_deletion_takes_what_patterns_select_and_no_more(world):
    state, _, logs = world.run("DeleteFiles", files='["up/**"]', deleteParentFolder="true")
    assert state == "SUCCESS"
    assert world.left() == {"a.txt", "[x]/d.txt"}
    assert "Deleted /up/b.txt" in logs


def test_no_pattern_deletes_nothing(world):
    world.run("DeleteFiles", files="[]")
    assert world.left() == set(FILES)


@pytest.mark.parametrize("template", ["{{'new/n.txt': '{0}'}}", '\'{{"new/n.txt": "{0}"}}\''])
def test_stored_files_are_uploaded_by_a_map_or_its_json_text(world, template):
    files = template.format(world.store())
    assert world.run("UploadFiles", filesMap=files, destination="/below/")[0] == "SUCCESS"
    assert world.content("kestra:///other/place/_files/below/new/n.txt") == "new"


@pytest.mark.parametrize(
    ("conflict", "state", "content"),
    [("OVERWRITE", "SUCCESS", "new"), ("SKIP", "SUCCESS", "a.txt"), ("ERROR", "FAILED", "a.txt")],
)
def test_a_file_that_is_there_is_replaced_kept_or_an_error(world, conflict, state, content):
    found = world.run("UploadFiles", filesMap=f"{{a.txt: '{world.store()}'}}", conflict=conflict)
    assert found[0] == state
    assert world.content("kestra:///other/place/_files/a.txt") == content


def test_a_stored_file_that_is_gone_is_left_out_with_a_warning(world):
    gone = "kestra:///any/where/gone.txt"
    state, _, logs = world.run("UploadFiles", filesMap=f"{{n.txt: '{gone}'}}")
    assert state == "SUCCESS"
    assert world.left() == set(FILES)
    assert gone in logs[0]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({}, "files or filesMap is required"),
        ({"filesMap": "'['"}, "filesMap is not JSON"),
        ({"filesMap": "'[]'"}, "filesMap must map paths to URIs, got list"),
        ({"filesMap": "{a: 1}"}, "filesMap holds 1 for 'a'"),
        ({"filesMap": "{../../x: 'kestra:///any/where/x.txt'}"}, "could leave its folder"),
    ],
)
def test_what_cannot_be_uploaded_fails_the_task(world, properties, message):
    world.store()
    state, _, logs = world.run("UploadFiles", **properties)
    assert state == "FAILED"
    assert message in logs[-1]


def test_files_of_the_working_folder_are_uploaded_under_their_paths():
    from tiercel.testing import run_task

    result = run_task(
        {"type": f"{NAMESPACE}.UploadFiles", "namespace": "other.place", "files": ["**"]}
    )
    assert result.state == "SUCCESS"
    assert result.files() == []


@pytest.mark.parametrize(
    "task", [UploadFiles, DownloadFiles, DeleteFiles], ids=lambda task: task.__name__
)
def test_the_examples_of_the_docs_run(task):
    for example in task.examples:
        with Tiercel(environ={}) as tiercel:
            assert tiercel.run(example.code, timeout=20).state == "SUCCESS"
