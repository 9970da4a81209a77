"""The properties that everything shares that makes requests, and the call that they render to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from pydantic import Field

from tiercel.plugin import Model, Output, Property, RunContext, Task, TaskError, Text
from tiercel_http.body import Body, form_body, text_body
from tiercel_http.options import HttpOptions, Settings, SslOptions

__all__ = ["Call", "HttpCall", "HttpTask", "checked_uri", "public_uri", "safe_uri", "with_params"]

OutputT = TypeVar("OutputT", bound=Output, covariant=True)


@dataclass(frozen=True, slots=True)
class Call:
    """A rendered request.

    Attributes:
        uri: where it goes, with the parameters.
        headers: as they are sent, in order.
    """

    method: str
    uri: str
    headers: tuple[tuple[str, str], ...]
    body: Body | None


class HttpCall(Model):
    """What makes an HTTP request: a task, or a trigger that polls."""

    uri: Property[str]
    """Where the request goes, in full: scheme, host and path."""
    method: Property[str] = Property.of("GET")
    """The HTTP method."""
    params: Property[dict[str, Any]] | None = None
    """Query parameters, added to those in `uri`; a list gives one parameter an item."""
    headers: Property[dict[str, Text]] | None = None
    """Headers to send."""
    body: Property[str] | None = None
    """What to send, as text; a `kestra://` URI sends the file that it names."""
    form_data: Property[dict[str, Any]] | None = None
    """A form to send instead of `body`.

    It is URL-encoded unless `contentType` is `multipart/form-data`. In a multipart form a
    `kestra://` URI sends the file that it names; `{name, content}` and `{file, url, metadata}`
    name the file as well, and send `metadata` as fields beside it.
    """
    content_type: Property[str] = Property.of("application/json")
    """The media type of what is sent."""
    options: HttpOptions = HttpOptions()
    """How the request is made."""
    ssl_options: SslOptions | None = Field(default=None, deprecated="use options.ssl")
    """How TLS certificates are checked."""

    def settings(self, ctx: RunContext) -> Settings:
        """Render the options, the older ones beside `options` among them."""
        update = {
            new: self.__dict__[old]
            for old, new in (("allow_failed", "allow_failed"), ("ssl_options", "ssl"))
            if self.__dict__.get(old) is not None and new not in self.options.model_fields_set
        }
        return self.options.model_copy(update=update).settings(ctx)

    def call(self, ctx: RunContext, settings: Settings, accept: str | None = None) -> Call:
        """Render the request.

        Args:
            ctx: the attempt's context.
            settings: the rendered options.
            accept: the media type to ask for, where `headers` does not say.

        Raises:
            TaskError: the URI is not one, or the body cannot be sent as it is declared.
        """
        params = ctx.render(self.params)
        uri = with_params(checked_uri(ctx.render(self.uri)), params or {})
        given = ctx.render(self.headers)
        headers = dict(given) if given else {}
        body = self._body(ctx, settings)
        if "content-type" not in {name.lower() for name in headers}:
            kind = body.content_type if body else self._type_of_nothing(ctx, headers)
            headers |= {"Content-Type": kind} if kind else {}
        if accept and "accept" not in {name.lower() for name in headers}:
            headers["Accept"] = accept
        return Call(ctx.render(self.method).upper(), uri, tuple(headers.items()), body)

    def _body(self, ctx: RunContext, settings: Settings) -> Body | None:
        content_type = ctx.render(self.content_type)
        form = ctx.render(self.form_data)
        if form:
            return form_body(form, content_type, ctx.storage)
        text = ctx.render(self.body)
        if text is None:
            return None
        return text_body(text, content_type, settings.charset, ctx.storage)

    def _type_of_nothing(self, ctx: RunContext, headers: dict[str, str]) -> str | None:
        # Kestra names the default type of a body that is not there, unless headers are given.
        if headers and "content_type" not in self.model_fields_set:
            return None
        return ctx.render(self.content_type)


class HttpTask(HttpCall, Task[OutputT], Generic[OutputT]):
    """A task that makes an HTTP request."""

    allow_failed: Property[bool] | None = Field(default=None, deprecated="use options.allowFailed")
    """Let the task succeed whatever the status code."""


def public_uri(ctx: RunContext, uri: str) -> str:
    """Return a URI for outputs: without user, password and what came from secrets."""
    parts = urlsplit(uri)
    return ctx.mask(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])))


def safe_uri(uri: str) -> str:
    """Return a URI for messages: without user, password and query, which may hold secrets."""
    parts = urlsplit(uri)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def checked_uri(text: str) -> str:
    """Return a rendered URI with its spaces escaped.

    Raises:
        TaskError: it is none, or not of http or https.
    """
    uri = text.strip().replace(" ", "%20")
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise TaskError(f"Invalid URI: {error}", retryable=False) from error
    if not host:
        raise TaskError(
            f"Target host is not specified in URI {safe_uri(uri)!r}; "
            "write it in full, like 'https://example.com/path'",
            retryable=False,
        )
    if parts.scheme not in ("http", "https"):
        raise TaskError(
            f"URI scheme {parts.scheme!r} is neither http nor https in {safe_uri(uri)!r}",
            retryable=False,
        )
    return uri


def with_params(uri: str, params: Mapping[str, Any]) -> str:
    """Return a URI with query parameters added to its own; a list gives one an item."""
    if not params:
        return uri
    pairs = {
        name: ["" if item is None else item for item in value] if isinstance(value, list) else value
        for name, value in params.items()
        if value is not None
    }
    parts = urlsplit(uri)
    query = urlencode(pairs, doseq=True, quote_via=quote)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, query)))))
