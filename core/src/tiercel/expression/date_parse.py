"""Dates read by Java's `DateTimeFormatter` patterns: from text to field values.

Each node of `date_pattern` takes its part of the text, with the strictness of Java's parser:
numbers have their widths and signs, adjacent numbers share out their digits (`yyyyMMdd`), names
must be spelt as they are printed. What the fields mean together is decided in `date_resolve`.

This module knows nothing of templates.
"""

from __future__ import annotations

import re
from datetime import tzinfo
from functools import lru_cache

from tiercel.errors import EvaluationError
from tiercel.expression.date_nodes import (
    Fraction,
    InstantText,
    Literal,
    LocalizedOffset,
    Node,
    Number,
    Offset,
    Optional,
    Padded,
    PartOfDay,
    Reduced,
    Text,
    ZoneId,
    ZoneName,
)
from tiercel.expression.date_resolve import Parsed, resolve
from tiercel.expression.datetime_format import FORMATS, nodes_of
from tiercel.expression.iso_date import parse_iso
from tiercel.expression.locale_names import Names, names_of
from tiercel.expression.moment import Moment
from tiercel.expression.zones import REGION_UTC, zone_in_text, zone_of

__all__ = ["parse_date"]

FAILED = -1
_PATTERNS = frozenset({"iso_milli", "iso_sec"})
"""Names for patterns; the other names that begin with `iso_` are Java's own formats, and strict."""
_LONGEST_ZONE = 50
_REDUCED_BASE = 2000
_ISO_INSTANT = re.compile(
    r"[+-]?\d{4,10}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{0,9})?)?(?:Z|[+-]\d\d(?::\d\d(?::\d\d)?)?)",
    re.ASCII | re.IGNORECASE,
)
_ZONE_TEXT = re.compile(
    r"(?:UTC?|GMT)?[+-]\d\d:\d\d(?::\d\d)?|[A-Za-z][A-Za-z0-9~/._+-]*", re.ASCII
)
_LOCALIZED_OFFSET = re.compile(r"([+-])(\d\d?)(?::(\d\d))?(?::(\d\d))?", re.ASCII)
# Zones that Java prefers when several share an abbreviation.
_NAMED_ZONES = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("America/Anchorage", "Pacific/Honolulu", "America/Halifax", "America/Sao_Paulo"),
    *("UTC", "Europe/London", "Europe/Lisbon", "Europe/Paris", "Europe/Bucharest", "Europe/Moscow"),
    *("Asia/Kolkata", "Asia/Tokyo", "Asia/Seoul", "Asia/Singapore", "Asia/Shanghai"),
    *("Australia/Sydney", "Australia/Adelaide", "Australia/Perth", "Pacific/Auckland"),
    *("Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi"),
)


def parse_date(text: str, format_: str, locale: str, zone: tzinfo) -> Moment:
    """Read a date in a given format, as a date with zone, else without, else without time.

    Args:
        text: the date.
        format_: a key of `FORMATS`, a localized style, or a pattern.
        locale: the locale of names in the text.
        zone: the zone of a text that has none.

    Raises:
        EvaluationError: the format is invalid, or the text does not fit it.
    """
    names = names_of(locale)
    strict = format_ in FORMATS and format_.startswith("iso_") and format_ not in _PATTERNS
    reader = _Reader(text, names, strict or format_.startswith("rfc_"))
    position = reader.sequence(nodes_of(format_, names), 0)
    if position != len(text):
        raise EvaluationError(f"Text {text[:80]!r} does not fit the date format {format_[:80]!r}")
    return resolve(reader.parsed, text, names, zone, strict=strict)


def _reserved_widths(nodes: tuple[Node, ...]) -> dict[int, int]:
    """Digits that a number must leave to the fixed-width numbers right after it, by index."""
    reserved: dict[int, int] = {}
    base: int | None = None
    for index, node in enumerate(nodes):
        width = _fixed_width(node)
        if base is not None and width:
            reserved[base] = reserved.get(base, 0) + width
        elif isinstance(node, Number) or width:
            if base is not None:
                reserved.pop(base, None)
            base = index
        else:
            base = None
    return reserved


def _fixed_width(node: Node) -> int:
    if isinstance(node, Number):
        return node.max_width if node.is_fixed else 0
    if isinstance(node, Reduced):
        return 2
    if isinstance(node, Fraction) and not node.point and node.min_width == node.max_width:
        return node.max_width
    return 0


class _Reader:
    """Reads one text; `parsed` collects what it finds.

    Every method takes a position and returns the one after, or `FAILED`.
    """

    def __init__(self, text: str, names: Names, ignore_case: bool) -> None:
        self.parsed = Parsed()
        self._text = text
        self._names = names
        self._ignore_case = ignore_case

    def sequence(self, nodes: tuple[Node, ...], position: int) -> int:
        reserved = _reserved_widths(nodes)
        for index, node in enumerate(nodes):
            position = self._node(node, position, reserved.get(index, 0))
            if position < 0:
                return FAILED
        return position

    def _node(self, node: Node, position: int, reserved: int = 0) -> int:
        if isinstance(node, Literal):
            return self._literal(node.text, position)
        if isinstance(node, Number):
            return self._number(node, position, reserved)
        if isinstance(node, Reduced):
            return self._reduced(node, position, reserved)
        if isinstance(node, Fraction):
            return self._fraction(node, position)
        if isinstance(node, Text):
            return self._name(node, position)
        if isinstance(node, Optional):
            return self._optional(node, position)
        if isinstance(node, Padded):
            return self._padded(node, position)
        return self._zone_node(node, position)

    def _zone_node(self, node: Node, position: int) -> int:
        if isinstance(node, Offset):
            return self._offset(node, position)
        if isinstance(node, LocalizedOffset):
            return self._localized_offset(node, position)
        if isinstance(node, ZoneId):
            return self._zone_id(position)
        if isinstance(node, ZoneName):
            return self._zone_name(position)
        if isinstance(node, PartOfDay):
            return self._part_of_day(node, position)
        return self._instant(node, position)

    def _set(self, field: str, value: int, position: int) -> int:
        """Store a field; the same field twice must have the same value."""
        return position if self.parsed.fields.setdefault(field, value) == value else FAILED

    def _literal(self, text: str, position: int) -> int:
        found = self._text[position : position + len(text)]
        same = found == text or (self._ignore_case and found.lower() == text.lower())
        return position + len(text) if same else FAILED

    def _digits(self, position: int, most: int) -> int:
        """How many digits there are, up to `most`."""
        end = position
        last = min(position + most, len(self._text))
        while end < last and self._text[end] in "0123456789":
            end += 1
        return end - position

    def _number(self, node: Number, position: int, reserved: int) -> int:
        sign = self._text[position : position + 1]
        if sign == "+" and node.sign != "exceeds_pad":
            return FAILED
        if sign == "-" and node.sign == "not_negative":
            return FAILED
        start = position + 1 if sign in ("+", "-") and sign else position
        count = self._digits(start, node.max_width + reserved)
        if reserved:
            count = max(node.min_width, count - reserved)
        if count < node.min_width or self._digits(start, count) < count or not count:
            return FAILED
        value = int(self._text[start : start + count])
        if sign == "-" and not value:
            return FAILED
        if node.sign == "exceeds_pad" and sign != "-" and (sign == "+") != (count > node.min_width):
            return FAILED
        return self._set(node.field, -value if sign == "-" else value, start + count)

    def _reduced(self, node: Reduced, position: int, reserved: int) -> int:
        count = self._digits(position, 2 + reserved)
        if count < 2 or self._digits(position, 2) < 2:
            return FAILED
        value = int(self._text[position : position + 2])
        return self._set(node.field, _REDUCED_BASE + value, position + 2)

    def _fraction(self, node: Fraction, position: int) -> int:
        if node.point:
            if self._text[position : position + 1] != ".":
                return FAILED if node.min_width else position
            position += 1
        count = self._digits(position, node.max_width)
        if count < node.min_width:
            return FAILED
        digits = self._text[position : position + count]
        return self._set("nano", int(digits.ljust(9, "0")), position + count)

    def _name(self, node: Text, position: int) -> int:
        source = names_of("en") if node.english else self._names
        names = source.values(node.field, node.width, node.standalone)
        for name in sorted(names, key=len, reverse=True):
            end = self._literal(name, position)
            if end >= 0:
                return self._set(node.field, names[name], end)
        return FAILED

    def _optional(self, node: Optional, position: int) -> int:
        kept = self.parsed.copy()
        end = self.sequence(node.nodes, position)
        if end >= 0:
            return end
        self.parsed = kept
        return position

    def _padded(self, node: Padded, position: int) -> int:
        end = position + node.width
        if end > len(self._text):
            return FAILED
        start = position
        while start < end and self._text[start] == " ":
            start += 1
        whole, self._text = self._text, self._text[:end]
        try:
            reached = self._node(node.node, start)
        finally:
            self._text = whole
        return reached if reached == end else FAILED

    def _offset(self, node: Offset, position: int) -> int:
        end = self._literal(node.zero, position)
        if end >= 0:
            return self._set("offset", 0, end)
        match = _offset_syntax(node.pattern, node.lenient).match(self._text, position)
        if match is None:
            return FAILED
        sign, *parts = match.groups(default="")
        hours, minutes, seconds = (int(part or 0) for part in parts)
        if hours > 23 or minutes > 59 or seconds > 59:
            return FAILED
        total = hours * 3600 + minutes * 60 + seconds
        return self._set("offset", -total if sign == "-" else total, match.end())

    def _localized_offset(self, node: LocalizedOffset, position: int) -> int:
        start = self._literal(self._names.gmt(""), position)
        if start < 0:
            return FAILED
        match = _LOCALIZED_OFFSET.match(self._text, start)
        if match is None:
            return self._set("offset", 0, start)
        if node.full and (len(match[2]) < 2 or not match[3]):
            return FAILED
        sign, hours, minutes, seconds = match.groups(default="0")
        total = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        return self._set("offset", -total if sign == "-" else total, match.end())

    def _zone_id(self, position: int) -> int:
        """The longest text that names a zone."""
        match = _ZONE_TEXT.match(self._text, position, position + _LONGEST_ZONE)
        for end in range(match.end() if match else position, position, -1):
            try:
                self.parsed.zone = zone_in_text(self._text[position:end])
            except EvaluationError:
                continue
            return end
        return FAILED

    def _zone_name(self, position: int) -> int:
        table = _zone_names(self._names.language)
        for name in sorted(table, key=len, reverse=True):
            end = self._literal(name, position)
            if end >= 0:
                self.parsed.zone = zone_of(table[name])
                return end
        return self._zone_id(position)

    def _part_of_day(self, node: PartOfDay, position: int) -> int:
        for hour in (6, 0, 3, 9, 12, 13, 15, 18, 20, 21, 23):
            end = self._literal(self._names.day_period(hour * 3600 + 60, node.width), position)
            if end >= 0:
                return self._set("am_pm", hour // 12, end)
        return FAILED

    def _instant(self, node: Node, position: int) -> int:
        match = _ISO_INSTANT.match(self._text, position) if isinstance(node, InstantText) else None
        if match is None:
            return FAILED
        self.parsed.instant = parse_iso(match[0].upper(), REGION_UTC)
        return match.end()


@lru_cache(maxsize=32)
def _offset_syntax(pattern: str, lenient: bool) -> re.Pattern[str]:
    """The regular expression of an offset pattern; groups are sign, hours, minutes, seconds."""
    colon = ":" if ":" in pattern else ""
    minutes, seconds = f"{colon}([0-9][0-9])", f"{colon}([0-9][0-9])"
    if lenient:
        tail = f"(?:{minutes}(?:{seconds})?)?"
    elif pattern.endswith("mm"):
        tail = f"(?:{minutes})?()"
    elif pattern.endswith("ss"):
        tail = f"{minutes}(?:{seconds})?"
    else:
        tail = f"{minutes}()"
    return re.compile(f"([+-])([0-9][0-9]){tail}")


@lru_cache(maxsize=16)
def _zone_names(language: str) -> dict[str, str]:
    """Name → zone: of winter, summer and both, short and long."""
    names = names_of(language)
    table: dict[str, str] = {}
    for key in _NAMED_ZONES:
        for month in (1, 7):
            day = Moment.of_epoch((month - 1) * 30 * 86_400 + 1_704_067_200, 0, zone_of(key))
            for width in ("short", "full"):
                for generic in (False, True):
                    table.setdefault(names.zone_name(day, width, generic), key)
    return {name: key for name, key in table.items() if name != "GMT"}
