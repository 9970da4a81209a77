"""What every storage must do.

from tiercel.testing import StorageContract

class TestMyStorage(StorageContract):
    @pytest.fixture
    def backend(self):
        return MyStorage()          # empty, used by one test
"""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from tiercel.errors import StorageError, StoredFileNotFoundError
from tiercel.testing.contracts._expect import raises

if TYPE_CHECKING:
    from tiercel.storage.spi import StorageBackend

__all__ = ["StorageContract"]

_MEGABYTE = 1 << 20


def _put(backend: StorageBackend, key: str, data: bytes = b"data") -> None:
    writer = backend.create(key)
    writer.write(data)
    writer.commit()


def _read(backend: StorageBackend, key: str, start: int = 0, length: int | None = None) -> bytes:
    with backend.open(key, start, length) as file:
        return file.read()


def _keys(backend: StorageBackend, prefix: str = "") -> list[str]:
    return [file.key for file in backend.list(prefix)]


class StorageContract:
    """Tests for a `StorageBackend`; a subclass gives a fixture `backend`."""

    def test_a_committed_file_reads_back(self, backend: StorageBackend) -> None:
        _put(backend, "main/a/b/file.txt", b"hello")
        assert _read(backend, "main/a/b/file.txt") == b"hello"

    def test_an_empty_file_is_a_file(self, backend: StorageBackend) -> None:
        backend.create("main/empty").commit()
        assert _read(backend, "main/empty") == b""
        assert backend.stat("main/empty").size == 0

    def test_a_file_written_in_pieces_is_their_sequence(self, backend: StorageBackend) -> None:
        writer = backend.create("main/pieces")
        assert [writer.write(part) for part in (b"ab", b"", b"cde")] == [2, 0, 3]
        writer.commit()
        assert _read(backend, "main/pieces") == b"abcde"

    def test_a_file_is_read_in_pieces(self, backend: StorageBackend) -> None:
        _put(backend, "main/big", bytes(range(256)) * 4096)
        with backend.open("main/big") as file:
            pieces = [len(piece) for piece in iter(lambda: file.read(300_000), b"")]
        assert pieces == [300_000, 300_000, 300_000, 148_576]

    def test_lines_of_a_file_can_be_read(self, backend: StorageBackend) -> None:
        _put(backend, "main/lines", b"one\ntwo\nthree")
        with backend.open("main/lines") as file:
            assert list(file) == [b"one\n", b"two\n", b"three"]

    def test_a_range_is_read_by_start_and_length(self, backend: StorageBackend) -> None:
        _put(backend, "main/range", b"0123456789")
        assert _read(backend, "main/range", 3, 4) == b"3456"
        assert _read(backend, "main/range", 3) == b"3456789"
        assert _read(backend, "main/range", 0, 0) == b""

    def test_a_range_beyond_the_end_is_what_there_is(self, backend: StorageBackend) -> None:
        _put(backend, "main/range", b"0123456789")
        assert _read(backend, "main/range", 8, 100) == b"89"
        assert _read(backend, "main/range", 10, 1) == b""
        assert _read(backend, "main/range", 1000) == b""

    def test_a_negative_range_is_refused(self, backend: StorageBackend) -> None:
        _put(backend, "main/range")
        with raises(StorageError):
            backend.open("main/range", -1)
        with raises(StorageError):
            backend.open("main/range", 0, -1)

    def test_nobody_sees_a_file_before_its_commit(self, backend: StorageBackend) -> None:
        writer = backend.create("main/half")
        writer.write(b"x" * _MEGABYTE)
        assert _keys(backend) == []
        with raises(StoredFileNotFoundError):
            backend.open("main/half")
        writer.abort()

    def test_readers_see_the_old_file_until_the_new_one_is_committed(
        self, backend: StorageBackend
    ) -> None:
        _put(backend, "main/file", b"old")
        writer = backend.create("main/file")
        writer.write(b"brand new")
        assert _read(backend, "main/file") == b"old"
        writer.commit()
        assert _read(backend, "main/file") == b"brand new"

    def test_an_open_file_stays_what_it_was(self, backend: StorageBackend) -> None:
        _put(backend, "main/file", b"old")
        with backend.open("main/file") as file:
            _put(backend, "main/file", b"new")
            backend.delete("main/file")
            assert file.read() == b"old"

    def test_an_aborted_file_never_was(self, backend: StorageBackend) -> None:
        writer = backend.create("main/aborted")
        writer.write(b"data")
        writer.abort()
        writer.abort()
        assert _keys(backend) == []

    def test_abort_after_commit_is_harmless(self, backend: StorageBackend) -> None:
        writer = backend.create("main/file")
        writer.write(b"data")
        writer.commit()
        writer.abort()
        assert _read(backend, "main/file") == b"data"

    def test_an_ended_writer_takes_no_more(self, backend: StorageBackend) -> None:
        writer = backend.create("main/file")
        writer.abort()
        with raises(StorageError):
            writer.write(b"late")
        with raises(StorageError):
            writer.commit()

    def test_a_forgotten_writer_stores_nothing(self, backend: StorageBackend) -> None:
        small, large = backend.create("main/small"), backend.create("main/large")
        small.write(b"data")
        large.write(b"x" * 20 * _MEGABYTE)
        del small, large
        gc.collect()
        assert _keys(backend) == []

    def test_a_large_file_reads_back_from_any_byte(self, backend: StorageBackend) -> None:
        numbers = [number.to_bytes(4, "big") * (_MEGABYTE // 4) for number in range(20)]
        writer = backend.create("main/large")
        for number in numbers:
            writer.write(number)
        writer.commit()
        assert backend.stat("main/large").size == 20 * _MEGABYTE
        assert _read(backend, "main/large", 9 * _MEGABYTE, _MEGABYTE) == numbers[9]
        with backend.open("main/large", _MEGABYTE // 2) as file:
            assert file.read(_MEGABYTE // 2) == numbers[0][: _MEGABYTE // 2]
            assert [file.read(_MEGABYTE) for _ in numbers] == [*numbers[1:], b""]

    def test_an_aborted_large_file_never_was(self, backend: StorageBackend) -> None:
        writer = backend.create("main/large")
        for _ in range(20):
            writer.write(b"x" * _MEGABYTE)
        writer.abort()
        assert _keys(backend) == []

    def test_reading_never_mixes_two_versions_of_a_file(self, backend: StorageBackend) -> None:
        old, new = b"old\n" * 5 * _MEGABYTE, b"new\n" * 5 * _MEGABYTE
        _put(backend, "main/file", old)
        with backend.open("main/file") as file:
            begin = file.read(1000)
            _put(backend, "main/file", new)
            try:
                whole = begin + file.read()
            except StorageError:
                whole = old
        assert whole == old
        assert _read(backend, "main/file", len(new) - 4) == b"new\n"

    def test_stat_tells_key_size_and_an_aware_date(self, backend: StorageBackend) -> None:
        _put(backend, "main/a/file", b"12345")
        file = backend.stat("main/a/file")
        assert (file.key, file.size) == ("main/a/file", 5)
        assert file.modified.utcoffset() == timedelta(0)

    def test_a_missing_file_is_not_found(self, backend: StorageBackend) -> None:
        _put(backend, "main/folder/file")
        for key in ("main/missing", "other/missing", "main/folder", "main/folder/file2"):
            with raises(StoredFileNotFoundError):
                backend.open(key)
            with raises(StoredFileNotFoundError):
                backend.stat(key)

    def test_the_list_is_in_the_order_of_keys(self, backend: StorageBackend) -> None:
        keys = ["main/a-b", "main/a.b", "main/a/b", "main/a/b-c/d", "main/a/b/c", "main/ab", "z/y"]
        stored = [key for key in keys if key != "main/a/b"]
        for key in reversed(stored):
            _put(backend, key)
        assert _keys(backend) == stored

    def test_the_list_of_a_folder_has_what_is_below_it(self, backend: StorageBackend) -> None:
        for key in ("main/a/1", "main/a/b/2", "main/ab/3", "main/b"):
            _put(backend, key)
        assert _keys(backend, "main/a") == ["main/a/1", "main/a/b/2"]
        assert _keys(backend, "main/b") == ["main/b"]
        assert _keys(backend, "main/none") == []

    def test_the_list_tells_sizes(self, backend: StorageBackend) -> None:
        _put(backend, "main/a", b"1")
        _put(backend, "main/b", b"22")
        assert [file.size for file in backend.list("main")] == [1, 2]

    def test_delete_tells_whether_the_file_was_there(self, backend: StorageBackend) -> None:
        _put(backend, "main/a/b/file")
        assert backend.delete("main/a/b/file") is True
        assert backend.delete("main/a/b/file") is False
        assert _keys(backend) == []

    def test_a_folder_is_not_deleted_as_a_file(self, backend: StorageBackend) -> None:
        _put(backend, "main/a/file")
        assert backend.delete("main/a") is False
        assert _keys(backend) == ["main/a/file"]

    def test_delete_all_empties_a_folder_and_no_other(self, backend: StorageBackend) -> None:
        for key in ("main/a/1", "main/a/b/2", "main/ab/3"):
            _put(backend, key)
        assert backend.delete_all("main/a") == 2
        assert backend.delete_all("main/a") == 0
        assert _keys(backend) == ["main/ab/3"]

    def test_files_by_the_thousand_are_listed_and_deleted(self, backend: StorageBackend) -> None:
        keys = [f"main/many/{number:04}" for number in range(1100)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: _put(backend, key, b""), keys))
        _put(backend, "main/other")
        assert _keys(backend, "main/many") == keys
        assert backend.delete_all("main/many") == len(keys)
        assert _keys(backend) == ["main/other"]

    def test_a_deleted_folder_can_be_used_again(self, backend: StorageBackend) -> None:
        _put(backend, "main/a/b/1")
        backend.delete_all("main/a")
        _put(backend, "main/a/b/2")
        assert _keys(backend) == ["main/a/b/2"]

    def test_a_file_can_take_the_place_of_a_deleted_folder(self, backend: StorageBackend) -> None:
        _put(backend, "main/a/b")
        backend.delete("main/a/b")
        _put(backend, "main/a")
        assert _keys(backend) == ["main/a"]

    def test_move_gives_a_file_another_key(self, backend: StorageBackend) -> None:
        _put(backend, "main/a/file", b"moved")
        _put(backend, "main/b/c/file", b"replaced")
        backend.move("main/a/file", "main/b/c/file")
        assert _keys(backend) == ["main/b/c/file"]
        assert _read(backend, "main/b/c/file") == b"moved"

    def test_a_file_moved_to_its_own_key_stays(self, backend: StorageBackend) -> None:
        _put(backend, "main/file", b"data")
        backend.move("main/file", "main/file")
        assert _read(backend, "main/file") == b"data"

    def test_a_missing_file_cannot_be_moved(self, backend: StorageBackend) -> None:
        with raises(StoredFileNotFoundError):
            backend.move("main/missing", "main/target")
        assert _keys(backend) == []

    def test_names_may_hold_spaces_and_any_letters(self, backend: StorageBackend) -> None:
        keys = ["main/a b/c+d%.txt", "main/naïve/日本語 😀.csv", 'main/x\'y/"z"&=?#.bin']
        for key in keys:
            _put(backend, key, key.encode())
        assert sorted(_keys(backend)) == sorted(keys)
        assert [_read(backend, key) for key in keys] == [key.encode() for key in keys]

    def test_the_longest_allowed_key_is_stored(self, backend: StorageBackend) -> None:
        key = "main/" + "/".join(["é" * 127] * 3) + "/" + "n" * 125
        _put(backend, key)
        assert _keys(backend) == [key]

    def test_threads_write_different_files_at_once(self, backend: StorageBackend) -> None:
        keys = [f"main/f{number % 4}/{number:03}" for number in range(64)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: _put(backend, key, key.encode() * 1000), keys))
        assert _keys(backend) == sorted(keys)
        assert all(_read(backend, key) == key.encode() * 1000 for key in keys)

    def test_of_threads_that_write_one_file_one_wins_whole(self, backend: StorageBackend) -> None:
        contents = [bytes([number]) * _MEGABYTE for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda data: _put(backend, "main/file", data), contents))
        assert _read(backend, "main/file") in contents

    def test_threads_write_into_a_folder_that_others_empty(self, backend: StorageBackend) -> None:
        def put_and_delete(number: int) -> None:
            _put(backend, f"main/a/b/{number}")
            backend.delete(f"main/a/b/{number}")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(put_and_delete, range(200)))
        assert _keys(backend) == []
