"""`recorded_http`: real HTTP exchanges, written to a file once and answered from it ever after.

    with recorded_http("tests/recorded/weather.yaml"):
        result = run_task({"type": "com.acme.Weather", "city": "Bern"})

A thin layer over vcrpy (`pip install "tiercel-core[testing]"`): it records what httpx, requests,
urllib3, aiohttp, botocore and the standard library send, in every thread, and the HTTP tasks of
Tiercel. Nothing reaches the network while a file is answered from.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from tiercel.errors import TiercelError

if TYPE_CHECKING:
    import httpx

__all__ = ["HIDDEN_HEADERS", "HIDDEN_MEMBERS", "HIDDEN_PARAMETERS", "recorded_http"]

HIDDEN_HEADERS = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "api-key",
    "x-api-key",
    "x-auth-token",
    "x-amz-security-token",
    "x-goog-api-key",
    "x-vault-token",
)
"""Headers, of requests and replies, whose values are never written."""
HIDDEN_PARAMETERS = (
    "access_token",
    "api_key",
    "apikey",
    "auth",
    "client_secret",
    "key",
    "password",
    "refresh_token",
    "secret",
    "sig",
    "signature",
    "token",
    "x-amz-credential",
    "x-amz-signature",
)
"""Parameters of queries and of forms, likewise."""

HIDDEN_MEMBERS = (
    "access_token",
    "api_key",
    "apikey",
    "client_secret",
    "id_token",
    "password",
    "private_key",
    "refresh_token",
    "secret",
    "token",
)
"""Members of JSON objects, sent or received, whose values are never written."""

_MASK = "REDACTED"
_MATCH = ("method", "scheme", "host", "port", "path", "query")
_OURS = ("tiercel_http.transport:SocketTransport",)
_MISSING = 'Recorded HTTP needs vcrpy: pip install "tiercel-core[testing]"'


@contextmanager
def recorded_http(
    path: str | Path,
    *,
    record: bool | None = None,
    hide: Iterable[str] = (),
    secrets: Mapping[str, str] | None = None,
    transports: Iterable[type[httpx.BaseTransport]] = (),
    match_on: Iterable[str] = _MATCH,
) -> Iterator[None]:
    """Answer HTTP requests from a file, or send them and write the file.

    Args:
        path: the file, YAML that is meant to be read and committed.
        record: whether to send the requests and to write the file anew; by default when there is
            no file. A request that is not in the file is an error otherwise.
        hide: further headers, parameters and members of JSON whose values are not written, beside
            `HIDDEN_HEADERS`, `HIDDEN_PARAMETERS` and `HIDDEN_MEMBERS`.
        secrets: texts that are not written wherever they are, by name: `{"TOKEN": "abc"}` makes
            `<TOKEN>` of every `abc`.
        transports: httpx transports of your own, which vcrpy does not know.
        match_on: what must be the same in a request and in one that was recorded, in vcrpy's
            words; `body` can be added.

    Raises:
        TiercelError: vcrpy is not installed, or there is no file though nothing is to be recorded.
    """
    try:
        import vcr
    except ImportError as error:
        raise TiercelError(_MISSING) from error
    file = Path(path)
    if record is False and not file.exists():
        raise TiercelError(f"Nothing is recorded in {str(file)!r}: run pytest --record-http first")
    anew = record or not file.exists()
    if anew:
        file.unlink(missing_ok=True)
    names = [each.lower() for each in hide]
    cleaner = _Cleaner(names, {f"<{name}>": text for name, text in (secrets or {}).items()})
    recorder = vcr.VCR(
        record_mode="all" if anew else "none",
        match_on=tuple(match_on),
        filter_headers=[(name, _MASK) for name in (*HIDDEN_HEADERS, *names)],
        filter_query_parameters=[(name, _MASK) for name in (*HIDDEN_PARAMETERS, *names)],
        filter_post_data_parameters=[(name, _MASK) for name in (*HIDDEN_PARAMETERS, *names)],
        before_record_request=cleaner.request,
        before_record_response=cleaner.reply,
        decode_compressed_response=True,
    )
    with ExitStack() as stack:
        cassette = stack.enter_context(recorder.use_cassette(str(file)))
        for transport in (*_own_transports(), *transports):
            handle = _handler(cassette, transport.handle_request)
            stack.enter_context(patch.object(transport, "handle_request", handle))
        yield


def _own_transports() -> Iterator[type[httpx.BaseTransport]]:
    for target in _OURS:
        module, _, name = target.partition(":")
        try:
            yield getattr(importlib.import_module(module), name)
        except ImportError:
            continue


def _handler(cassette: Any, handle: Callable[..., Any]) -> Callable[..., Any]:
    """Return what handles a transport's requests: by the cassette, or by itself."""
    import httpx
    from vcr.patch import force_reset
    from vcr.stubs.httpx_stubs import vcr_handle_request

    def really(self: Any, request: httpx.Request) -> httpx.Response:
        # What it is made of is not to be recorded once more.
        with force_reset():
            reply: httpx.Response = handle(self, request)
        reply.request = request
        return reply

    made: Callable[..., Any] = vcr_handle_request(cassette, really, httpx)
    return made


class _Cleaner:
    """Takes out of what is written what nobody is to read.

    Args:
        names: further headers and members of JSON, in lower case.
        texts: what stands for a text → the text.
    """

    def __init__(self, names: Iterable[str], texts: Mapping[str, str]) -> None:
        self._headers = frozenset((*HIDDEN_HEADERS, *names))
        self._members = frozenset((*HIDDEN_MEMBERS, *names))
        self._texts = {mark: text for mark, text in texts.items() if text}

    def request(self, request: Any) -> Any:
        """Return a request as it is written, and as others are compared with it."""
        request.uri = self._replaced(request.uri)
        if request.body:
            request.body = self._body(request.body)
        for name, value in list(request.headers.items()):
            request.headers[name] = self._replaced(value)
        return request

    def reply(self, reply: dict[str, Any]) -> dict[str, Any]:
        """Return a reply as it is written."""
        body = self._body(reply["body"]["string"])
        headers = {
            name: [_MASK] if name.lower() in self._headers else list(map(self._replaced, values))
            for name, values in reply["headers"].items()
        }
        for name in headers:
            if name.lower() == "content-length":
                headers[name] = [str(len(body))]
        return {**reply, "headers": headers, "body": {**reply["body"], "string": body}}

    def _body(self, body: Any) -> Any:
        body = self._replaced(body)
        if not isinstance(body, str | bytes) or body.lstrip()[:1] not in ("{", "[", b"{", b"["):
            return body
        try:
            data = json.loads(body)
        except ValueError:
            return body
        hidden = self._hidden(data)
        if hidden == data:  # every byte stays as it was
            return body
        text = json.dumps(hidden, ensure_ascii=False)
        return text.encode() if isinstance(body, bytes) else text

    def _hidden(self, data: Any) -> Any:
        if isinstance(data, list):
            return [self._hidden(each) for each in data]
        if isinstance(data, dict):
            return {
                name: _MASK
                if name.lower() in self._members and isinstance(each, str)
                else self._hidden(each)
                for name, each in data.items()
            }
        return data

    def _replaced(self, value: Any) -> Any:
        for mark, text in self._texts.items():
            if isinstance(value, bytes):
                value = value.replace(text.encode(), mark.encode())
            elif isinstance(value, str):
                value = value.replace(text, mark)
        return value
