"""Time zones by the names that Java's `ZoneId.of` takes, as standard library `tzinfo` objects.

A region (`Europe/Paris`) becomes a `ZoneInfo`; an offset (`+02:00`, `Z`) and a prefixed offset
(`UTC+3`) become a `timezone` whose name is the Java id. Three kinds of id that the system knows and
Java does not are refused: `EST`, `PST` and the like, `localtime`, and names in the wrong case.

This module knows nothing of templates.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tiercel.errors import EvaluationError

__all__ = [
    "REGION_UTC",
    "fixed_offset",
    "is_offset",
    "offset_id",
    "parse_offset",
    "zone_id",
    "zone_in_text",
    "zone_of",
]

REGION_UTC = timezone(timedelta(0), "UTC")
"""The region `UTC`, which prints as `Z[UTC]`; `datetime.UTC` is the bare offset `Z`."""

MAX_OFFSET = 18 * 3600
# Java leaves these out of its copy of the tz database.
_UNKNOWN_TO_JAVA = frozenset({"EST", "HST", "MST", "ROC", "Factory", "localtime", "posixrules"})
_UNKNOWN_FOLDERS = ("posix/", "right/", "SystemV/")
_SHORT_OFFSET = re.compile(r"(?:UTC?|GMT)?[+-]\d*", re.ASCII)
_REGION = re.compile(r"[A-Za-z][A-Za-z0-9~/._+-]+")
_OFFSETS = re.compile(r"([+-])(?:(\d)|(\d\d)(?:(\d\d)(\d\d)?|:(\d\d)(?::(\d\d))?)?)", re.ASCII)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> tzinfo:
    """Return the zone Java's `ZoneId.of(name)` stands for.

    Raises:
        EvaluationError: Java knows no such zone.
    """
    if len(name) <= 1 or name[0] in "+-":
        return fixed_offset(parse_offset(name))
    for prefix in ("UTC", "GMT", "UT"):
        if name.startswith(prefix):
            rest = name[len(prefix) :]
            if not rest:
                return REGION_UTC if prefix == "UTC" else timezone(timedelta(0), prefix)
            if rest[0] in "+-":
                seconds = parse_offset(rest)
                suffix = offset_id(seconds) if seconds else ""
                return timezone(timedelta(seconds=seconds), prefix + suffix)
            break
    return _region(name)


def zone_in_text(name: str) -> tzinfo:
    """Return a zone as a date's text may name it: its offsets must have a colon.

    Raises:
        EvaluationError: Java's parser knows no such zone.
    """
    if _SHORT_OFFSET.fullmatch(name):
        raise EvaluationError(f"Unknown time zone {name[:80]!r}; write its offset like '+02:00'")
    return zone_of(name)


def _region(name: str) -> tzinfo:
    known = name not in _UNKNOWN_TO_JAVA and not name.startswith(_UNKNOWN_FOLDERS)
    if known and _REGION.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError, ValueError):
            pass
    raise EvaluationError(
        f"Unknown time zone {name[:80]!r}; "
        "write a region like 'Europe/Paris' or an offset like '+02:00'"
    )


def parse_offset(text: str) -> int:
    """Return the seconds of an offset as `ZoneOffset.of` reads it: `Z`, `+9`, `-0530`, `+05:30`.

    Raises:
        EvaluationError: it is none, or more than 18 hours.
    """
    if text == "Z":
        return 0
    match = _OFFSETS.fullmatch(text)
    if match:
        sign, hour, hours, minutes, seconds, minutes2, seconds2 = match.groups(default="")
        parts = int(hour or hours), int(minutes or minutes2 or 0), int(seconds or seconds2 or 0)
        total = parts[0] * 3600 + parts[1] * 60 + parts[2]
        if parts[1] < 60 and parts[2] < 60 and total <= MAX_OFFSET:
            return -total if sign == "-" else total
    raise EvaluationError(f"Invalid time zone offset {text[:80]!r}; write one like 'Z' or '+02:00'")


@lru_cache(maxsize=256)
def fixed_offset(seconds: int) -> timezone:
    """Return the zone of a bare offset, named as Java names it."""
    return timezone(timedelta(seconds=seconds), offset_id(seconds))


def offset_id(seconds: int) -> str:
    """Print an offset as `ZoneOffset.getId` does: `Z`, `+05:30`, `-00:00:30`."""
    if not seconds:
        return "Z"
    hours, rest = divmod(abs(seconds), 3600)
    text = f"{'-' if seconds < 0 else '+'}{hours:02d}:{rest // 60:02d}"
    return f"{text}:{rest % 60:02d}" if rest % 60 else text


def zone_id(zone: tzinfo) -> str:
    """Return the Java id of a zone: `Europe/Paris`, `UTC+03:00`, `+02:00`, `Z`."""
    if isinstance(zone, ZoneInfo):
        return zone.key or "UTC"
    if isinstance(zone, timezone):
        # A nameless `timezone` calls itself `UTC+03:00`, so its name does not tell.
        arguments = zone.__getinitargs__()  # type: ignore[attr-defined]  # not in typeshed
        if len(arguments) == 2:
            return str(arguments[1])
    delta = zone.utcoffset(datetime(2000, 1, 1))  # a foreign tzinfo may want a real date
    return offset_id(int(delta.total_seconds()) if delta else 0)


def is_offset(zone: tzinfo) -> bool:
    """Whether the zone is a bare offset, which Java prints without brackets."""
    return not isinstance(zone, ZoneInfo) and zone_id(zone)[0] in "Z+-"
