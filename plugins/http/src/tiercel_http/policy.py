"""Which servers may be talked to: the operator's outbound policy, by name and resolved address.

It comes from the environment of the process, where no flow can change it. Each variable is a list
with blanks or commas between:

    TIERCEL_HTTP_DENY    what is refused: `private !10.1.2.0/24 *.internal`
    TIERCEL_HTTP_ALLOW   if set, the only servers there are: `api.example.com 192.0.2.0/24`

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
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from tiercel.plugin import TaskError

__all__ = ["ALLOW", "DENY", "OPEN", "Policy", "PolicyError", "Rules"]

ALLOW = "TIERCEL_HTTP_ALLOW"
"""The environment variable with the only servers that there are."""
DENY = "TIERCEL_HTTP_DENY"
"""The environment variable with the servers that are refused."""

Address = IPv4Address | IPv6Address

_NAME = re.compile(r"(\*\.)?([a-z0-9_-]+\.)*[a-z_-][a-z0-9_-]*")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_METADATA = {
    # AWS, Azure, Google, DigitalOcean, Oracle and OpenStack; AWS by IPv6; ECS; Azure; Alibaba.
    *("169.254.169.254", "fd00:ec2::254", "169.254.170.2", "168.63.129.16", "100.100.100.200"),
    *("metadata.google.internal", "metadata", "instance-data"),
}


class PolicyError(OSError):
    """The outbound policy refuses a server."""


@dataclass(frozen=True, slots=True)
class Rules:
    """One list of the policy; `entries` and `exceptions` are as written, in lower case."""

    entries: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, variable: str) -> Rules:
        """Return the rules that a text lists.

        Raises:
            TaskError: an entry is none; the message names the variable.
        """
        written = re.split(r"[\s,]+", text.strip().lower()) if text.strip() else []
        for entry in written:
            if not _is_entry(entry.removeprefix("!")):
                raise TaskError(
                    f"Invalid entry {entry!r} in {variable}; write a name, '*.name', an address, "
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
class Policy:
    """What may be connected to; by default everything."""

    allow: Rules = field(default_factory=Rules)
    deny: Rules = field(default_factory=Rules)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Policy:
        """Return the policy that an environment describes.

        Raises:
            TaskError: it describes none.
        """
        return _parsed(environ.get(ALLOW, ""), environ.get(DENY, ""))

    @property
    def is_open(self) -> bool:
        """Whether everything may be connected to."""
        return not (self.allow.is_set or self.deny.entries)

    def permitted(self, host: str, addresses: Sequence[str]) -> list[str]:
        """Return those of a host's addresses that may be connected to.

        Raises:
            PolicyError: there are none.
        """
        reasons = {address: self._reason(host, address) for address in addresses}
        permitted = [address for address in addresses if reasons[address] is None]
        if not permitted:
            raise PolicyError(next(filter(None, reasons.values()), f"{host!r} has no address"))
        return permitted

    def check_unresolved(self, host: str) -> None:
        """Check a host whose addresses nobody here knows: only rules about names can tell.

        Raises:
            PolicyError: it may not be connected to.
        """
        if reason := self._reason(host, None):
            raise PolicyError(reason)

    def _reason(self, host: str, address: str | None) -> str | None:
        """Return why an address of a host is refused, or None if it is not."""
        name = host.rstrip(".").lower()
        own = None if address is None else _unmapped(address)
        what = f"{host!r}" if address in (None, host) else f"{host!r}, at {address},"
        # What lies inside an address can make it refused, but neither allowed nor an exception.
        for form in (own, *_embedded(own)):
            if (entry := self.deny.naming(name, form)) is not None:
                return f"{what} is refused by {entry!r} in {DENY}"
        if self.allow.is_set and self.allow.naming(name, own) is None:
            return f"{what} is not in {ALLOW}"
        return None


OPEN = Policy()
"""The policy without rules."""


@lru_cache(maxsize=8)
def _parsed(allow: str, deny: str) -> Policy:
    return Policy(Rules.parse(allow, ALLOW), Rules.parse(deny, DENY))


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
