"""What the example flows call, on loopback: an API, files, forms, uploads. Standard library only.

    python examples/web_service.py --port 8766
    tiercel run examples/flows/fetch_with_download.yaml --input data_host=http://127.0.0.1:8766

| Request | Answer |
| --- | --- |
| `GET /products…` | the products API beside it |
| `POST /products/add` | the JSON that was sent, with an id |
| `GET …/orders.csv` | a CSV file of orders, made up |
| `GET /user/me` | the user, for the bearer token or API key below; otherwise a 401 |
| `POST /api/v1/executions/<namespace>/<flow>` | what began, for `admin`, password `admin` |
| `GET /api/long-request` | an empty object, after a moment |
| `POST /login`, `/upload`, `/api/test-request` | what was received: fields, files, JSON, agent |
"""

from __future__ import annotations

import argparse
import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

from products_api import server as products_api

TOKEN = "example-token"
"""The bearer token that is accepted."""
API_KEY = "abcde12345"
"""The API key that is accepted, as the header `X-API-KEY` or as `?api_key=`."""
ORDERS = "order_id,customer_name,total\n" + "".join(
    f"{number},Customer {number % 7},{number * 3}.50\n" for number in range(1, 101)
)
"""The content of `orders.csv`."""
_ADMIN = "Basic " + base64.b64encode(b"admin:admin").decode()
_MOMENT = 0.2  # seconds

Reply = tuple[HTTPStatus, Any]


def answer(method: str, target: str, headers: Message, body: bytes) -> Reply:
    """Return the status and the body of an answer: text for CSV, otherwise data for JSON."""
    url = urlsplit(target)
    match method, *url.path.strip("/").split("/"):
        case "POST", "products", "add":
            return HTTPStatus.CREATED, {"id": len(products_api.PRODUCTS) + 1, **json.loads(body)}
        case "GET", *_, "orders.csv":
            return HTTPStatus.OK, ORDERS
        case "GET", "user", "me":
            return user(headers, parse_qs(url.query))
        case "POST", "api", "v1", "executions", namespace, flow:
            return begun(namespace, flow, headers, body)
        case "GET", "api", "long-request":
            Event().wait(_MOMENT)
            return HTTPStatus.OK, {}
        case ("POST", "login") | ("POST", "upload") | ("POST", "api", "test-request"):
            return HTTPStatus.OK, received(headers, body)
        case "GET", *_:
            return products_api.answer(target)
        case _:
            return HTTPStatus.NOT_FOUND, {"message": f"No such path: {url.path}"}


def user(headers: Message, query: Mapping[str, list[str]]) -> Reply:
    """Return who asks, if the request says so."""
    if headers.get("Authorization") == f"Bearer {TOKEN}":
        return HTTPStatus.OK, {"username": "emilys", "known_by": "token"}
    if API_KEY in (headers.get("X-API-KEY"), *query.get("api_key", ())):
        return HTTPStatus.OK, {"username": "emilys", "known_by": "key"}
    return HTTPStatus.UNAUTHORIZED, {"message": "A token or an API key is required"}


def begun(namespace: str, flow: str, headers: Message, body: bytes) -> Reply:
    """Return what an orchestrator says of an execution that it began."""
    if headers.get("Authorization") != _ADMIN:
        return HTTPStatus.UNAUTHORIZED, {"message": "Only admin may do that"}
    inputs = received(headers, body)["fields"]
    return HTTPStatus.OK, {"namespace": namespace, "flowId": flow, "inputs": inputs}


def received(headers: Message, body: bytes) -> dict[str, Any]:
    """Return what a request carried: `fields`, `files`, `json` and the client's name, `agent`."""
    kind = headers.get("Content-Type", "")
    found: dict[str, Any] = {"agent": headers.get("User-Agent"), "fields": {}, "files": {}}
    match kind.partition(";")[0]:
        case "application/json":
            found["json"] = json.loads(body)
        case "application/x-www-form-urlencoded":
            pairs = parse_qs(body.decode())
            found["fields"] = {name: values[-1] for name, values in pairs.items()}
        case "multipart/form-data":
            found |= parts(kind, body)
    return found


def parts(kind: str, body: bytes) -> dict[str, dict[str, Any]]:
    """Return the `fields` and `files` of a multipart form; a file is its name, type and size."""
    form = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body, policy=policy.HTTP)
    fields: dict[str, Any] = {}
    files: dict[str, Any] = {}
    for part in form.iter_parts():
        name = part.get_param("name", header="Content-Disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_filename() is None:
            fields[str(name)] = content.decode()
        else:
            files[str(name)] = {
                "name": part.get_filename(),
                "type": part.get_content_type(),
                "size": len(content),
            }
    return {"fields": fields, "files": files}


class Handler(BaseHTTPRequestHandler):
    """Answers GET and POST as `answer` says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, said = answer(self.command, self.path, self.headers, body)
        text, kind = (said, "text/csv") if isinstance(said, str) else (json.dumps(said), None)
        payload = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Stay silent: the flow's own log is what the reader wants to see."""


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Serve what the example flows call, on loopback")
    parser.add_argument("--port", type=int, default=8766, help="0 takes a free port")
    with (
        products_api.serving(parser.parse_args().port, Handler) as url,
        suppress(KeyboardInterrupt),
    ):
        print(f"{url}   (Ctrl-C stops)", flush=True)
        Event().wait()


if __name__ == "__main__":
    main()
