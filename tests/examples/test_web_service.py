"""The service that the example flows call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import web_service
from products_api import server


@pytest.fixture
def connection() -> Iterator[HTTPConnection]:
    with server.serving(handler=web_service.Handler) as url:
        connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
        yield connection
        connection.close()


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/user/me"),
        ("GET", "/user/me?api_key=wrong"),
        ("POST", "/api/v1/executions/dev/inputs_demo"),
    ],
)
def test_who_does_not_say_who_asks_is_refused(
    connection: HTTPConnection, method: str, target: str
) -> None:
    connection.request(method, target)
    response = connection.getresponse()
    assert response.status == 401
    assert json.load(response)["message"]


@pytest.mark.parametrize(("method", "target"), [("GET", "/nowhere"), ("POST", "/products")])
def test_what_does_not_exist_is_a_404(connection: HTTPConnection, method: str, target: str) -> None:
    connection.request(method, target)
    assert connection.getresponse().status == 404


def test_products_are_those_of_the_products_api(connection: HTTPConnection) -> None:
    connection.request("GET", "/products?limit=2")
    assert json.load(connection.getresponse())["products"] == server.PRODUCTS[:2]


def test_a_file_is_told_apart_from_a_field(connection: HTTPConnection) -> None:
    disposition = 'Content-Disposition: form-data; name="{}"'
    body = "\r\n".join(
        [
            "--b",
            disposition.format("note"),
            "",
            "naïve",
            "--b",
            disposition.format("data") + '; filename="a.bin"',
            "",
            "12345",
            "--b--",
            "",
        ]
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    connection.request("POST", "/upload", body.encode(), headers)
    found = json.load(connection.getresponse())
    assert found["fields"] == {"note": "naïve"}
    assert found["files"]["data"] == {"name": "a.bin", "type": "text/plain", "size": 5}
