"""The outbound policy by itself: which names and addresses an entry means."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from tiercel.expression.environment import Environment
from tiercel.plugin import (
    EvaluationContext,
    OutboundError,
    OutboundPolicy,
    TaskError,
    outbound_policy,
)
from tiercel.plugin.outbound import ALLOW, DENY, Rules


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
    policy = OutboundPolicy(deny=Rules.parse("private", DENY))
    if is_private:
        with pytest.raises(OSError, match="refused by 'private'"):
            policy.permitted("x.test", [address])
    else:
        assert policy.permitted("x.test", [address]) == [address]


def test_an_address_inside_another_one_does_not_make_it_allowed():
    policy = OutboundPolicy(allow=Rules.parse("10.0.0.0/8", ALLOW))
    assert policy.permitted("x.test", ["::ffff:10.0.0.1"])
    tunnel = str(ipaddress.ip_address("2002:a00:1::1"))
    with pytest.raises(OSError, match="is not in the setting httpAllow"):
        policy.permitted("x.test", [tunnel])


def test_an_address_inside_another_one_makes_no_exception():
    policy = OutboundPolicy(deny=Rules.parse("private !198.51.100.7", DENY))
    teredo = "2001:0:c633:6407::f5ff:fffe"  # of the server 198.51.100.7, for 10.0.0.1
    with pytest.raises(OSError, match="is refused"):
        policy.permitted("x.test", [teredo])


def test_names_are_compared_without_case_and_final_dot():
    rules = Rules.parse("*.Example.com other.org !ok.example.com", DENY)
    policy = OutboundPolicy(deny=rules)
    for name in ("a.example.com", "A.B.EXAMPLE.com.", "other.org."):
        with pytest.raises(OSError, match="is refused"):
            policy.check_unresolved(name)
    for name in ("example.com", "ok.example.com", "another.org"):
        policy.check_unresolved(name)


def test_rules_name_the_setting_they_stand_in():
    with pytest.raises(TaskError, match=r"Invalid entry '10.0.0' in httpAllow"):
        OutboundPolicy.of(allow="10.0.0")


def test_a_connection_goes_to_an_address_that_is_permitted():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        OutboundPolicy().connect("127.0.0.1", port, seconds=5).close()
        with pytest.raises(OutboundError, match=r"'127.0.0.1' is refused by 'private'") as refused:
            OutboundPolicy.of(deny="private").connect("127.0.0.1", port, seconds=5)
    assert not refused.value.retryable


def test_what_connects_by_itself_is_checked_by_all_its_addresses():
    policy = OutboundPolicy.of(deny=["127.0.0.0/8", "*.invalid"])
    for host in ("localhost", "2130706433", "no-such.invalid"):
        with pytest.raises(OutboundError, match="is refused by"):
            policy.check(host)
    policy.check("192.0.2.1")


def test_without_an_engine_the_environment_says_what_functions_may_do(monkeypatch):
    monkeypatch.setenv("TIERCEL_HTTP_DENY", "private")
    context = EvaluationContext(Environment(), {})
    assert outbound_policy(context) == OutboundPolicy.of(deny="private")
