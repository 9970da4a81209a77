"""The outbound policy: what it refuses is never connected to, however it is written or resolved."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from tiercel.plugin import TaskError
from tiercel.testing import run_task
from tiercel_http.policy import ALLOW, DENY, Policy, Rules

RETURN = "io.kestra.plugin.core.debug.Return"
LOOPBACK = ["127.0.0.1", "localhost", "2130706433", "127.1", "0x7f000001", "0x7f.1"]


@pytest.fixture
def deny(monkeypatch):
    return lambda rules: monkeypatch.setenv(DENY, rules)


@pytest.fixture
def allow(monkeypatch):
    return lambda rules: monkeypatch.setenv(ALLOW, rules)


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
        f"Connect to {server.origin} failed: '127.0.0.1' is refused by 'private' in {DENY}"
    )
    assert not result.retryable
    assert server.requests == []


def test_the_function_connects_to_nothing_that_is_denied(server, deny):
    deny("private")
    result = run_task({"type": RETURN, "format": f"{{{{ http('{server.origin}/status/200') }}}}"})
    assert f"refused by 'private' in {DENY}" in result.error
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
    assert f"is refused by 'metadata' in {DENY}" in request(f"http://{host}/latest").error


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
    assert error == f"Connect to http://192.0.2.7 failed: '192.0.2.7' is not in {ALLOW}"


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
    assert f"in {DENY}; write a name" in result.error
    assert server.requests == []


@pytest.mark.parametrize(
    ("address", "is_private"),
    [
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
        ("10.1.2.3", True),
        ("0.0.0.0", True),
        ("100.64.0.1", True),
        ("224.0.0.1", True),
        ("fe80::1%eth0", True),
        ("::127.0.0.1", True),
        ("::ffff:10.0.0.1", True),
        ("64:ff9b::10.0.0.1", True),
        ("64:ff9b::8.8.8.8", False),
        ("2002:a00:1::1", True),
        ("fec0::1", True),
    ],
)
def test_private_is_every_address_that_is_not_public(address, is_private):
    policy = Policy(deny=Rules.parse("private", DENY))
    if is_private:
        with pytest.raises(OSError, match="refused by 'private'"):
            policy.permitted("x.test", [address])
    else:
        assert policy.permitted("x.test", [address]) == [address]


def test_an_address_inside_another_one_does_not_make_it_allowed():
    policy = Policy(allow=Rules.parse("10.0.0.0/8", ALLOW))
    assert policy.permitted("x.test", ["::ffff:10.0.0.1"])
    tunnel = str(ipaddress.ip_address("2002:a00:1::1"))
    with pytest.raises(OSError, match=f"is not in {ALLOW}"):
        policy.permitted("x.test", [tunnel])


def test_an_address_inside_another_one_makes_no_exception():
    policy = Policy(deny=Rules.parse("private !198.51.100.7", DENY))
    teredo = "2001:0:c633:6407::f5ff:fffe"  # of the server 198.51.100.7, for 10.0.0.1
    with pytest.raises(OSError, match="is refused"):
        policy.permitted("x.test", [teredo])


def test_a_list_of_exceptions_allows_nothing(server, allow):
    allow("!10.0.0.1")
    assert f"is not in {ALLOW}" in server.call("/status/200").error


def test_names_are_compared_without_case_and_final_dot():
    rules = Rules.parse("*.Example.com other.org !ok.example.com", DENY)
    policy = Policy(deny=rules)
    for name in ("a.example.com", "A.B.EXAMPLE.com.", "other.org."):
        with pytest.raises(OSError, match="is refused"):
            policy.check_unresolved(name)
    for name in ("example.com", "ok.example.com", "another.org"):
        policy.check_unresolved(name)


def test_rules_name_the_variable_they_stand_in():
    with pytest.raises(TaskError, match=f"Invalid entry '10.0.0' in {ALLOW}"):
        Policy.of({ALLOW: "10.0.0"})
