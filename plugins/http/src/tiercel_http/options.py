"""The `options` of HTTP tasks, and what they render to.

Kestra moved several options into groups of their own (`auth`, `proxy`, `timeout`, `logs`); the
older flat ones still work here, and the group wins where both are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal, Protocol, TypeVar, overload

from pydantic import Field

from tiercel.plugin import Duration, Model, Property, TaskError, Text

__all__ = [
    "AuthOptions",
    "Credentials",
    "HttpOptions",
    "Proxy",
    "Renderer",
    "Settings",
    "SslOptions",
]

T = TypeVar("T")

DEFAULT_MAX_LENGTH = 10 * 1024 * 1024
GREATEST_MAX_LENGTH = 2**31 - 1
# Long enough for a slow network, short enough to notice a host that is not there.
_CONNECT_SECONDS = 60.0
_IDLE = timedelta(minutes=5)

LogKind = Literal["REQUEST_HEADERS", "REQUEST_BODY", "RESPONSE_HEADERS", "RESPONSE_BODY"]
"""What of an exchange can be logged."""

ProxyType = Literal["DIRECT", "HTTP", "SOCKS"]
"""How a proxy is spoken to; DIRECT is no proxy."""

# Kestra: HttpConfiguration, what the older `logLevel` turns on.
_LOGS_OF_LEVEL: dict[str, tuple[LogKind, ...]] = {
    "TRACE": ("REQUEST_HEADERS", "REQUEST_BODY", "RESPONSE_HEADERS", "RESPONSE_BODY"),
    "DEBUG": ("REQUEST_HEADERS", "RESPONSE_HEADERS"),
    "INFO": ("RESPONSE_HEADERS",),
}


class Renderer(Protocol):
    """What rendering options needs of a `RunContext`."""

    @overload
    def render(self, value: Property[T]) -> T: ...
    @overload
    def render(self, value: Property[T] | None) -> T | None: ...
    def render_text(self, template: str) -> str:
        """Render a template to text."""
        ...


class TimeoutOptions(Model):
    """How long to wait."""

    connect_timeout: Property[Duration] | None = None
    """How long connecting may take; a minute by default."""
    read_idle_timeout: Property[Duration] = Property.of(_IDLE)
    """How long the server may stay silent before the request fails."""


class ProxyOptions(Model):
    """A proxy to go through."""

    type: Property[ProxyType] = Property.of("DIRECT")
    """The kind of proxy; an `address` without a type means HTTP."""
    address: Property[str] | None = None
    """The proxy's host."""
    port: Property[int] | None = None
    """The proxy's port."""
    username: Property[str] | None = None
    """The user name the proxy asks for."""
    password: Property[str] | None = None
    """The password the proxy asks for."""


class SslOptions(Model):
    """How TLS certificates are checked."""

    insecure_trust_all_certificates: Property[bool] | None = None
    """Accept any certificate. Insecure: for tests only."""


class BasicAuth(Model):
    """User name and password, sent with every request."""

    type: Literal["BASIC"]
    """A user name and a password."""
    username: Property[str] | None = None
    """The user name."""
    password: Property[str] | None = None
    """The password."""


class BearerAuth(Model):
    """A token, sent with every request."""

    type: Literal["BEARER"]
    """A token such as a JWT."""
    token: Property[str] | None = None
    """The token."""


class DigestAuth(Model):
    """User name and password that prove themselves without being sent."""

    type: Literal["DIGEST"]
    """A user name and a password, by challenge and response."""
    username: Property[str] | None = None
    """The user name."""
    password: Property[str] | None = None
    """The password."""


AuthOptions = Annotated[BasicAuth | BearerAuth | DigestAuth, Field(discriminator="type")]
"""Who the request says it comes from."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Rendered authentication: `kind` is BASIC, BEARER or DIGEST; a token is in `password`."""

    kind: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Proxy:
    """A rendered proxy: `kind` is HTTP or SOCKS; `is_ambient` if the environment names it."""

    kind: str
    host: str
    port: int
    username: str | None = None
    password: str | None = None
    is_ambient: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Rendered options.

    Attributes:
        connect_seconds: how long connecting may take.
        idle_seconds: how long the server may be silent.
        allowed_codes: the only status codes accepted; empty when there is no such list.
        max_length: the longest body, in bytes, that becomes an output.
        verify: whether TLS certificates are checked.
    """

    connect_seconds: float
    idle_seconds: float
    follow_redirects: bool
    allow_failed: bool
    allowed_codes: frozenset[int]
    charset: str
    max_length: int
    verify: bool
    credentials: Credentials | None
    proxy: Proxy | None
    logs: frozenset[str]

    def accepts(self, code: int) -> bool:
        """Return whether a reply with this status code lets the task succeed."""
        if self.allow_failed:
            return True
        return code in self.allowed_codes if self.allowed_codes else code < 400


def _old(hint: str) -> Any:
    return Field(default=None, deprecated=f"use {hint}")


class HttpOptions(Model):
    """How a request is made."""

    timeout: TimeoutOptions | None = None
    """How long to wait."""
    proxy: ProxyOptions | None = None
    """A proxy to go through; by default the one of the environment (`HTTPS_PROXY`, …), if any."""
    auth: AuthOptions | None = None
    """Who the request says it comes from."""
    ssl: SslOptions | None = None
    """How TLS certificates are checked."""
    follow_redirects: Property[bool] = Property.of(True)
    """Go where a redirect points."""
    allow_failed: Property[bool] = Property.of(False)
    """Let the task succeed whatever the status code; by default 400 and above fail it."""
    allowed_response_codes: Property[list[int]] | None = None
    """The only status codes that let the task succeed."""
    default_charset: Property[str] = Property.of("UTF-8")
    """The charset of the request's text, and of replies that do not name theirs."""
    enabled_tcp_extended_keep_alive: Property[bool] = Property.of(True)
    """Accepted for compatibility; connections are probed as the operating system does it."""
    logs: list[LogKind] | None = None
    """What to log: headers at DEBUG, bodies at TRACE. Credentials are left out."""

    connect_timeout: Duration | None = _old("timeout.connectTimeout")
    """How long connecting may take."""
    read_timeout: Duration | None = _old("timeout.readIdleTimeout")
    """How long the server may stay silent."""
    read_idle_timeout: Duration | None = _old("timeout.readIdleTimeout")
    """How long the server may stay silent, where `readTimeout` does not say so."""
    connection_pool_idle_timeout: Duration | None = Field(
        default=None, deprecated="connections are not pooled"
    )
    """Accepted for compatibility; connections are not pooled."""
    max_content_length: Annotated[int, Field(ge=0, le=GREATEST_MAX_LENGTH)] | None = Field(
        default=None, deprecated="use Download for large replies"
    )
    """The longest reply, in bytes, that may become an output: 10 MiB by default, at most 2 GiB."""
    log_level: (
        Literal["ALL", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "OFF", "NOT_SPECIFIED"] | None
    ) = _old("logs")
    """What to log, as a level."""
    basic_auth_user: Text | None = _old("auth")
    """User name of basic authentication."""
    basic_auth_password: Text | None = _old("auth")
    """Password of basic authentication."""
    proxy_type: ProxyType | None = _old("proxy.type")
    """The kind of proxy."""
    proxy_address: Text | None = _old("proxy.address")
    """The proxy's host."""
    proxy_port: int | None = _old("proxy.port")
    """The proxy's port."""
    proxy_username: Text | None = _old("proxy.username")
    """The user name the proxy asks for."""
    proxy_password: Text | None = _old("proxy.password")
    """The password the proxy asks for."""

    def settings(self, ctx: Renderer) -> Settings:
        """Render all options.

        Raises:
            TaskError: an option renders to something impossible.
        """
        connect, idle = self._seconds(ctx)
        limit = self._written("max_content_length")
        return Settings(
            connect_seconds=connect,
            idle_seconds=idle,
            follow_redirects=ctx.render(self.follow_redirects),
            allow_failed=ctx.render(self.allow_failed),
            allowed_codes=frozenset(ctx.render(self.allowed_response_codes) or ()),
            charset=_known_charset(ctx.render(self.default_charset)),
            max_length=DEFAULT_MAX_LENGTH if limit is None else limit,
            verify=not (self.ssl and ctx.render(self.ssl.insecure_trust_all_certificates)),
            credentials=self._credentials(ctx),
            proxy=self._proxy(ctx),
            logs=frozenset(
                self._written("logs") or _LOGS_OF_LEVEL.get(self._written("log_level") or "", ())
            ),
        )

    def _written(self, name: str) -> Any:
        # Reading a deprecated field as an attribute would warn our own users of our own code.
        return self.__dict__[name]

    def _seconds(self, ctx: Renderer) -> tuple[float, float]:
        connect = self._written("connect_timeout")
        idle = self._written("read_timeout") or self._written("read_idle_timeout") or _IDLE
        if self.timeout is not None:
            connect = ctx.render(self.timeout.connect_timeout) or connect
            if "read_idle_timeout" in self.timeout.model_fields_set:
                idle = ctx.render(self.timeout.read_idle_timeout)
        return (
            connect.total_seconds() if connect is not None else _CONNECT_SECONDS,
            idle.total_seconds(),
        )

    def _credentials(self, ctx: Renderer) -> Credentials | None:
        match self.auth:
            case BearerAuth(token=token):
                return Credentials("BEARER", "", ctx.render(token) or "")
            case BasicAuth() | DigestAuth() as auth:
                username, password = ctx.render(auth.username), ctx.render(auth.password)
                return Credentials(auth.type, username or "", password or "")
        user, password = self._text(ctx, "basic_auth_user"), self._text(ctx, "basic_auth_password")
        return Credentials("BASIC", user or "", password or "") if user or password else None

    def _proxy(self, ctx: Renderer) -> Proxy | None:
        group = self.proxy or ProxyOptions()
        host = ctx.render(group.address) or self._text(ctx, "proxy_address")
        kind = self._written("proxy_type") or "HTTP"
        if "type" in group.model_fields_set:
            kind = ctx.render(group.type)
        if not host or kind == "DIRECT":
            return None
        port = ctx.render(group.port) or self._written("proxy_port")
        if port is None:
            raise TaskError(f"Proxy {host!r} has no port; write options.proxy.port")
        return Proxy(
            kind,
            host,
            port,
            ctx.render(group.username) or self._text(ctx, "proxy_username"),
            ctx.render(group.password) or self._text(ctx, "proxy_password"),
        )

    def _text(self, ctx: Renderer, name: str) -> str | None:
        # Old options may hold an expression although their schema does not say so.
        text = self._written(name)
        return ctx.render_text(text) if text else None


def _known_charset(name: str) -> str:
    import codecs

    try:
        codecs.lookup(name)
    except LookupError as error:
        raise TaskError(
            f"Unknown charset {name!r} in options.defaultCharset; write one like 'UTF-8'",
            retryable=False,
        ) from error
    return name
