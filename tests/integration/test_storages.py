"""The getting-started flow, unchanged, on every storage there is, each a real service."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import azure_server
import gcs_server
import pytest
import s3_server
from products_api import server

from tiercel import Tiercel

ROOT = Path(__file__).parents[2]
FLOW = ROOT / "examples/flows/getting_started.yaml"

# A server may have to be installed first.
pytestmark = [pytest.mark.service, pytest.mark.timeout(600)]
BUCKET = "flows"

Place = tuple[str, dict[str, str]]
"""The URL of a storage, and the environment that it needs."""


@contextmanager
def on_disk(folder: Path) -> Iterator[Place]:
    yield f"file://{folder}/files", {}


@contextmanager
def on_s3(_folder: Path) -> Iterator[Place]:
    import boto3

    with s3_server.serving() as url:
        keys = {
            "aws_access_key_id": s3_server.ENVIRONMENT["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": s3_server.ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
        }
        client = boto3.Session(**keys).client("s3", endpoint_url=url, region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield f"s3://{BUCKET}/team", {**s3_server.ENVIRONMENT, "AWS_ENDPOINT_URL": url}


@contextmanager
def on_gcs(_folder: Path) -> Iterator[Place]:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    program = gcs_server.install()
    if program is None:
        pytest.skip("fake-gcs-server needs Go to be built")
    with gcs_server.serving(program) as url:
        options = {"api_endpoint": url}
        client = Client("test", credentials=AnonymousCredentials(), client_options=options)
        client.create_bucket(BUCKET)
        yield f"gs://{BUCKET}/team", {"STORAGE_EMULATOR_HOST": url}


@contextmanager
def on_azure(_folder: Path) -> Iterator[Place]:
    from azure.storage.blob import BlobServiceClient

    program = azure_server.install()
    if program is None:
        pytest.skip("Azurite needs npm and Node.js")
    with azure_server.serving(program) as url:
        text = azure_server.connection_string(url)
        with BlobServiceClient.from_connection_string(text) as client:
            client.create_container(BUCKET)
        yield f"azure://{BUCKET}/team", {"AZURE_STORAGE_CONNECTION_STRING": text}


@pytest.mark.parametrize("place", [on_disk, on_s3, on_gcs, on_azure], ids=lambda p: p.__name__)
def test_the_getting_started_flow_runs_on_every_storage(
    place: Callable[[Path], Any], tiercel: Any
) -> None:
    with place(tiercel.folder) as (url, environment), server.serving() as api:
        tiercel.env |= {"TIERCEL_STORAGE": url, **environment}
        run = tiercel("run", str(FLOW), "--input", f"api_url={api}/products", "--json")
        assert run.returncode == 0, run.stderr
        outputs = {
            each["taskId"]: each["outputs"] for each in json.loads(run.stdout)["taskRunList"]
        }
        # Another process finds the file where the first one has put it.
        stored = tiercel("storage", "cat", outputs["sqlQuery"]["uri"])
    assert stored.stdout.startswith("{brand:")
    assert len(stored.stdout.splitlines()) == len({each["brand"] for each in server.PRODUCTS})
    assert not (tiercel.folder / "home/storage").exists()


def test_the_getting_started_flow_runs_in_memory() -> None:
    with Tiercel() as tiercel, server.serving() as api:
        execution = tiercel.run(FLOW, {"api_url": f"{api}/products"})
        (query,) = (run for run in execution.task_runs.values() if run.task_id == "sqlQuery")
        assert query.outputs
        uri = query.outputs["uri"]
        with tiercel.files.open(uri) as file:
            assert file.readline().startswith(b"{brand:")
