"""What object stores have in common, on a bucket that is a dictionary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest

from tiercel.errors import StorageError, StorageUriError, StoredFileNotFoundError
from tiercel.storage.objects import ObjectStorage, ObjectUrl
from tiercel.storage.spi import StorageBackend, StoredFile
from tiercel.testing import StorageContract

DAY = datetime(2026, 1, 2, tzinfo=UTC)


class Refused(Exception):
    """What the client of this store raises."""


class Missing(Refused):
    """There is no such object."""


class Upload:
    def __init__(self, bucket: DictBucket, name: str) -> None:
        self._bucket, self._name, self._data = bucket, name, BytesIO()
        self.write = self._data.write
        bucket.uploads.append("begun")

    def close(self) -> None:
        self._bucket.put(self._name, self._data.getvalue())
        self._bucket.uploads.append("completed")

    def terminate(self) -> None:
        self._bucket.uploads.append("dropped")


class DictBucket:
    url = "dict://bucket"
    errors = (Refused,)

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: list[str] = []
        self.broken = False

    def is_missing(self, error: Exception) -> bool:
        return isinstance(error, Missing)

    def read(self, name: str, start: int, length: int | None) -> BytesIO:
        if name not in self.objects:
            raise Missing(name)
        return BytesIO(self.objects[name][start:])

    def write(self, name: str) -> Upload:
        return Upload(self, name)

    def put(self, name: str, data: bytes) -> None:
        if self.broken:
            raise Refused("the bucket is full\nrequest 7")
        self.objects[name] = data

    def find(self, name: str) -> StoredFile | None:
        return StoredFile(name, len(self.objects[name]), DAY) if name in self.objects else None

    def list(self, prefix: str) -> Iterator[StoredFile]:
        names = sorted(name for name in self.objects if name.startswith(prefix))
        return (StoredFile(name, len(self.objects[name]), DAY) for name in names)

    def delete(self, name: str) -> bool:
        return self.objects.pop(name, None) is not None

    def delete_all(self, names: Sequence[str]) -> None:
        assert len(names) <= 1000
        for name in names:
            del self.objects[name]

    def copy(self, source: str, target: str) -> None:
        self.objects[target] = self.objects[source]

    def close(self) -> None:
        self.broken = True


class TestObjectStorage(StorageContract):
    @pytest.fixture
    def backend(self) -> ObjectStorage:
        return ObjectStorage(DictBucket(), "a/prefix")


@pytest.fixture
def bucket() -> DictBucket:
    return DictBucket()


def put(storage: StorageBackend, key: str, data: bytes = b"data") -> None:
    writer = storage.create(key)
    writer.write(data)
    writer.commit()


def test_it_is_a_storage_backend(bucket: DictBucket) -> None:
    assert isinstance(ObjectStorage(bucket), StorageBackend)


def test_storages_of_two_prefixes_do_not_see_each_other(bucket: DictBucket) -> None:
    one, other, root = (ObjectStorage(bucket, prefix) for prefix in ("team", "team2", ""))
    put(one, "main/file")
    assert other.delete_all("") == 0
    assert [file.key for file in other.list()] == []
    assert [file.key for file in root.list()] == ["team/main/file"]


def test_a_small_file_is_one_request_and_a_large_one_an_upload(bucket: DictBucket) -> None:
    storage = ObjectStorage(bucket)
    put(storage, "main/small", bytes(8 << 20))
    assert bucket.uploads == []
    put(storage, "main/large", bytes((8 << 20) + 1))
    assert bucket.uploads == ["begun", "completed"]


def test_an_aborted_upload_is_dropped_once(bucket: DictBucket) -> None:
    writer = ObjectStorage(bucket).create("main/large")
    writer.write(bytes(9 << 20))
    writer.abort()
    writer.abort()
    assert bucket.uploads == ["begun", "dropped"]


def test_what_the_client_says_names_the_file_and_the_bucket(bucket: DictBucket) -> None:
    bucket.broken = True
    with pytest.raises(StorageError) as caught:
        put(ObjectStorage(bucket, "team"), "main/file")
    assert str(caught.value) == (
        "Cannot store 'main/file' in dict://bucket/team/: the bucket is full"
    )


def test_a_writer_that_could_not_commit_has_ended(bucket: DictBucket) -> None:
    bucket.broken = True
    writer = ObjectStorage(bucket).create("main/file")
    with pytest.raises(StorageError, match="full"):
        writer.commit()
    with pytest.raises(StorageError, match="Writing to 'main/file' has ended"):
        writer.commit()


def test_a_file_that_disappears_while_it_is_read_is_told(bucket: DictBucket) -> None:
    class Fading(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() >= 1 << 20:
                raise Missing("gone")
            return super().read(size)

    bucket.read = lambda *_: Fading(bytes(3 << 20))  # type: ignore[method-assign]
    with ObjectStorage(bucket).open("main/file") as file, pytest.raises(StoredFileNotFoundError):
        file.read()


def test_closing_the_storage_closes_the_bucket(bucket: DictBucket) -> None:
    ObjectStorage(bucket).close()
    assert bucket.broken


def test_a_url_names_bucket_prefix_and_options() -> None:
    url = ObjectUrl.parse("s3://bucket/team%20a/files/?region=eu", ("region",))
    assert url == ("s3", "bucket", "team a/files", {"region": "eu"})
    assert ObjectUrl.parse("s3://bucket").prefix == ""


@pytest.mark.parametrize(
    ("url", "error", "reason"),
    [
        ("s3:///prefix", StorageError, "expected 's3://bucket/prefix'"),
        ("s3:bucket", StorageError, "expected 's3://bucket/prefix'"),
        ("s3://bucket/x#y", StorageError, "expected 's3://bucket/prefix'"),
        ("s3://bucket?zone=1", StorageError, "Unknown option 'zone' in storage URL"),
        ("s3://bucket/a/../b", StorageUriError, "could leave its folder"),
        ("s3://bucket/" + "x" * 101, StorageError, "longer than 100 bytes"),
    ],
)
def test_a_url_that_is_none_is_explained(url: str, error: Any, reason: str) -> None:
    with pytest.raises(error, match=reason):
        ObjectUrl.parse(url, ("region",))


def test_credentials_in_a_url_are_refused_and_not_repeated() -> None:
    with pytest.raises(StorageError) as caught:
        ObjectUrl.parse("s3://key:hidden@bucket/prefix")
    assert "hidden" not in str(caught.value)
    assert "put them into the environment" in str(caught.value)
