"""Internal storage in a container of Azure Blob Storage keeps the contract of all storages."""

from __future__ import annotations

import sys
from typing import Any

import azure_server
import pytest

from tiercel import Settings, Tiercel
from tiercel.plugin.spi import ObjectStorage, StorageBackend, StorageError
from tiercel.testing import StorageContract
from tiercel_azure.storage import open_storage

# The server may have to be installed first.
pytestmark = [pytest.mark.service, pytest.mark.timeout(600)]


def put(storage: StorageBackend, key: str, data: bytes) -> None:
    writer = storage.create(key)
    writer.write(data)
    writer.commit()


class TestAzureStorage(StorageContract):
    @pytest.fixture
    def backend(self, container: str) -> ObjectStorage:
        return open_storage(f"azure://{container}/team/files")


def test_a_person_finds_the_blob_under_prefix_and_key(service: Any, container: str) -> None:
    put(open_storage(f"azure://{container}/team"), "main/company/report.csv", b"a,b")
    blob = service.get_blob_client(container, "team/main/company/report.csv")
    assert blob.download_blob().readall() == b"a,b"


@pytest.mark.parametrize("query", ["endpoint={url}", "endpoint={url}&account={account}"])
def test_account_and_endpoint_can_stand_in_the_url(
    azure_url: str, container: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
    monkeypatch.setenv("AZURE_STORAGE_KEY", azure_server.KEY)
    options = query.format(url=azure_url, account=azure_server.ACCOUNT)
    storage = open_storage(f"azure://{container}?{options}")
    put(storage, "main/file", b"data")
    assert storage.stat("main/file").size == 4


def test_a_signed_token_is_enough(
    azure_url: str, container: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime, timedelta

    from azure.storage.blob import generate_container_sas

    token = generate_container_sas(
        azure_server.ACCOUNT,
        container,
        azure_server.KEY,
        permission="racwdl",
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", token)
    storage = open_storage(f"azure://{container}?endpoint={azure_url}")
    put(storage, "main/file", b"data")
    storage.move("main/file", "main/moved")
    assert [file.key for file in storage.list()] == ["main/moved"]


def test_a_large_file_is_moved(container: str) -> None:
    storage = open_storage(f"azure://{container}")
    put(storage, "main/large", bytes(20 << 20))
    storage.move("main/large", "main/moved")
    assert [(file.key, file.size) for file in storage.list()] == [("main/moved", 20 << 20)]


def test_a_container_that_does_not_exist_is_told(service: Any) -> None:
    storage = open_storage("azure://no-such-container/team")
    message = "Cannot store 'main/f' in azure://no-such-container/team/: The specified container"
    with pytest.raises(StorageError, match=message):
        put(storage, "main/f", b"data")
    with pytest.raises(StorageError, match="Cannot read 'main/f'"):
        storage.stat("main/f")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("azure://box", "no account; name one in the URL"),
        ("azure://box?account=name", "no credential; set AZURE_STORAGE_KEY"),
        ("azure://box?region=eu", "Unknown option 'region'"),
    ],
)
def test_a_url_that_cannot_be_used_is_explained(
    url: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CONNECTION_STRING", "ACCOUNT", "KEY", "SAS_TOKEN"):
        monkeypatch.delenv(f"AZURE_STORAGE_{name}", raising=False)
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(StorageError, match=reason.replace("?", "[?]")):
        open_storage(url)


def test_settings_choose_it_by_its_url(service: Any, container: str, tmp_path: Any) -> None:
    flow = """
id: keep
namespace: company.team
tasks:
  - {id: write, type: io.kestra.plugin.core.storage.Write, content: kept, extension: .txt}
outputs:
  - {id: text, type: STRING, value: "{{ read(outputs.write.uri) }}"}
"""
    settings = Settings(home=tmp_path, storage=f"azure://{container}/team")
    with Tiercel(settings=settings) as tiercel:
        assert tiercel.run(flow).outputs == {"text": "kept"}
    (blob,) = service.get_container_client(container).list_blobs()
    assert blob.name.startswith("team/main/company/team/keep/executions/")
