"""Authentication, TLS and proxies, each against a real counterpart on loopback."""

from __future__ import annotations

import json

import pytest

from tiercel.testing import run_task

REQUEST = "io.kestra.plugin.core.http.Request"


def basic(password: str) -> dict[str, object]:
    return {"auth": {"type": "BASIC", "username": "ada", "password": password}}


def test_basic_authentication_succeeds_and_fails(server):
    assert server.call("/basic", options=basic("lovelace")).outputs["body"] == '{"user": "ada"}'
    assert "response code '401'" in server.call("/basic", options=basic("wrong")).error


def test_the_older_basic_authentication_works(server):
    options = {"basicAuthUser": "ada", "basicAuthPassword": "{{ secret('PASSWORD') }}"}
    result = server.call("/basic", options=options, secrets={"PASSWORD": "lovelace"})
    assert result.outputs["code"] == 200


def test_a_bearer_token_is_sent(server):
    result = server.call("/echo", options={"auth": {"type": "BEARER", "token": "t0k3n"}})
    assert json.loads(result.outputs["body"])["headers"]["authorization"] == "Bearer t0k3n"


def test_digest_authentication_answers_the_challenge_with_the_same_body(server):
    options = {"auth": {"type": "DIGEST", "username": "ada", "password": "lovelace"}}
    result = server.call("/digest", method="POST", body="kept", options=options)
    assert json.loads(result.outputs["body"]) == {"ok": True, "body": "kept"}
    assert len(server.requests) == 2


def test_digest_authentication_with_another_password_fails(server):
    options = {"auth": {"type": "DIGEST", "username": "ada", "password": "wrong"}}
    assert "response code '401'" in server.call("/digest", options=options).error


def test_credentials_do_not_follow_a_redirect_to_another_origin(server, tls_server):
    options = {
        "auth": {"type": "BEARER", "token": "t0k3n"},
        "ssl": {"insecureTrustAllCertificates": True},
    }
    server.call(f"/moved?to={tls_server.origin}/echo", options=options)
    assert server.last.headers["Authorization"] == "Bearer t0k3n"
    assert tls_server.last.headers["Authorization"] is None


def test_an_untrusted_certificate_is_refused(tls_server):
    result = tls_server.call("/echo")
    assert result.error.startswith(f"Connect to {tls_server.origin} failed: TLS certificate")
    assert "self-signed certificate" in result.error


@pytest.mark.parametrize("place", ["options", "sslOptions"])
def test_any_certificate_is_accepted_when_told_so(tls_server, place):
    trusting = {"insecureTrustAllCertificates": True}
    given = {place: {"ssl": trusting} if place == "options" else trusting}
    assert tls_server.call("/status/200", **given).outputs["code"] == 200


def test_a_certificate_of_the_environment_is_trusted(tls_server, monkeypatch, certificate):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert tls_server.call("/status/200").outputs["code"] == 200


def test_a_server_without_tls_is_named(server):
    uri = server.origin.replace("http:", "https:")
    result = run_task({"type": REQUEST, "uri": uri})
    assert result.error.startswith(f"Connect to {uri} failed: TLS handshake broke")


def test_an_http_proxy_takes_whole_requests(server, http_proxy):
    proxy = {"type": "HTTP", "address": "127.0.0.1", "port": http_proxy.port}
    login = {"username": "ada", "password": "lovelace"}
    result = server.call("/status/200", options={"proxy": proxy | login})
    assert result.outputs["code"] == 200
    assert http_proxy.targets == [f"GET {server.origin}/status/200"]
    assert http_proxy.credentials == ["Basic YWRhOmxvdmVsYWNl"]


def test_an_http_proxy_tunnels_tls(tls_server, http_proxy):
    options = {
        "proxyAddress": "127.0.0.1",
        "proxyPort": http_proxy.port,
        "ssl": {"insecureTrustAllCertificates": True},
    }
    assert tls_server.call("/status/200", options=options).outputs["code"] == 200
    assert http_proxy.targets == [f"CONNECT {tls_server.origin.removeprefix('https://')}"]


def test_a_proxy_that_refuses_is_named(http_proxy):
    proxy = {"type": "HTTP", "address": "127.0.0.1", "port": http_proxy.port}
    result = run_task(
        {"type": REQUEST, "uri": "https://refused.test/", "options": {"proxy": proxy}}
    )
    assert result.error == (
        "Connect to https://refused.test failed: "
        f"proxy 127.0.0.1:{http_proxy.port} answered 403 Forbidden"
    )


def test_a_socks_proxy_connects(server, socks_proxy):
    proxy = {"type": "SOCKS", "address": "127.0.0.1", "port": socks_proxy.port}
    assert server.call("/status/200", options={"proxy": proxy}).outputs["code"] == 200
    assert socks_proxy.targets == [server.origin.removeprefix("http://")]


def test_a_socks_proxy_resolves_the_name_and_wants_a_password(server, socks_proxy):
    proxy = {
        "type": "SOCKS",
        "address": "127.0.0.1",
        "port": socks_proxy.port,
        "username": "ada",
        "password": "lovelace",
    }
    uri = server.origin.replace("127.0.0.1", "localhost") + "/status/200"
    result = run_task({"type": REQUEST, "uri": uri, "options": {"proxy": proxy}})
    assert result.outputs["code"] == 200
    assert socks_proxy.targets == [f"localhost:{server.server_port}"]
    assert socks_proxy.credentials == ["ada:lovelace"]


@pytest.mark.parametrize(
    ("login", "reason"),
    [({}, "connection refused"), ({"username": "ada", "password": "x"}, "password refused")],
)
def test_a_socks_proxy_that_refuses_says_why(socks_proxy, login, reason):
    proxy = {"type": "SOCKS", "address": "127.0.0.1", "port": socks_proxy.port, **login}
    result = run_task({"type": REQUEST, "uri": "http://refused.test/", "options": {"proxy": proxy}})
    assert result.error.startswith("Connect to http://refused.test failed: proxy 127.0.0.1")
    assert reason in result.error


def test_a_proxy_without_port_is_an_error(server):
    options = {"proxy": {"type": "HTTP", "address": "127.0.0.1"}}
    assert "has no port" in server.call("/echo", options=options).error


def test_a_direct_proxy_is_none(server):
    options = {"proxy": {"type": "DIRECT", "address": "127.0.0.1", "port": 9}}
    assert server.call("/status/200", options=options).outputs["code"] == 200


def test_the_proxy_of_the_environment_is_used_except_for_this_machine(
    server, http_proxy, monkeypatch
):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{http_proxy.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    assert server.call("/status/200").outputs["code"] == 200
    assert http_proxy.targets == []
    result = run_task({"type": REQUEST, "uri": "http://no-such-host.invalid/p"})
    assert result.state == "FAILED"
    assert http_proxy.targets == ["GET http://no-such-host.invalid/p"]
