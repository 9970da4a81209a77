"""A small products API on loopback, for the example flows: standard library only.

    python examples/products_api/server.py --port 8765

`GET /products` answers `{"products": [...], "total": n, "skip": s, "limit": l}`; `?limit=` and
`?skip=` pick a page, `?category=` filters. `GET /products/7` answers one product. Everything else
is a 404 with a JSON body. The data, made up for the examples, are in `products.json` beside it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

PRODUCTS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("products.json").read_text(encoding="utf-8")
)


def answer(target: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Return the status and the JSON body for a request target such as `/products?limit=3`."""
    url = urlsplit(target)
    match url.path.strip("/").split("/"):
        case ["products"]:
            return page({name: values[-1] for name, values in parse_qs(url.query).items()})
        case ["products", number]:
            for product in PRODUCTS:
                if str(product["id"]) == number:
                    return HTTPStatus.OK, product
            return HTTPStatus.NOT_FOUND, {"message": f"Product {number!r} not found"}
        case _:
            return HTTPStatus.NOT_FOUND, {"message": f"No such path: {url.path}"}


def page(query: dict[str, str]) -> tuple[HTTPStatus, dict[str, Any]]:
    """Return one page of products; `query` may hold `category`, `skip` and `limit` (0: all)."""
    try:
        skip, limit = int(query.get("skip", 0)), int(query.get("limit", 0))
    except ValueError as error:
        return HTTPStatus.BAD_REQUEST, {"message": f"skip and limit are whole numbers: {error}"}
    category = query.get("category")
    found = [p for p in PRODUCTS if category in (None, p["category"])]
    shown = found[skip : skip + limit] if limit else found[skip:]
    return HTTPStatus.OK, {
        "products": shown,
        "total": len(found),
        "skip": skip,
        "limit": limit or len(shown),
    }


class Handler(BaseHTTPRequestHandler):
    """Answers GET with the JSON of `answer`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request."""
        status, body = answer(self.path)
        payload = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        """Stay silent: the flow's own log is what the reader wants to see."""


@contextmanager
def serving(port: int = 0, handler: type[BaseHTTPRequestHandler] = Handler) -> Iterator[str]:
    """Serve on 127.0.0.1 while the block runs; yield the base URL. Port 0 takes a free one."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Serve the example products on loopback")
    parser.add_argument("--port", type=int, default=8765, help="0 takes a free port")
    with serving(parser.parse_args().port) as url, suppress(KeyboardInterrupt):
        print(f"{url}/products   (Ctrl-C stops)", flush=True)
        Event().wait()


if __name__ == "__main__":
    main()
