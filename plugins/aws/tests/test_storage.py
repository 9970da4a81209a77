"""Internal storage in an S3 bucket keeps the contract of all storages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tiercel import Tiercel
from tiercel.plugin.spi import StorageBackend, StorageError
from tiercel.testing import StorageContract
from tiercel_aws.storage import open_storage

pytestmark = pytest.mark.service


def put(storage: StorageBackend, key: str, data: bytes) -> None:
    writer = storage.create(key)
    writer.write(data)
    writer.commit()


class TestS3Storage(StorageContract):
    @pytest.fixture
    def backend(self, bucket: str) -> Iterator[StorageBackend]:
        # As users have it: also with its patience, which the server of the tests needs at times
        # when many write the same object.
        storage = open_storage(f"s3://{bucket}/team/files")
        yield storage
        storage.close()


def test_a_person_finds_the_object_under_prefix_and_key(s3: Any, bucket: str) -> None:
    put(open_storage(f"s3://{bucket}/team"), "main/company/report.csv", b"a,b")
    reply = s3.get_object(Bucket=bucket, Key="team/main/company/report.csv")
    assert reply["Body"].read() == b"a,b"


def test_region_and_endpoint_can_stand_in_the_url(
    s3_url: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    storage = open_storage(f"s3://{bucket}?region=eu-central-1&endpoint={s3_url}")
    put(storage, "main/file", b"data")
    assert storage.stat("main/file").size == 4


def test_an_abandoned_large_file_leaves_no_upload_behind(s3: Any, bucket: str) -> None:
    writer = open_storage(f"s3://{bucket}").create("main/large")
    writer.write(bytes(20 << 20))
    assert len(s3.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 1
    writer.abort()
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_a_large_file_is_moved(bucket: str) -> None:
    storage = open_storage(f"s3://{bucket}")
    put(storage, "main/large", bytes(20 << 20))
    storage.move("main/large", "main/moved")
    assert [(file.key, file.size) for file in storage.list()] == [("main/moved", 20 << 20)]


def test_a_bucket_that_does_not_exist_is_told(s3: Any) -> None:
    storage = open_storage("s3://no-such-bucket/team")
    with pytest.raises(StorageError, match=r"Cannot store 'main/f' in s3://no-such-bucket/team/"):
        put(storage, "main/f", b"data")
    with pytest.raises(StorageError, match="NoSuchBucket"):
        list(storage.list())


def test_a_server_that_does_not_answer_is_told(bucket: str) -> None:
    storage = open_storage(f"s3://{bucket}?endpoint=http://127.0.0.1:9")
    with pytest.raises(StorageError, match="Could not connect to the endpoint URL"):
        storage.stat("main/file")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("s3://bucket?zone=x", "Unknown option 'zone'"),
        ("s3://bucket?endpoint=nonsense", "Invalid endpoint: nonsense"),
        ("s3://key:hidden@bucket", "put them into the environment"),
    ],
)
def test_a_url_that_cannot_be_used_is_explained(s3: Any, url: str, reason: str) -> None:
    with pytest.raises(StorageError, match=reason):
        open_storage(url)


def test_settings_choose_it_by_its_url(s3: Any, bucket: str, tmp_path: Any) -> None:
    from tiercel import Settings

    flow = """
id: keep
namespace: company.team
tasks:
  - {id: write, type: io.kestra.plugin.core.storage.Write, content: kept, extension: .txt}
outputs:
  - {id: text, type: STRING, value: "{{ read(outputs.write.uri) }}"}
"""
    settings = Settings(home=tmp_path, storage=f"s3://{bucket}/team")
    with Tiercel(settings=settings) as tiercel:
        assert tiercel.run(flow).outputs == {"text": "kept"}
    (stored,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert stored["Key"].startswith("team/main/company/team/keep/executions/")
