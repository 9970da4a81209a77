from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest

from tiercel.engine.services.files import FileStore, TaskFiles
from tiercel.errors import StorageUriError, StoredFileNotFoundError
from tiercel.storage.memory import MemoryStorage

EXECUTION = "company/team/flow/executions/1"
TASK = f"{EXECUTION}/tasks/t/2"
CACHE = "company/team/flow/t/cache"


@pytest.fixture
def store() -> FileStore:
    return FileStore(MemoryStorage(), "main")


@pytest.fixture
def files(store: FileStore) -> TaskFiles:
    return TaskFiles(store, "company.team", EXECUTION, TASK, CACHE)


def test_a_file_of_a_task_is_stored_below_its_folder(files: TaskFiles, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"content")
    uri = files.put(tmp_path / "a.txt")
    assert uri == f"kestra:///{TASK}/a.txt"
    assert files.open(uri).read() == b"content"
    assert files.size(uri) == 7


def test_a_file_appears_when_its_writer_is_closed(files: TaskFiles) -> None:
    writer = files.create("a.txt")
    writer.write(b"half")
    with pytest.raises(StoredFileNotFoundError, match=f"No file at '{writer.uri}'"):
        files.open(writer.uri)
    assert writer.close() == writer.uri
    assert files.open(writer.uri).read() == b"half"


def test_an_aborted_file_never_was(files: TaskFiles) -> None:
    with pytest.raises(ZeroDivisionError), files.create("a.txt") as writer:  # noqa: PT012  # the block is what aborts
        writer.write(b"half")
        raise ZeroDivisionError
    with pytest.raises(StoredFileNotFoundError):
        files.size(writer.uri)


@pytest.mark.parametrize("name", ["../../../../x", "a/../../x", "/etc/passwd", "a/./b"])
def test_no_name_leaves_the_tasks_folder(name: str, files: TaskFiles) -> None:
    try:
        uri = files.create(name).close()
    except StorageUriError:
        return
    assert uri.startswith(f"kestra:///{TASK}/")
    assert ".." not in uri.split("/")


@pytest.mark.parametrize(
    "uri", ["kestra:///../other/x", "file:///etc/passwd", "x", "kestra:///a/%2e%2e/%2e%2e/b"]
)
def test_no_uri_leaves_the_storage(uri: str, files: TaskFiles) -> None:
    with pytest.raises(StorageUriError):
        files.open(uri)


def test_tenants_do_not_see_each_other() -> None:
    backend = MemoryStorage()
    uri = FileStore(backend, "one").put("a/b", io.BytesIO(b"x"))
    with pytest.raises(StoredFileNotFoundError):
        FileStore(backend, "two").open(uri)


def test_namespace_files_are_listed_by_path(files: TaskFiles) -> None:
    for path in ("b.txt", "a/c.txt"):
        files.put_namespace_file(path, io.BytesIO(path.encode()))
    assert list(files.namespace_files()) == ["a/c.txt", "b.txt"]
    assert files.namespace_file("a/c.txt").read() == b"a/c.txt"
    assert list(files.namespace_files("other")) == []


def test_deleting_tells_whether_it_was_there(files: TaskFiles) -> None:
    uri = files.create("a").close()
    assert (files.delete(uri), files.delete(uri)) == (True, False)


def test_purging_takes_the_files_of_this_execution_only(files: TaskFiles, store: FileStore) -> None:
    uri = files.create("a").close()
    other = store.put("company/team/flow/executions/10/x", io.BytesIO(b"x"))
    assert files.purge_execution() == [uri]
    assert store.size(other) == 1


def test_what_a_task_cached_is_there_for_later_executions(files, tmp_path):
    (tmp_path / "deps.zip").write_bytes(b"zip")
    assert files.open_cached("deps.zip") is None
    files.put_cached(tmp_path / "deps.zip", "deps.zip")
    with files.open_cached("deps.zip", timedelta(hours=1)) as cached:
        assert cached.read() == b"zip"
    assert files.open_cached("deps.zip", timedelta(0)) is None
