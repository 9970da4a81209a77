"""Storage in a folder keeps the contract of all storages, and the rest of the disk safe."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tiercel.errors import StorageError, StorageUriError, StoredFileNotFoundError
from tiercel.storage.local import LocalStorage
from tiercel.storage.spi import StorageBackend
from tiercel.testing import StorageContract


class TestLocalStorage(StorageContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> LocalStorage:
        return LocalStorage(tmp_path / "store")


class TestLocalStorageWithFsync(StorageContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> LocalStorage:
        return LocalStorage(tmp_path / "store", fsync=True)


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "store")


def put(storage: LocalStorage, key: str, data: bytes = b"data") -> None:
    writer = storage.create(key)
    writer.write(data)
    writer.commit()


def test_it_is_a_storage_backend(storage: LocalStorage) -> None:
    assert isinstance(storage, StorageBackend)


def test_a_person_finds_the_file_under_its_key(storage: LocalStorage) -> None:
    put(storage, "main/company/team/my-flow/report.csv", b"a,b")
    assert (storage.root / "main/company/team/my-flow/report.csv").read_bytes() == b"a,b"


def test_another_storage_on_the_same_folder_sees_the_files(storage: LocalStorage) -> None:
    put(storage, "main/file")
    assert [file.key for file in LocalStorage(storage.root).list()] == ["main/file"]


def test_empty_folders_disappear_with_their_last_file(storage: LocalStorage) -> None:
    put(storage, "main/a/b/file")
    storage.delete("main/a/b/file")
    assert list(storage.root.iterdir()) == []


def test_a_moved_file_leaves_no_folder_behind(storage: LocalStorage) -> None:
    put(storage, "main/a/b/file")
    storage.move("main/a/b/file", "main/c")
    assert [path.name for path in (storage.root / "main").iterdir()] == ["c"]


def test_what_a_crash_left_half_written_goes_with_its_folder(storage: LocalStorage) -> None:
    put(storage, "main/a/file")
    half = storage.create("main/a/half")
    assert storage.delete_all("main/a") == 1
    assert list(storage.root.iterdir()) == []
    half.abort()


def test_a_writer_whose_folder_was_deleted_is_told(storage: LocalStorage) -> None:
    writer = storage.create("main/a/file")
    writer.write(b"data")
    storage.delete_all("main")
    with pytest.raises(StorageError, match="Cannot store 'main/a/file'"):
        writer.commit()


def test_no_partial_file_is_left_after_commit_and_abort(storage: LocalStorage) -> None:
    put(storage, "main/kept")
    storage.create("main/dropped").abort()
    assert os.listdir(storage.root / "main") == ["kept"]


@pytest.mark.parametrize("key", ["../x", "main/../../x", "main/./x", "main\0x", ""])
def test_a_key_that_was_never_checked_cannot_leave_the_root(
    storage: LocalStorage, key: str
) -> None:
    for refused in (storage.open, storage.create, storage.stat, storage.delete):
        with pytest.raises(StorageUriError):
            refused(key)


@pytest.mark.parametrize("link", ["main", "main/folder", "main/folder/file"])
def test_a_symbolic_link_is_not_followed(tmp_path: Path, link: str) -> None:
    secret = tmp_path / "outside"
    (secret / "folder").mkdir(parents=True)
    (secret / "file").write_text("secret")
    (secret / "folder/file").write_text("secret")
    storage = LocalStorage(tmp_path / "store")
    (storage.root / link).parent.mkdir(parents=True, exist_ok=True)
    (storage.root / link).symlink_to(secret / "file" if link.endswith("file") else secret)
    for refused in (storage.open, storage.create, storage.stat, storage.delete):
        with pytest.raises(StorageUriError, match="passes a link"):
            refused("main/folder/file")
    assert list(storage.list()) == []
    assert (secret / "file").read_text() == "secret"


def test_deleting_a_folder_deletes_a_link_in_it_and_not_its_target(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("kept")
    storage = LocalStorage(tmp_path / "store")
    put(storage, "main/a/file")
    (storage.root / "main/a/link").symlink_to(tmp_path / "outside")
    storage.delete_all("main")
    assert (tmp_path / "outside/file").read_text() == "kept"


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    put(LocalStorage(tmp_path / "link"), "main/file")
    assert (tmp_path / "real/main/file").exists()


def test_a_pipe_is_not_a_file(storage: LocalStorage) -> None:
    (storage.root / "main").mkdir()
    os.mkfifo(storage.root / "main/pipe")
    assert list(storage.list()) == []
    with pytest.raises(StoredFileNotFoundError):
        storage.stat("main/pipe")
    with pytest.raises(StoredFileNotFoundError):
        storage.open("main/pipe")


def test_a_file_below_a_file_is_refused(storage: LocalStorage) -> None:
    put(storage, "main/a")
    with pytest.raises(StorageError, match="Cannot store 'main/a/b'"):
        storage.create("main/a/b")
    with pytest.raises(StoredFileNotFoundError):
        storage.open("main/a/b")


def test_a_root_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Cannot use storage folder"):
        LocalStorage(tmp_path / "file")


def test_files_follow_the_umask(storage: LocalStorage) -> None:
    before = os.umask(0o027)
    try:
        put(storage, "main/file")
    finally:
        os.umask(before)
    assert stat.S_IMODE((storage.root / "main/file").stat().st_mode) == 0o640


WRITER = """
import sys
from tiercel.storage.local import LocalStorage
storage = LocalStorage(sys.argv[1])
for number in range(1_000_000):
    writer = storage.create(f"main/{number % 5}")
    for _ in range(64):
        writer.write(b"x" * 4096)
    writer.commit()
    if number == 5:
        print("ready", flush=True)
"""


def test_a_killed_writer_leaves_whole_files_only(storage: LocalStorage) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(storage.root)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert {file.size for file in storage.list()} == {64 * 4096}
