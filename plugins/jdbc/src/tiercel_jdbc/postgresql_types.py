"""PostgreSQL's types and ION's: what a cell becomes, and what a parameter is sent as.

What ION has no type for is text, as the server writes it.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tiercel_jdbc.values import iso_duration

if TYPE_CHECKING:
    from psycopg import Connection

__all__ = ["bindable", "plain_cell", "register"]

_AS_TEXT = (
    *("inet", "cidr", "uuid"),
    *("int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"),
    *("int4multirange", "int8multirange", "nummultirange", "datemultirange"),
    *("tsmultirange", "tstzmultirange"),
)
# As the server writes an interval by default.
_INTERVAL = re.compile(
    r"(?:([-+]?\d+) years? ?)?(?:([-+]?\d+) mons? ?)?(?:([-+]?\d+) days? ?)?"
    r"(?:([-+]?)(\d+):(\d+):(\d+(?:\.\d+)?))?"
)


def register(connection: Connection[Any]) -> None:
    """Have a connection give texts for what Python has no type for, and the like."""
    from psycopg.types import TypeInfo
    from psycopg.types.hstore import register_hstore

    for name, loader in _loaders().items():
        connection.adapters.register_loader(name, loader)
    hstore = TypeInfo.fetch(connection, "hstore")
    if hstore is not None:
        register_hstore(hstore, connection)


@lru_cache(maxsize=1)
def _loaders() -> dict[str, Any]:
    """Return loaders by the names of types."""
    from psycopg import DataError
    from psycopg.adapt import Loader
    from psycopg.types import datetime as dates
    from psycopg.types.string import TextLoader

    class IntervalLoader(Loader):
        def load(self, data: Any) -> str:
            return _interval(bytes(data).decode())

    def tolerant(loader: Any) -> Any:
        class Tolerant(loader):  # type: ignore[misc]
            """Gives the text of a date that Python does not have: infinity, before Christ."""

            def load(self, data: Any) -> Any:
                try:
                    return super().load(data)
                except DataError:
                    return bytes(data).decode()

        return Tolerant

    return {
        "interval": IntervalLoader,
        "date": tolerant(dates.DateLoader),
        "timestamp": tolerant(dates.TimestampLoader),
        "timestamptz": tolerant(dates.TimestamptzLoader),
        "timetz": tolerant(dates.TimetzLoader),
        **dict.fromkeys(_AS_TEXT, TextLoader),
    }


def _interval(text: str) -> str:
    """Return an interval as ISO 8601, in Kestra's way of writing it; others as they are."""
    match = _INTERVAL.fullmatch(text)
    if match is None or not any(match.groups()):
        return text
    years, months, days, sign, hours, minutes, seconds = match.groups()
    minus = "-" if sign == "-" else ""

    def signed(number: str | None) -> str:
        value = Decimal(number or 0)
        return f"{minus if value else ''}{value.normalize() + 0:f}"

    whole = [int(number or 0) for number in (years, months, days)]
    clock = f"{signed(hours)}H{signed(minutes)}M{signed(seconds)}S"
    return f"P{whole[0]}Y{whole[1]}M{whole[2]}DT{clock}"


def plain_cell(value: Any, zone: tzinfo) -> Any:
    """Return a cell as ION can hold it.

    Args:
        value: what psycopg made of it.
        zone: the time zone that timestamps with one are given in.
    """
    match value:
        case None | str() | bool() | int() | float() | bytes():
            return value
        case datetime():
            return value if value.tzinfo is None else value.astimezone(zone)
        case date():
            return value
        case time():
            return value if value.tzinfo is None else _local(value, zone)
        case Decimal():
            return value if value.is_finite() else float(value)
        case list() | tuple():
            return [plain_cell(each, zone) for each in value]
        case dict():
            return {str(key): plain_cell(each, zone) for key, each in value.items()}
        case timedelta():
            return iso_duration(value)
    return str(value)


def _local(value: time, zone: tzinfo) -> time:
    """Return a time of day with an offset as that of a zone, on the first day of all."""
    moment = datetime.combine(date(1970, 1, 1), value)
    return moment.astimezone(zone or UTC).time()


def bindable(value: Any) -> Any:
    """Return a parameter as psycopg can send it."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value) if isinstance(value, UUID) else value
