"""`Download`: a reply of any size, streamed into internal storage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote, urlsplit

from tiercel.plugin import Example, MetricInfo, Output, Property, RunContext, TaskError, Uri
from tiercel_http.request import METRICS
from tiercel_http.task import HttpTask, safe_uri

if TYPE_CHECKING:
    from tiercel_http.client import Reply

__all__ = ["Download"]

# How often watchers are told of the progress.
_PROGRESS_BYTES = 16 * 1024 * 1024
_FORBIDDEN = str.maketrans({char: "_" for char in '\\/:*?"<>|#%' + "".join(map(chr, range(32)))})


class DownloadOutput(Output):
    """What `Download` gives to later tasks."""

    uri: Uri
    """The stored file."""
    code: int
    """The status code of the reply."""
    length: int
    """The length of the stored file, in bytes."""
    headers: dict[str, list[str]]
    """The headers of the reply: a list of values by the name in lower case."""


class Download(HttpTask[DownloadOutput]):
    """Download a file into internal storage.

    The body is streamed, so its size does not matter. The file is named by `saveAs`, or as the
    reply names it, or like the last part of the URI.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Download a CSV file",
            """\
id: download_a_file
namespace: company.team

tasks:
  - id: orders
    type: io.kestra.plugin.core.http.Download
    uri: https://huggingface.co/datasets/kestra/datasets/raw/main/csv/orders.csv

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.orders.length }} bytes in {{ outputs.orders.uri }}"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = METRICS

    save_as: Property[str] | None = None
    """The name of the stored file."""
    fail_on_empty_response: Property[bool] = Property.of(True)
    """Fail when the reply's body is empty."""

    def run(self, ctx: RunContext) -> DownloadOutput:
        """Download the file and return where it is.

        Raises:
            TaskError: there is no reply, not one that the options accept, or an empty one.
        """
        from tiercel_http.client import exchange

        settings = self.settings(ctx)
        call = self.call(ctx, settings)
        may_be_empty = settings.allow_failed or not ctx.render(self.fail_on_empty_response)
        with exchange(ctx, call, settings) as reply:
            name = ctx.render(self.save_as) or _name_in_reply(reply) or _name_in_uri(call.uri)
            with ctx.storage.create(_safe_name(name)) as file:
                for chunk in _watched(ctx, reply):
                    file.write(chunk)
                if not reply.received and not may_be_empty:
                    raise TaskError("No response from server")
        if not reply.received:
            ctx.log("WARN", f"File '{safe_uri(call.uri)}' is empty")
        return DownloadOutput(
            uri=file.uri, code=reply.code, length=reply.received, headers=reply.headers
        )


def _watched(ctx: RunContext, reply: Reply) -> Iterator[bytes]:
    """Return the body's chunks and tell watchers, now and then, how much of it has come."""
    due = _PROGRESS_BYTES
    for chunk in reply.chunks():
        yield chunk
        if reply.length and reply.received >= due:
            ctx.progress(reply.received / reply.length)
            due += _PROGRESS_BYTES


def _name_in_reply(reply: Reply) -> str | None:
    """Return the file name of the `Content-Disposition` header (RFC 6266, RFC 5987)."""
    from email.message import Message
    from email.utils import collapse_rfc2231_value

    message = Message()
    for value in reply.headers.get("content-disposition", ())[:1]:
        message["Content-Disposition"] = value
    names = [v for k, v in message.get_params([], "content-disposition") if k == "filename"]
    # `filename*`, which comes as a triple, is there for what `filename` cannot say.
    names.sort(key=lambda name: not isinstance(name, tuple))
    return collapse_rfc2231_value(names[0]) if names else None


def _name_in_uri(uri: str) -> str:
    return unquote(urlsplit(uri).path.rpartition("/")[2]) or "download"


def _safe_name(name: str) -> str:
    """Return a name without folders, and without what a file system or a URI would trip over."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return last.translate(_FORBIDDEN).strip(". ") or "download"
