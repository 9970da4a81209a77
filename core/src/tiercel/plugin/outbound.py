"""Which servers plugins may talk to: the operator's outbound policy, by name and resolved address.

It is part of the settings, where no flow can change it. Each setting is a list:

    httpDeny   (TIERCEL_HTTP_DENY)    what is refused: `private !10.1.2.0/24 *.internal`
    httpAllow  (TIERCEL_HTTP_ALLOW)   if set, the only servers there are: `api.example.com`

    example.com          this name
    *.example.com        every name below it
    *                    every server
    192.0.2.7  fd00::/8  an address, or a network
    private              every address that is not a public one: private, loopback, link-local, …
    metadata             where clouds tell their machines about themselves
    !…                   an exception from the others of the list

What is refused stays refused, whatever is allowed. Addresses are those that are connected to, after
the name was resolved, so neither notations such as `http://2130706433/` nor names that resolve to
something else each time get around a rule; IPv4 addresses inside IPv6 ones count as themselves.

A task has the policy as `ctx.outbound`, a function of expressions by `outbound_policy`.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

from tiercel.errors import OutboundError, TaskError

if TYPE_CHECKING:
    from tiercel.expression.runtime import EvaluationContext

__all__ = ["ALLOW", "DENY", "OPEN", "OutboundPolicy", "Rules", "outbound_policy"]

ALLOW = "httpAllow"
"""The setting with the only servers that there are."""
DENY = "httpDeny"
"""The setting with the servers that are refused."""
ENVIRONMENT = {ALLOW: "TIERCEL_HTTP_ALLOW", DENY: "TIERCEL_HTTP_DENY"}
"""The environment variables that set them."""

Address = IPv4Address | IPv6Address

_NAME = re.compile(r"(\*\.)?([a-z0-9_-]+\.)*[a-z_-][a-z0-9_-]*")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_METADATA = {
    # AWS, Azure, Google, DigitalOcean, Oracle and OpenStack; AWS by IPv6; ECS; Azure; Alibaba.
    *("169.254.169.254", "fd00:ec2::254", "169.254.170.2", "168.63.129.16", "100.100.100.200"),
    *("metadata.google.internal", "metadata", "instance-data"),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """One list of the policy; `entries` and `exceptions` are as written, in lower case."""

    entries: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, given: str | Iterable[str], where: str) -> Rules:
        """Return the rules that a text, with blanks or commas between, or a list of texts holds.

        Raises:
            TaskError: an entry is none; the message says `where` it stands.
        """
        text = given if isinstance(given, str) else " ".join(given)
        written = [entry for entry in re.split(r"[\s,]+", text.lower()) if entry]
        for entry in written:
            if not _is_entry(entry.removeprefix("!")):
                raise TaskError(
                    f"Invalid entry {entry!r} in {where}; write a name, '*.name', an address, "
                    "a network, 'private' or 'metadata'",
                    retryable=False,
                )
        return cls(
            tuple(each for each in written if not each.startswith("!")),
            tuple(each[1:] for each in written if each.startswith("!")),
        )

    @property
    def is_set(self) -> bool:
        """Whether there is any rule."""
        return bool(self.entries or self.exceptions)

    def naming(self, host: str, address: Address | None) -> str | None:
        """Return the entry that names a host or its address; None if none does."""
        if any(_names(entry, host, address) for entry in self.exceptions):
            return None
        return next((entry for entry in self.entries if _names(entry, host, address)), None)


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """What may be connected to; by default everything."""

    allow: Rules = field(default_factory=Rules)
    deny: Rules = field(default_factory=Rules)

    @classmethod
    def of(
        cls, allow: str | Iterable[str] | None = None, deny: str | Iterable[str] | None = None
    ) -> OutboundPolicy:
        """Return the policy of two lists, each a text or its entries; None is an empty one.

        Raises:
            TaskError: an entry is none.
        """
        return cls(Rules.parse(allow or "", ALLOW), Rules.parse(deny or "", DENY))

    @property
    def is_open(self) -> bool:
        """Whether everything may be connected to."""
        return not (self.allow.is_set or self.deny.entries)

    def connect(self, host: str, port: int, seconds: float | None = None) -> socket.socket:
        """Return a socket connected to the first permitted address of a host that answers.

        The name is looked up once, so what was checked is what is connected to.

        Args:
            host: a name or an address.
            port: the TCP port.
            seconds: how long connecting, and later each step, may take; None for any time.

        Raises:
            OutboundError: the policy refuses the host.
            OSError: the host is unknown, nobody listens, time is up.
        """
        found = _looked_up(host, port)
        permitted = self.permitted(host, [str(each.address[0]) for each in found])
        failure: OSError | None = None
        for each in found:
            if each.address[0] in permitted:
                try:
                    return _opened(each, seconds)
                except OSError as error:
                    failure = failure or error
        assert failure is not None, "what is permitted is one of what was found"
        raise failure

    def check(self, host: str) -> None:
        """Check where a host leads now, for what connects by itself: a proxy, a library.

        Whoever connects looks the name up again, so a name that changes its address in between can
        get around rules about addresses; `connect` has no such gap.

        Raises:
            OutboundError: the policy refuses the host, or one of its addresses.
        """
        if self.is_open:
            return
        try:
            found = _looked_up(host, None)
        except socket.gaierror:
            self.check_unresolved(host)
        else:
            for each in found:  # all of them: nobody knows which one is taken
                self.permitted(host, [str(each.address[0])])

    def permitted(self, host: str, addresses: Sequence[str]) -> list[str]:
        """Return those of a host's addresses that may be connected to.

        Raises:
            OutboundError: there are none.
        """
        reasons = {address: self._reason(host, address) for address in addresses}
        permitted = [address for address in addresses if reasons[address] is None]
        if not permitted:
            raise OutboundError(next(filter(None, reasons.values()), f"{host!r} has no address"))
        return permitted

    def check_unresolved(self, host: str) -> None:
        """Check a host whose addresses nobody here knows: only rules about names can tell.

        Raises:
            OutboundError: it may not be connected to.
        """
        if reason := self._reason(host, None):
            raise OutboundError(reason)

    def _reason(self, host: str, address: str | None) -> str | None:
        """Return why an address of a host is refused, or None if it is not."""
        name = host.rstrip(".").lower()
        own = None if address is None else _unmapped(address)
        what = f"{host!r}" if address in (None, host) else f"{host!r}, at {address},"
        # What lies inside an address can make it refused, but neither allowed nor an exception.
        for form in (own, *_embedded(own)):
            if (entry := self.deny.naming(name, form)) is not None:
                return f"{what} is refused by {entry!r} in the setting {DENY}"
        if self.allow.is_set and self.allow.naming(name, own) is None:
            return f"{what} is not in the setting {ALLOW}"
        return None


OPEN = OutboundPolicy()
"""The policy without rules."""


def outbound_policy(context: EvaluationContext) -> OutboundPolicy:
    """Return the policy that a function of expressions is bound by; its entry `needs_context`.

    Where an engine renders it is the engine's, otherwise that of the process's environment.

    Raises:
        TaskError: an entry of it is none.
    """
    held = getattr(context.services, "outbound", None)
    if isinstance(held, OutboundPolicy):
        return held
    return OutboundPolicy.of(*(os.environ.get(ENVIRONMENT[name]) for name in (ALLOW, DENY)))


@dataclass(frozen=True, slots=True)
class _Found:
    """One address of a host: what `socket.connect` wants of its family; the text comes first."""

    family: int
    address: Any


def _looked_up(host: str, port: int | None) -> list[_Found]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [_Found(family, address) for family, _, _, _, address in found]


def _opened(found: _Found, seconds: float | None) -> socket.socket:
    sock = socket.socket(found.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(found.address)
    except BaseException:
        sock.close()
        raise
    return sock


def _is_entry(entry: str) -> bool:
    if entry == "*" or _NAME.fullmatch(entry):
        return True
    return _network(entry) is not None


@lru_cache(maxsize=256)
def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None


def _names(entry: str, host: str, address: Address | None) -> bool:
    match entry:
        case "*":
            return True
        case "private":
            return address is not None and _is_private(address)
        case "metadata":
            return host in _METADATA or str(address) in _METADATA
    if (network := _network(entry)) is not None:
        return address is not None and address in network
    return host.endswith(entry[1:]) if entry.startswith("*.") else host == entry


def _is_private(address: Address) -> bool:
    # Python takes the site-local addresses of old (RFC 3879) for public ones.
    is_site_local = isinstance(address, IPv6Address) and address.is_site_local
    return not address.is_global or address.is_multicast or is_site_local


def _unmapped(text: str) -> Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _embedded(address: Address | None) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that a packet to an IPv6 address may end at."""
    if not isinstance(address, IPv6Address):
        return
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if address in _NAT64 or int(address) >> 32 == 0:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
