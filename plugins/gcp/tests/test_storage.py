"""Internal storage in a bucket of Cloud Storage keeps the contract of all storages."""

from __future__ import annotations

from typing import Any

import pytest

from tiercel import Settings, Tiercel
from tiercel.plugin.spi import ObjectStorage, StorageBackend, StorageError
from tiercel.testing import StorageContract
from tiercel_gcp.storage import GcsBucket, open_storage

# The server may have to be built first.
pytestmark = [pytest.mark.service, pytest.mark.timeout(600)]


def put(storage: StorageBackend, key: str, data: bytes) -> None:
    writer = storage.create(key)
    writer.write(data)
    writer.commit()


class TestGcsStorage(StorageContract):
    @pytest.fixture
    def backend(self, client: Any, bucket: str) -> ObjectStorage:
        return ObjectStorage(GcsBucket(client, bucket), "team/files")


def test_a_person_finds_the_object_under_prefix_and_key(gcs: Any, bucket: str) -> None:
    put(open_storage(f"gs://{bucket}/team"), "main/company/report.csv", b"a,b")
    blob = gcs.bucket(bucket).blob("team/main/company/report.csv")
    assert blob.download_as_bytes() == b"a,b"


def test_the_endpoint_can_stand_in_the_url(
    gcs_url: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    storage = open_storage(f"gs://{bucket}?endpoint={gcs_url}")
    put(storage, "main/file", b"data")
    assert storage.stat("main/file").size == 4


def test_a_large_file_is_moved(bucket: str) -> None:
    storage = open_storage(f"gs://{bucket}")
    put(storage, "main/large", bytes(20 << 20))
    storage.move("main/large", "main/moved")
    assert [(file.key, file.size) for file in storage.list()] == [("main/moved", 20 << 20)]


def test_a_bucket_that_does_not_exist_is_told(gcs: Any) -> None:
    storage = open_storage("gs://no-such-bucket/team")
    with pytest.raises(StorageError, match="Cannot store 'main/f' in gs://no-such-bucket/team/"):
        put(storage, "main/f", b"data")
    with pytest.raises(StorageError, match="Cannot list ''"):
        list(storage.list())


def test_credentials_that_are_nowhere_are_told(gcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    with pytest.raises(StorageError, match="default credentials were not found"):
        open_storage("gs://bucket")


def test_settings_choose_it_by_its_url(gcs: Any, bucket: str, tmp_path: Any) -> None:
    flow = """
id: keep
namespace: company.team
tasks:
  - {id: write, type: io.kestra.plugin.core.storage.Write, content: kept, extension: .txt}
outputs:
  - {id: text, type: STRING, value: "{{ read(outputs.write.uri) }}"}
"""
    settings = Settings(home=tmp_path, storage=f"gs://{bucket}/team")
    with Tiercel(settings=settings) as tiercel:
        assert tiercel.run(flow).outputs == {"text": "kept"}
    (blob,) = gcs.list_blobs(bucket)
    assert blob.name.startswith("team/main/company/team/keep/executions/")
