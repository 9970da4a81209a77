"""The outbound policy: what it refuses is never connected to, however it is written or resolved."""

from __future__ import annotations

import socket

import pytest

from tiercel import Tiercel
from tiercel.plugin import OutboundPolicy
from tiercel.testing import run_task

RETURN = "io.kestra.plugin.core.debug.Return"
LOOPBACK = ["127.0.0.1", "localhost", "2130706433", "127.1", "0x7f000001", "0x7f.1"]


@pytest.fixture
def settings(monkeypatch):
    """What the engines of this test are set to."""
    held: dict[str, str] = {}
    policy = property(lambda engine: OutboundPolicy.of(**held))
    monkeypatch.setattr(Tiercel, "outbound", policy)
    return held


@pytest.fixture
def deny(settings):
    return lambda rules: settings.update(deny=rules)


@pytest.fixture
def allow(settings):
    return lambda rules: settings.update(allow=rules)


@pytest.fixture
def names(monkeypatch):
    """Names → the answers of one lookup after the other, each a list of addresses."""
    answers: dict[str, list[list[str]]] = {}
    ask = socket.getaddrinfo

    def answer(host, port, *arguments, **more):
        if host not in answers:
            return ask(host, port, *arguments, **more)
        addresses = answers[host].pop(0)
        return [found for each in addresses for found in ask(each, port, *arguments, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return answers


def at(server, host):
    return f"http://{host}:{server.server_port}"


def request(uri, **properties):
    return run_task({"type": "io.kestra.plugin.core.http.Request", "uri": uri, **properties})


@pytest.mark.parametrize("kind", ["Request", "Download", "SseRequest"])
def test_no_task_connects_to_what_is_denied(server, deny, kind):
    deny("private")
    result = server.call("/status/200", kind)
    assert result.error == (
        f"Connect to {server.origin} failed: "
        "'127.0.0.1' is refused by 'private' in the setting httpDeny"
    )
    assert not result.retryable
    assert server.requests == []


def test_the_function_connects_to_nothing_that_is_denied(server, deny):
    deny("private")
    result = run_task({"type": RETURN, "format": f"{{{{ http('{server.origin}/status/200') }}}}"})
    assert "refused by 'private' in the setting httpDeny" in result.error
    assert server.requests == []


@pytest.mark.parametrize("host", [*LOOPBACK, "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"])
def test_an_address_is_denied_however_it_is_written(server, deny, host):
    assert request(f"{at(server, host)}/status/200").outputs["code"] == 200
    deny("127.0.0.0/8 ::1")
    assert "is refused by '127.0.0.0/8'" in request(f"{at(server, host)}/status/200").error
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "[::ffff:169.254.169.254]", "metadata."]
)
def test_metadata_of_clouds_can_be_denied(deny, names, host):
    names[host] = [["169.254.169.254"]]
    deny("metadata")
    assert (
        "is refused by 'metadata' in the setting httpDeny" in request(f"http://{host}/latest").error
    )


def test_a_redirect_leads_to_nothing_that_is_denied(server, deny):
    deny("metadata localhost")
    for target in ("http://169.254.169.254/latest", at(server, "localhost")):
        result = server.call(f"/moved?to={target}")
        assert f"Connect to {target.removesuffix('/latest')} failed" in result.error
    assert [each.name for each in server.requests] == ["moved", "moved"]


def test_a_name_is_looked_up_once_so_it_cannot_change_after_the_check(server, deny, names):
    names["rebind.test"] = [["127.0.0.2"], ["127.0.0.1"]]
    deny("private !127.0.0.2")
    assert "Connection refused" in request(f"{at(server, 'rebind.test')}/status/200").error
    assert names["rebind.test"] == [["127.0.0.1"]]
    assert server.requests == []


def test_a_name_is_denied_by_any_address_it_has_at_that_time(server, deny, names):
    names["rebind.test"] = [["127.0.0.1"], ["10.0.0.1"]]
    deny("10.0.0.0/8")
    uri = f"{at(server, 'rebind.test')}/status/200"
    assert request(uri).outputs["code"] == 200
    assert "'rebind.test', at 10.0.0.1, is refused by '10.0.0.0/8'" in request(uri).error


def test_of_several_addresses_only_permitted_ones_are_used(server, deny, names):
    names["both.test"] = [["127.0.0.2", "127.0.0.1"]]
    deny("127.0.0.2")
    assert request(f"{at(server, 'both.test')}/status/200").outputs["code"] == 200


def test_only_what_is_allowed_can_be_reached(server, allow):
    allow("127.0.0.0/8, *.example.com")
    assert server.call("/status/200").outputs["code"] == 200
    error = request("http://192.0.2.7/").error
    assert (
        error == "Connect to http://192.0.2.7 failed: '192.0.2.7' is not in the setting httpAllow"
    )


def test_what_is_denied_is_not_allowed_by_its_name(server, allow, deny, names):
    names["api.example.com"] = [["127.0.0.1"]]
    allow("*.example.com")
    deny("private")
    error = request(f"{at(server, 'api.example.com')}/").error
    assert "'api.example.com', at 127.0.0.1, is refused by 'private'" in error


def test_a_proxy_that_the_flow_names_is_checked(server, http_proxy, deny):
    deny("private")
    proxy = {"type": "HTTP", "address": "127.0.0.1", "port": http_proxy.port}
    assert "is refused" in server.call("/status/200", options={"proxy": proxy}).error
    assert http_proxy.targets == []


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_what_the_proxy_of_the_environment_would_connect_to_is_checked(
    deny, http_proxy, socks_proxy, names, monkeypatch, kind
):
    proxy = http_proxy if kind == "http" else socks_proxy
    monkeypatch.setenv("http_proxy", f"{kind}://127.0.0.1:{proxy.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    names["inner.test"] = [["8.8.8.8", "10.0.0.1"]]
    deny("private *.internal")
    for host in ("2852039166", "inner.test", "no-such-name.internal"):
        assert "is refused" in request(f"http://{host}/").error
    assert proxy.targets == []


def test_the_proxy_of_the_environment_is_the_operators_own(server, deny, http_proxy, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{http_proxy.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    deny("private")
    request("http://no-such-host.invalid/p")
    assert http_proxy.targets == ["GET http://no-such-host.invalid/p"]


@pytest.mark.parametrize("entry", ["10.0.0", "a..b", "*.*", "http://x", "10.0.0.0/33", "ex ample/"])
def test_an_entry_that_is_none_lets_nothing_out(server, deny, entry):
    deny(f"private {entry}")
    result = server.call("/status/200")
    assert result.error.startswith("Invalid entry ")
    assert "in httpDeny; write a name" in result.error
    assert server.requests == []


def test_a_list_of_exceptions_allows_nothing(server, allow):
    allow("!10.0.0.1")
    assert "is not in the setting httpAllow" in server.call("/status/200").error
