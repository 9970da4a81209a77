"""`MailSend` and `MailExecution`: mail, by SMTP."""

from __future__ import annotations

import json
import re
import secrets
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage, MIMEPart
from email.utils import formatdate, getaddresses
from enum import StrEnum
from html import escape
from typing import Any, ClassVar

from pydantic import Field

from tiercel.plugin import (
    Example,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    TaskKilledError,
    Text,
)
from tiercel_notifications.report import ExecutionReport, Report

__all__ = ["MailExecution", "MailSend"]

_PLAIN = "Please view this email in a modern email client"
_COLORS = {"SUCCESS": "green", "WARNING": "orange"}
_PORTS = {"SMTPS": 465, "SMTP_TLS": 587, "SMTP": 25, "SMTP_OAUTH2": 587}


class TransportStrategy(StrEnum):
    """How the connection is encrypted."""

    SMTPS = "SMTPS"
    """From the beginning."""
    SMTP_TLS = "SMTP_TLS"
    """After a greeting; never without (STARTTLS)."""
    SMTP = "SMTP"
    """After a greeting where the server can, otherwise not at all."""
    SMTP_OAUTH2 = "SMTP_OAUTH2"
    """As SMTP_TLS, with an access token for a password."""


class MailServer(Task[Output]):
    """A mail server, and an envelope."""

    host: Property[str] | None = None
    """The mail server; a mail cannot be sent without."""
    port: Property[int] | None = None
    """Its port; 465, 587 or 25 by default, as `transportStrategy` says."""
    access_token: Property[str] | None = None
    """The access token for SMTP_OAUTH2; the password, if there is none."""
    username: Property[str] | None = None
    """The user name."""
    password: Property[str] | None = None
    """The password."""
    transport_strategy: Property[TransportStrategy] = Property.of(TransportStrategy.SMTPS)
    """SMTPS for TLS from the beginning, SMTP_TLS for STARTTLS, SMTP for STARTTLS if possible,
    SMTP_OAUTH2 for STARTTLS and an access token."""
    session_timeout: Property[int] = Property.of(10_000)
    """How long the server may be silent, in milliseconds."""
    verify_server_identity: Property[bool] = Property.of(True)
    """Check the server's certificate."""
    trusted_hosts: Property[list[Text]] | None = None
    """Servers whose certificates are not checked."""
    from_: Property[str] = Field(alias="from")
    """Who it comes from."""
    to: Property[str]
    """Who it goes to; several with commas or semicolons between."""
    cc: Property[str] | None = None
    """Who gets a copy."""
    subject: Property[str] | None = None
    """The subject."""
    attachments: Property[Any] | None = None
    """Files to attach: a list of `name`, `uri` and `contentType`."""
    embedded_images: Property[Any] | None = None
    """Pictures that the HTML shows as `cid:name`: a list like that of `attachments`."""

    def _deliver(self, ctx: RunContext, plain: str, html: str | None) -> None:
        """Send a mail.

        Raises:
            TaskError: the server cannot be reached, or refused; or an address is none.
            StorageError: an attachment cannot be read.
        """
        message = self._composed(ctx, plain, html)
        with self._session(ctx) as server:
            refused = server.send_message(message)
        if refused:
            ctx.log("WARN", f"Not delivered to {', '.join(refused)}")

    def _composed(self, ctx: RunContext, plain: str, html: str | None) -> EmailMessage:
        message = EmailMessage()
        try:
            message["From"] = _addresses("from", ctx.render(self.from_))
            message["To"] = _addresses("to", ctx.render(self.to))
            if copies := ctx.render(self.cc):
                message["Cc"] = _addresses("cc", copies)
            message["Subject"] = ctx.render(self.subject) or ""
        except ValueError as error:  # a line break in a header
            raise TaskError(f"Invalid mail header: {error}", retryable=False) from error
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = f"<{secrets.token_hex(16)}@tiercel>"
        message.set_content(plain)
        if html is not None:
            message.add_alternative(html, subtype="html")
            self._embed(ctx, message)
        for name, data, (main, sub) in _files(ctx, ctx.render(self.attachments)):
            message.add_attachment(data, maintype=main, subtype=sub, filename=name)
        return message

    def _embed(self, ctx: RunContext, message: EmailMessage) -> None:
        parts = message.get_payload()
        page = parts[-1] if isinstance(parts, list) else None
        for name, data, (main, sub) in _files(ctx, ctx.render(self.embedded_images)):
            assert isinstance(page, MIMEPart)
            page.add_related(
                data,
                maintype=main,
                subtype=sub,
                cid=f"<{name}>",
                filename=name,
                disposition="inline",
            )

    @contextmanager
    def _session(self, ctx: RunContext) -> Iterator[smtplib.SMTP]:
        strategy, host = ctx.render(self.transport_strategy), ctx.render(self.host)
        if not host:
            raise TaskError("There is no `host` to send the mail by", retryable=False)
        port = ctx.render(self.port) or _PORTS[strategy]
        timeout = ctx.render(self.session_timeout) / 1000
        try:
            server = self._connected(ctx, strategy, (host, port), timeout)
            try:
                self._log_in(ctx, server, strategy)
                yield server
            finally:
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
        except (smtplib.SMTPException, OSError) as error:
            if ctx.cancelled:
                raise TaskKilledError("Sending the mail was stopped") from error
            raise TaskError(f"Cannot send the mail by {host}:{port}: {_reason(error)}") from error

    def _log_in(self, ctx: RunContext, server: smtplib.SMTP, strategy: TransportStrategy) -> None:
        username, password = ctx.render(self.username), ctx.render(self.password) or ""
        if strategy is not TransportStrategy.SMTP_OAUTH2:
            if username:
                server.login(username, password)
            return
        token = ctx.render(self.access_token) or password
        if not username or not token:
            raise TaskError(
                "SMTP_OAUTH2 needs a `username`, and an `accessToken` or a `password`",
                retryable=False,
            )
        answer = f"user={username}\1auth=Bearer {token}\1\1"
        # A refusal comes as a challenge, which is answered with nothing.
        server.auth("XOAUTH2", lambda challenge=None: answer if challenge is None else "")

    def _connected(
        self, ctx: RunContext, strategy: TransportStrategy, place: tuple[str, int], timeout: float
    ) -> smtplib.SMTP:
        tls = self._tls(ctx, place[0])
        if strategy is TransportStrategy.SMTPS:
            secure = smtplib.SMTP_SSL(*place, timeout=timeout, context=tls)
            ctx.on_kill(lambda: _hang_up(secure))
            return secure
        server = smtplib.SMTP(*place, timeout=timeout)
        ctx.on_kill(lambda: _hang_up(server))
        try:
            server.ehlo()
            if strategy is not TransportStrategy.SMTP or server.has_extn("starttls"):
                server.starttls(context=tls)
                server.ehlo()
        except BaseException:
            server.close()
            raise
        return server

    def _tls(self, ctx: RunContext, host: str) -> ssl.SSLContext:
        context = ssl.create_default_context()
        trusted = ctx.render(self.trusted_hosts) or []
        if host in trusted or not ctx.render(self.verify_server_identity):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


class MailSend(MailServer):
    """Send a mail."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Send a report by mail",
            """\
id: mail
namespace: company.team

tasks:
  - id: report
    type: io.kestra.plugin.core.storage.Write
    extension: .csv
    content: |
      name,price
      apple,1.20

  - id: send
    type: io.kestra.plugin.email.MailSend
    host: mail.company.example
    port: 465
    username: robot
    password: "{{ secret('MAIL_PASSWORD') }}"
    from: Robot <robot@company.example>
    to: ada@company.example, bob@company.example
    subject: Prices of {{ execution.startDate | date('yyyy-MM-dd') }}
    htmlTextContent: |
      <p>Find the <b>prices</b> attached.</p>
    plainTextContent: Find the prices attached.
    attachments:
      - name: prices.csv
        uri: "{{ outputs.report.uri }}"
        contentType: text/csv
""",
        ),
    )

    html_text_content: Property[str] | None = None
    """The mail as HTML."""
    plain_text_content: Property[str] | None = None
    """The mail as plain text, for those who read no HTML."""

    def run(self, ctx: RunContext) -> Output:
        """Send the mail.

        Raises:
            TaskError: the server cannot be reached, or refused; or an address is none.
        """
        plain = ctx.render(self.plain_text_content) or _PLAIN
        self._deliver(ctx, plain, ctx.render(self.html_text_content))
        return Output()


class MailExecution(ExecutionReport, MailServer):
    """Tell of an execution by mail."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Tell by mail how an execution went",
            """\
id: mail_execution
namespace: company.team

tasks:
  - id: work
    type: io.kestra.plugin.core.log.Log
    message: The work is done

finally:
  - id: tell
    type: io.kestra.plugin.email.MailExecution
    host: mail.company.example
    port: 465
    username: robot
    password: "{{ secret('MAIL_PASSWORD') }}"
    from: robot@company.example
    to: ada@company.example
    subject: "{{ flow.id }} has ended"
    customFields:
      Environment: production
""",
        ),
    )

    plain_text_content: Property[str] | None = None
    """A text for those who read no HTML, instead of the report's."""

    def run(self, ctx: RunContext) -> Output:
        """Send the report.

        Raises:
            NotFoundError: there is no such execution.
            TaskError: the server cannot be reached, or refused; or an address is none.
        """
        report = self.report(ctx)
        plain = ctx.render(self.plain_text_content) or _plain(report)
        self._deliver(ctx, plain, _html(report))
        return Output()


def _plain(report: Report) -> str:
    lines = [report.title, report.outcome.replace("`", "'"), ""]
    lines += [f"{name}: {value}" for name, value in report.facts().items()]
    if report.message:
        lines[:0] = [report.message, ""]
    if report.link:
        lines += ["", report.link]
    return "\n".join(lines) + "\n"


def _html(report: Report) -> str:
    color = _COLORS.get(report.state, "red")
    flow = f"[{report.execution.namespace}] {report.execution.flow_id}"
    outcome = re.sub("`(.*)`", r"<code>\1</code>", escape(report.outcome))
    rows = "\n".join(
        f"<tr><td><strong>{escape(name)}</strong></td><td>{escape(value)}</td></tr>"
        for name, value in report.facts().items()
    )
    parts = [
        f'<h2>{escape(flow)} ➛ <span style="color: {color}">{escape(report.state)}</span></h2>',
        f"<p>{escape(report.message)}</p>" if report.message else "",
        f"<p>{outcome}</p>",
        f"<table>\n{rows}\n</table>",
        f'<p><a href="{escape(report.link)}">Details</a></p>' if report.link else "",
    ]
    return "<html><body>\n" + "\n".join(filter(None, parts)) + "\n</body></html>\n"


def _addresses(name: str, text: str) -> str:
    """Return a list of addresses as a header holds it."""
    if "\n" in text or "\r" in text:
        raise TaskError(f"Invalid `{name}` {text!r}: it has a line break", retryable=False)
    found = getaddresses([text.replace(";", ",")])
    if not found or not all("@" in address for _, address in found):
        raise TaskError(
            f"Invalid `{name}` {text!r}: expected addresses like 'ada@company.example'",
            retryable=False,
        )
    return text.replace(";", ",")


def _files(ctx: RunContext, value: Any) -> Iterator[tuple[str, bytes, tuple[str, str]]]:
    """Return name, content and media type of each file of a list, or of JSON of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else []
        except ValueError as error:
            raise TaskError(f"The list of files is not JSON: {error}", retryable=False) from error
    for item in [value] if isinstance(value, dict) else value or []:
        if not isinstance(item, dict) or not {"name", "uri"} <= item.keys():
            raise TaskError("A file of a mail needs a `name` and a `uri`", retryable=False)
        main, _, sub = str(item.get("contentType") or "").partition("/")
        kind = (main, sub) if sub else ("application", "octet-stream")
        with ctx.storage.open(str(item["uri"])) as file:
            yield str(item["name"]), file.read(), kind


def _hang_up(server: smtplib.SMTP) -> None:
    """Break a connection off, whatever another thread is waiting for on it."""
    if server.sock is not None:
        with suppress(OSError):
            server.sock.shutdown(socket.SHUT_RDWR)


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(
            f"{address}: {code} {text.decode(errors='replace')}"
            for address, (code, text) in error.recipients.items()
        )
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        words = text.decode(errors="replace") if isinstance(text, bytes) else text
        return f"{error.smtp_code} {words}"
    return str(error) or type(error).__name__
