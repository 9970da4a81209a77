"""The example flows that call services, end to end: HTTP, S3 and BigQuery on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import web_service
from products_api import server

from tiercel import Execution, Tiercel

FLOWS = Path(__file__).parents[2] / "examples/flows"
SECRETS = {
    "TIERCEL_SECRET_TOKEN": web_service.TOKEN,
    "TIERCEL_SECRET_API_KEY": web_service.API_KEY,
    "TIERCEL_SECRET_AWS_ACCESS_KEY_ID": "test-access",
    "TIERCEL_SECRET_AWS_SECRET_KEY_ID": "hidden",
}
IMAGE = b"\xff\xd8\xff\xe0 not much of an image \xff\xd9"


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with server.serving(handler=web_service.Handler) as url:
        yield url


@pytest.fixture
def tiercel() -> Iterator[Tiercel]:
    with Tiercel(environ=SECRETS) as tiercel:
        yield tiercel


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("twelve bytes", encoding="utf-8")
    return path


def ran(tiercel: Tiercel, name: str, **inputs: Any) -> Execution:
    """Run an example flow to its end, which must be SUCCESS."""
    execution = tiercel.run(FLOWS / f"{name}.yaml", inputs, timeout=60)
    assert execution.state == "SUCCESS", messages(tiercel, execution)
    return execution


def messages(tiercel: Tiercel, execution: Execution) -> list[str]:
    return [entry.message for entry in tiercel.logs(execution.id)]


def answered(tiercel: Tiercel, execution: Execution, task: str) -> Any:
    """Return what the service answered to a task, which must have been JSON."""
    return json.loads(tiercel.evaluate(execution.id, f"{{{{ outputs.{task}.body }}}}"))


def test_a_file_is_downloaded_and_converted(tiercel: Tiercel, host: str) -> None:
    execution = ran(tiercel, "fetch_with_download", data_host=host)
    said = f"Downloaded {len(web_service.ORDERS)} bytes with status 200"
    assert messages(tiercel, execution)[-1] == said
    rows = "{{ fromIon(read(outputs.csv_to_ion.uri), allRows=true) | length }}"
    assert tiercel.evaluate(execution.id, rows) == "100"


def test_what_an_api_answers_is_logged(tiercel: Tiercel, host: str) -> None:
    execution = ran(tiercel, "fetch_with_request", host=host)
    first = json.dumps([server.PRODUCTS[0]["title"]])
    assert messages(tiercel, execution)[-2:] == ["API status: 200", first]


def test_an_api_is_called(tiercel: Tiercel, host: str) -> None:
    execution = ran(tiercel, "getting_started_api", host=host)
    assert answered(tiercel, execution, "api")["products"] == server.PRODUCTS


def test_basic_authentication_goes_with_form_data(tiercel: Tiercel, host: str) -> None:
    execution = ran(tiercel, "api_call", host=host)
    assert answered(tiercel, execution, "basic_auth_api") == {
        "namespace": "dev",
        "flowId": "inputs_demo",
        "inputs": {"user": "John Doe"},
    }


@pytest.mark.parametrize(
    ("name", "task", "known_by"),
    [
        ("jwt_auth_call", "auth_token_api", "token"),
        ("api_key_auth_call", "api_key_auth", "key"),
        ("api_key_auth_call_query", "api_key_in_query_params", "key"),
    ],
)
def test_the_service_knows_who_asks(
    tiercel: Tiercel, host: str, name: str, task: str, known_by: str
) -> None:
    assert answered(tiercel, ran(tiercel, name, host=host), task)["known_by"] == known_by


def test_a_wrong_token_fails_the_flow(host: str) -> None:
    with Tiercel(environ={"TIERCEL_SECRET_TOKEN": "wrong"}) as tiercel:
        execution = tiercel.run(FLOWS / "jwt_auth_call.yaml", {"host": host}, timeout=60)
        assert execution.state == "FAILED"
        assert "401" in "\n".join(messages(tiercel, execution))


def test_an_answer_within_all_limits_of_time_is_taken(tiercel: Tiercel, host: str) -> None:
    execution = ran(tiercel, "timeout", host=host)
    assert tiercel.evaluate(execution.id, "{{ outputs.http.code }}") == "200"


def test_a_json_input_is_sent(tiercel: Tiercel, host: str) -> None:
    execution = ran(tiercel, "http_post_request_example", host=host)
    added = {"id": 31, "title": "Kestra Pen"}
    assert answered(tiercel, execution, "send_data") == added
    assert json.loads(messages(tiercel, execution)[-1]) == added


def test_a_form_is_sent(tiercel: Tiercel, host: str) -> None:
    execution = ran(tiercel, "http_post_request_example_form", host=host)
    assert answered(tiercel, execution, "send_data") == {
        "agent": "kestra-io",
        "fields": {"user": "user", "password": "pass"},
        "files": {},
    }


def test_a_file_is_sent_under_its_own_name(tiercel: Tiercel, host: str, text_file: Path) -> None:
    execution = ran(tiercel, "http_post_multipart_example", host=host, file=text_file)
    sent = answered(tiercel, execution, "send_data")["files"]["user"]
    assert sent["name"].endswith(".txt")
    assert sent["size"] == 12


def test_a_file_is_sent_under_another_name(tiercel: Tiercel, host: str, text_file: Path) -> None:
    execution = ran(tiercel, "http_post_multipart_example_name", host=host, file=text_file)
    sent = answered(tiercel, execution, "send_data")["files"]["user"]
    assert (sent["name"], sent["size"]) == ("my-file.txt", 12)


def test_a_downloaded_file_is_sent(tiercel: Tiercel, host: str) -> None:
    execution = ran(tiercel, "http_csv_file_upload", data_host=host, host=host)
    sent = answered(tiercel, execution, "upload")["files"]["url"]
    assert sent["size"] == len(web_service.ORDERS)


def test_inputs_become_json(tiercel: Tiercel, host: str) -> None:
    execution = ran(tiercel, "http_multiline_json", host=host)
    assert answered(tiercel, execution, "send")["json"] == {
        "title": "This is the title of the request",
        "message": "This is my long\nmultiline message.",
        "priority": 5,
    }


@pytest.mark.service
def test_an_image_from_s3_is_sent(tiercel: Tiercel, host: str, s3: Any) -> None:
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        where = {"LocationConstraint": "eu-central-1"}
        s3.create_bucket(Bucket="my-bucket", CreateBucketConfiguration=where)
    s3.put_object(Bucket="my-bucket", Key="path/to/file/my_image.jpeg", Body=IMAGE)
    received = answered(tiercel, ran(tiercel, "http_upload_image", host=host), "send_data")
    sent = {"name": "my-image.jpeg", "type": "image/jpeg", "size": len(IMAGE)}
    assert received["files"] == {"user": sent}
    assert received["fields"] == {"description": "my favorite image"}


@pytest.mark.service
def test_a_file_is_loaded_into_bigquery(
    tiercel: Tiercel,
    host: str,
    bigquery: Any,
    service_account: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "key.json").write_text(service_account, encoding="utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    execution = ran(tiercel, "load_data_to_bigquery", data_host=host)
    assert len(bigquery.tables["kestra-dev.demo.orders"]) == 100
    metrics = {each.name: each.value for each in tiercel.repository.metrics(execution.id)}
    assert (metrics["output.rows"], metrics["input.files"]) == (100, 1)
