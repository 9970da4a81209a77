"""JDBC URLs of PostgreSQL as libpq's connection parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

from tiercel.plugin import TaskError

__all__ = ["connection_parameters"]

_PREFIX = "jdbc:postgresql:"
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
# Names of the JDBC driver's properties and what libpq calls the same.
_NAMES = {
    "user": "user",
    "password": "password",
    "sslmode": "sslmode",
    "sslrootcert": "sslrootcert",
    "sslcert": "sslcert",
    "sslkey": "sslkey",
    "sslpassword": "sslpassword",
    "ApplicationName": "application_name",
    "connectTimeout": "connect_timeout",
    "loginTimeout": "connect_timeout",
    "gssEncMode": "gssencmode",
    "channelBinding": "channel_binding",
    "options": "options",
}
_TARGETS = {
    "any": "any",
    "primary": "primary",
    "master": "primary",
    "secondary": "standby",
    "slave": "standby",
    "preferSecondary": "prefer-standby",
    "preferSlave": "prefer-standby",
}


def connection_parameters(url: str) -> dict[str, str]:
    """Return what libpq is to be told for a URL.

    Properties that only the JDBC driver has (`prepareThreshold`, `reWriteBatchedInserts`, …) are
    left out.

    Args:
        url: `jdbc:postgresql://host:port/database?property=value&…`, where hosts may be several,
            separated by commas, and all but `jdbc:postgresql:` may be missing.

    Raises:
        TaskError: it is no such URL.
    """
    if not url.startswith(_PREFIX):
        raise TaskError(
            f"Invalid PostgreSQL URL: it begins with `{_PREFIX}//host:port/database`",
            retryable=False,
        )
    place, _, query = url.removeprefix(_PREFIX).partition("?")
    properties = dict(parse_qsl(query, keep_blank_values=True))
    return {**_place(place), **_properties(properties)}


def _place(text: str) -> dict[str, str]:
    """Read `//host:port,host:port/database`, or a database's name alone."""
    if not text.startswith("//"):
        name = unquote(text.removeprefix("/"))
        return {"host": "localhost", **({"dbname": name} if name else {})}
    hosts, _, name = text[2:].partition("/")
    found = [_HOST.fullmatch(each) for each in hosts.split(",")]
    if "@" in hosts or not all(found):
        # Not the text itself: somebody may have put a password there.
        raise TaskError(
            "Invalid host in a PostgreSQL URL: it is `host`, `host:port` or `[IPv6]:port`; "
            "user and password are properties of their own",
            retryable=False,
        )
    places = [(match[1].strip("[]") or "localhost", match[2] or "5432") for match in found if match]
    return {
        "host": ",".join(host for host, _ in places),
        "port": ",".join(port for _, port in places),
        **({"dbname": unquote(name)} if name else {}),
    }


def _properties(properties: Mapping[str, str]) -> dict[str, str]:
    known = {_NAMES[name]: value for name, value in properties.items() if name in _NAMES}
    if "ssl" in properties and properties["ssl"].lower() in ("", "true"):
        known.setdefault("sslmode", "verify-full")
    if properties.get("targetServerType") in _TARGETS:
        known["target_session_attrs"] = _TARGETS[properties["targetServerType"]]
    if properties.get("loadBalanceHosts") == "true":
        known["load_balance_hosts"] = "random"
    if properties.get("tcpKeepAlive") == "true":
        known["keepalives"] = "1"
    if properties.get("socketTimeout", "0").isdigit() and int(properties.get("socketTimeout", "0")):
        known["tcp_user_timeout"] = str(int(properties["socketTimeout"]) * 1000)
    options = [known["options"]] if "options" in known else []
    if "currentSchema" in properties:
        options.append(f"-c search_path={_escaped(properties['currentSchema'])}")
    if properties.get("readOnly") == "true":
        options.append("-c default_transaction_read_only=on")
    return {**known, **({"options": " ".join(options)} if options else {})}


def _escaped(value: str) -> str:
    """Escape a value of libpq's `options`."""
    return re.sub(r"([\\ ])", r"\\\1", value)
