"""Mail by a real SMTP server on loopback, with and without TLS."""

from __future__ import annotations

import socket

import pytest

from tiercel.testing import run_task, start_task

SEND = "email.MailSend"
BASICS = {
    "host": "127.0.0.1",
    "from": "Robot <robot@company.example>",
    "to": "ada@company.example",
    "verifyServerIdentity": False,
}


def test_a_mail_is_sent_as_text_and_html(task, mail_server):
    server = mail_server()
    result = task(
        SEND,
        **BASICS,
        port=server.port,
        cc="bob@company.example",
        subject="Grüße ➛ {{ flow.id }}",
        htmlTextContent="<p>Hello</p>",
        plainTextContent="Hello",
    )
    assert result.error is None
    mail = server.mail
    assert (mail["From"], mail["To"]) == ("Robot <robot@company.example>", "ada@company.example")
    assert mail["Subject"] == "Grüße ➛ test_flow"
    assert mail["Date"]
    assert mail["Message-ID"]
    assert mail.get_body(("plain",)).get_content().strip() == "Hello"
    assert mail.get_body(("html",)).get_content().strip() == "<p>Hello</p>"
    assert server.recipients == ["ada@company.example", "bob@company.example"]


def test_several_people_are_written_to(task, mail_server):
    server = mail_server()
    given = {**BASICS, "to": "ada@company.example; Bob <bob@company.example>"}
    assert task(SEND, **given, port=server.port).error is None
    assert server.recipients == ["ada@company.example", "bob@company.example"]
    assert "modern email client" in server.mail.get_body(("plain",)).get_content()


@pytest.mark.parametrize("as_json", [False, True], ids=["list", "JSON"])
def test_files_are_attached(task, mail_server, as_json):
    server = mail_server()
    files = [
        {"name": "prices.csv", "uri": "{{ files.csv }}", "contentType": "text/csv"},
        {"name": "data.bin", "uri": "{{ files.bin }}"},
    ]
    if as_json:
        import json

        files = json.dumps(files)
    contents = {"csv": "a,b\n", "bin": b"\0\xff"}
    result = task(SEND, **BASICS, port=server.port, attachments=files, files=contents)
    assert result.error is None
    csv, data = server.mail.iter_attachments()
    assert (csv.get_filename(), csv.get_content_type()) == ("prices.csv", "text/csv")
    assert csv.get_content() == "a,b\n"
    assert (data.get_content_type(), data.get_content()) == ("application/octet-stream", b"\0\xff")


def test_pictures_are_embedded(task, mail_server):
    server = mail_server()
    result = task(
        SEND,
        **BASICS,
        port=server.port,
        htmlTextContent='<img src="cid:logo.png">',
        embeddedImages=[{"name": "logo.png", "uri": "{{ files.a }}", "contentType": "image/png"}],
        files={"a": b"png"},
    )
    assert result.error is None
    pictures = [part for part in server.mail.walk() if part.get_content_type() == "image/png"]
    assert [part["Content-ID"] for part in pictures] == ["<logo.png>"]


@pytest.mark.parametrize(
    ("tls", "strategy"),
    [("ssl", "SMTPS"), ("starttls", "SMTP_TLS"), ("starttls", "SMTP"), ("none", "SMTP")],
)
def test_the_connection_is_encrypted_as_asked_for(task, mail_server, tls, strategy):
    server = mail_server(tls)
    result = task(SEND, **BASICS, port=server.port, transportStrategy=strategy)
    assert result.error is None


def test_what_cannot_be_encrypted_is_not_sent(task, mail_server):
    server = mail_server("none")
    result = task(SEND, **BASICS, port=server.port, transportStrategy="SMTP_TLS")
    assert "STARTTLS extension not supported by server" in result.error


@pytest.mark.parametrize(("tls", "strategy"), [("ssl", "SMTPS"), ("starttls", "SMTP_TLS")])
def test_a_certificate_that_nobody_vouches_for_is_refused(task, mail_server, tls, strategy):
    server = mail_server(tls)
    given = {**BASICS, "verifyServerIdentity": True, "transportStrategy": strategy}
    refused = task(SEND, **given, port=server.port)
    assert "certificate verify failed" in refused.error
    trusted = task(SEND, **given, port=server.port, trustedHosts=["127.0.0.1"])
    assert trusted.error is None


def test_user_and_password_are_given_to_the_server(task, mail_server):
    server = mail_server("starttls", login=True)
    given = {**BASICS, "port": server.port, "transportStrategy": "SMTP_TLS", "username": "robot"}
    password = {"password": "{{ secret('MAIL') }}"}
    assert task(SEND, **given, **password, secrets={"MAIL": "hidden"}).error is None
    wrong = task(SEND, **given, **password, secrets={"MAIL": "s3cr3t"})
    assert "535" in wrong.error
    assert "s3cr3t" not in wrong.error


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"to": "nobody@company.example"}, "nobody@company.example: 550 no such user"),
        ({"to": "no address"}, "Invalid `to` 'no address'"),
        ({"to": "a@b.c\nBcc: x@y.z"}, "Invalid `to`"),
        ({"subject": "x\nBcc: x@y.z"}, "Invalid mail header"),
        ({"attachments": [{"name": "x"}]}, "A file of a mail needs a `name` and a `uri`"),
        ({"attachments": "[x"}, "The list of files is not JSON"),
        ({"port": 9}, "Cannot send the mail by 127.0.0.1:9"),
    ],
)
def test_a_mail_that_cannot_be_sent_is_told(task, mail_server, properties, reason):
    server = mail_server()
    result = task(SEND, **{**BASICS, "port": server.port, **properties})
    assert result.state == "FAILED"
    assert reason in result.error


def test_one_of_several_that_is_refused_is_a_warning(task, mail_server):
    server = mail_server()
    given = {**BASICS, "to": "ada@company.example, nobody@company.example"}
    result = task(SEND, **given, port=server.port)
    assert result.state == "SUCCESS"
    assert result.messages("WARN") == ["Not delivered to nobody@company.example"]


def test_an_execution_is_told_of_by_mail(ended, mail_server):
    server = mail_server()
    notify = {
        "type": "io.kestra.plugin.notifications.mail.MailExecution",
        **BASICS,
        "port": server.port,
        "subject": "{{ flow.id }}",
        "customMessage": "<b>Attention</b>",
        "customFields": {"Team": "A & B"},
    }
    _, execution_id = ended(notify, fails=True)
    html = server.mail.get_body(("html",)).get_content()
    assert '<span style="color: red">RUNNING</span>' in html
    assert "Failed on task <code>work</code> after " in html
    assert "&lt;b&gt;Attention&lt;/b&gt;" in html
    assert "A &amp; B" in html
    plain = server.mail.get_body(("plain",)).get_content()
    assert f"Execution ID: {execution_id}" in plain
    assert "Failed on task 'work' after " in plain


def test_a_mail_is_found_by_both_names(mail_server):
    server = mail_server()
    for name in ("email.MailSend", "notifications.mail.MailSend"):
        task = {"type": f"io.kestra.plugin.{name}", **BASICS, "port": server.port}
        assert run_task(task).error is None


def test_a_killed_task_hangs_up():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        given = {**BASICS, "port": port, "transportStrategy": "SMTP", "sessionTimeout": 60_000}
        running = start_task({"type": f"io.kestra.plugin.{SEND}", **given})
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"220 hello\r\n")
            # It greets back, and is never answered.
            assert connection.recv(1000).startswith(b"ehlo")
            running.kill()
            assert running.result(timeout=20).state == "KILLED"


@pytest.mark.parametrize("name", ["accessToken", "password"])
def test_an_access_token_opens_the_server(task, mail_server, name):
    server = mail_server("starttls", login=True)
    given = {"transportStrategy": "SMTP_OAUTH2", "username": "robot", "port": server.port}
    assert task(SEND, **BASICS, **given, **{name: "token"}).error is None
    assert server.recipients == ["ada@company.example"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"username": "robot", "accessToken": "expired"}, "535 "),
        ({"username": "robot"}, "SMTP_OAUTH2 needs a `username`, and an `accessToken`"),
    ],
)
def test_without_a_good_access_token_nothing_is_sent(task, mail_server, given, reason):
    server = mail_server("starttls", login=True)
    strategy = {"transportStrategy": "SMTP_OAUTH2", "port": server.port}
    assert reason in task(SEND, **BASICS, **strategy, **given).error


def test_a_mail_without_a_server_is_told(task):
    given = {name: value for name, value in BASICS.items() if name != "host"}
    assert task(SEND, **given).error == "There is no `host` to send the mail by"
