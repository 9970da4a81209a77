"""Dates written by Java's `DateTimeFormatter` patterns, named formats and localized styles.

`formatter("yyyy-MM-dd HH:mm", "en_US")` compiles a format once and keeps it; the `DateFormatter`
then writes any number of moments. Nothing is rounded: digits that a format has no room for are cut
off, as Java does.

Patterns made of plain fields have a second, faster way: they are pieces of the ISO text of the
moment (`2024-03-05 07:08:09.123456+00:00`), which Python makes in one step.

This module knows nothing of templates.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter

from tiercel.errors import EvaluationError
from tiercel.expression.date_fields import FIELDS
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
from tiercel.expression.date_pattern import parse_pattern
from tiercel.expression.locale_names import Names, names_of
from tiercel.expression.moment import Moment
from tiercel.expression.zones import REGION_UTC, is_offset, zone_id

__all__ = ["FORMATS", "STYLES", "DateFormatter", "formatter", "iso_text", "nodes_of"]

Writer = Callable[[Moment], str]

STYLES = ("short", "medium", "long", "full")
"""The localized styles, whose patterns come from the locale."""

_T = Literal("T")
_YEAR = Number("year", 4, 10, "exceeds_pad")
_OFFSET = Offset("+HH:MM:ss", "Z")
_ANY_OFFSET = Offset("+HH:MM:ss", "Z", lenient=True)
_REGION = Optional((Literal("["), ZoneId(region=True), Literal("]")))


def _two(field: str) -> Number:
    return Number(field, 2, 2, "not_negative")


_DATE: tuple[Node, ...] = (_YEAR, Literal("-"), _two("month"), Literal("-"), _two("day"))
_SECONDS = (Literal(":"), _two("second"), Optional((Fraction(0, 9, point=True),)))
_TIME: tuple[Node, ...] = (_two("hour"), Literal(":"), _two("minute"), Optional(_SECONDS))
_WEEK_DATE: tuple[Node, ...] = (
    Number("iso_week_year", 4, 10, "exceeds_pad"),
    Literal("-W"),
    _two("iso_week"),
    Literal("-"),
    Number("day_of_week", 1, 1, "not_negative"),
)
_ORDINAL_DATE: tuple[Node, ...] = (
    _YEAR,
    Literal("-"),
    Number("day_of_year", 3, 3, "not_negative"),
)
_RFC_1123: tuple[Node, ...] = (
    Optional((Text("day_of_week", "short", english=True), Literal(", "))),
    Number("day", 1, 2, "not_negative"),
    Literal(" "),
    Text("month", "short", english=True),
    Literal(" "),
    Number("year", 4, 4, "not_negative"),
    Literal(" "),
    *(_two("hour"), Literal(":"), _two("minute"), Optional((Literal(":"), _two("second")))),
    Literal(" "),
    Offset("+HHMM", "GMT"),
)

FORMATS: dict[str, tuple[Node, ...]] = {
    "iso": parse_pattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"),
    "iso_milli": parse_pattern("yyyy-MM-dd'T'HH:mm:ss.SSSXXX"),
    "iso_sec": parse_pattern("yyyy-MM-dd'T'HH:mm:ssXXX"),
    "sql": parse_pattern("yyyy-MM-dd HH:mm:ss.SSSSSS"),
    "sql_milli": parse_pattern("yyyy-MM-dd HH:mm:ss.SSS"),
    "sql_sec": parse_pattern("yyyy-MM-dd HH:mm:ss"),
    "iso_date_time": (*_DATE, _T, *_TIME, Optional((_OFFSET, _REGION))),
    "iso_date": (*_DATE, Optional((_OFFSET,))),
    "iso_time": (*_TIME, Optional((_OFFSET,))),
    "iso_local_date": _DATE,
    "iso_instant": (InstantText(),),
    "iso_local_date_time": (*_DATE, _T, *_TIME),
    "iso_local_time": _TIME,
    "iso_offset_time": (*_TIME, _ANY_OFFSET),
    "iso_ordinal_date": (*_ORDINAL_DATE, Optional((_OFFSET,))),
    "iso_week_date": (*_WEEK_DATE, Optional((_OFFSET,))),
    "iso_zoned_date_time": (*_DATE, _T, *_TIME, _ANY_OFFSET, _REGION),
    "rfc_1123_date_time": _RFC_1123,
}
"""Kestra's named formats."""


def nodes_of(format_: str, names: Names) -> tuple[Node, ...]:
    """Return the nodes of a named format, a localized style or a pattern.

    Raises:
        EvaluationError: it is none of these and no valid pattern.
    """
    if format_ in STYLES:
        return parse_pattern(names.pattern(format_))
    named = FORMATS.get(format_)
    return parse_pattern(format_) if named is None else named


@lru_cache(maxsize=1024)
def formatter(format_: str, locale: str) -> DateFormatter:
    """Compile a format for a locale, or return the one compiled before.

    Args:
        format_: a key of `FORMATS`, one of `STYLES`, or a `DateTimeFormatter` pattern.
        locale: as Java prints it (`en_US`).

    Raises:
        EvaluationError: the pattern or the locale is invalid.
    """
    names = names_of(locale)
    return DateFormatter(nodes_of(format_, names), names)


class DateFormatter:
    """Writes moments in one format and locale.

    Args:
        nodes: the format.
        names: the locale.

    Attributes:
        from_iso: writes from the text that `iso_text` makes; None when the format needs more.
    """

    __slots__ = ("_writers", "from_iso")

    def __init__(self, nodes: tuple[Node, ...], names: Names) -> None:
        self._writers = tuple(_writer(node, names) for node in nodes)
        self.from_iso = _iso_writer(nodes)

    def write(self, moment: Moment) -> str:
        """Return the moment in this format.

        Raises:
            EvaluationError: a field has more digits than the format has room for.
        """
        return "".join([write(moment) for write in self._writers])


class _Absent(Exception):
    """A section cannot be written for this moment, and is left out."""


def _writer(node: Node, names: Names) -> Writer:
    if isinstance(node, Literal):
        text = node.text
        return lambda moment: text
    if isinstance(node, Number):
        return _number_writer(node, names)
    if isinstance(node, Reduced):
        value = FIELDS[node.field]
        return lambda moment: f"{abs(value(moment, names)) % 100:02d}"
    if isinstance(node, Text):
        return _text_writer(node, names)
    if isinstance(node, Fraction):
        return _fraction_writer(node)
    if isinstance(node, Padded):
        return _padded_writer(node, names)
    if isinstance(node, Optional):
        return _optional_writer(node, names)
    return _zone_writer(node, names)


def _zone_writer(node: Node, names: Names) -> Writer:
    """The writer of a node about zones, offsets and parts of the day."""
    if isinstance(node, Offset):
        return lambda moment: _offset_text(moment.offset, node)
    if isinstance(node, LocalizedOffset):
        return lambda moment: _localized_offset(moment.offset, node.full, names)
    if isinstance(node, ZoneName):
        return lambda moment: names.zone_name(moment, node.width, node.generic)
    if isinstance(node, PartOfDay):
        return lambda moment: names.day_period(moment.second_of_day, node.width)
    if isinstance(node, InstantText):
        return _instant_text
    if isinstance(node, ZoneId) and node.region:
        return _region_id
    return lambda moment: zone_id(moment.zone)


def _region_id(moment: Moment) -> str:
    if is_offset(moment.zone):
        raise _Absent
    return zone_id(moment.zone)


def _number_writer(node: Number, names: Names) -> Writer:
    value, width = FIELDS[node.field], node.min_width

    def write(moment: Moment) -> str:
        return _number_text(value(moment, names), node)

    if node.is_fixed and width == 2:
        return lambda moment: f"{value(moment, names):02d}"
    return write


def _number_text(number: int, node: Number) -> str:
    digits = str(abs(number))
    if len(digits) > node.max_width:
        raise EvaluationError(
            f"Field {node.field} cannot be printed: {number} has more than {node.max_width} digits"
        )
    digits = digits.zfill(node.min_width)
    if number < 0:
        if node.sign == "not_negative":
            raise EvaluationError(f"Field {node.field} cannot be printed: {number} is negative")
        return "-" + digits
    return "+" + digits if node.sign == "exceeds_pad" and len(digits) > node.min_width else digits


def _text_writer(node: Text, names: Names) -> Writer:
    value = FIELDS[node.field]
    source = names_of("en") if node.english else names

    def write(moment: Moment) -> str:
        number = value(moment, names)
        return source.text(node.field, number, node.width, node.standalone) or str(number)

    return write


def _fraction_writer(node: Fraction) -> Writer:
    def write(moment: Moment) -> str:
        digits = f"{moment.nano:09d}"[: node.max_width]
        kept = digits.rstrip("0").ljust(node.min_width, "0")
        return "." + kept if kept and node.point else kept

    return write


def _padded_writer(node: Padded, names: Names) -> Writer:
    write_inner, width = _writer(node.node, names), node.width

    def write(moment: Moment) -> str:
        text = write_inner(moment)
        if len(text) > width:
            raise EvaluationError(f"Text {text!r} is longer than its pad width of {width}")
        return text.rjust(width)

    return write


def _optional_writer(node: Optional, names: Names) -> Writer:
    writers = tuple(_writer(inner, names) for inner in node.nodes)

    def write(moment: Moment) -> str:
        try:
            return "".join([write_inner(moment) for write_inner in writers])
        except _Absent:
            return ""

    return write


def _offset_text(offset: int, node: Offset) -> str:
    colon = ":" if ":" in node.pattern else ""
    hours, rest = divmod(abs(offset), 3600)
    minutes, seconds = divmod(rest, 60)
    text = f"{'-' if offset < 0 else '+'}{hours:02d}"
    shown = hours
    if "MM" in node.pattern or minutes:
        text += f"{colon}{minutes:02d}"
        shown += minutes
        if node.pattern.endswith("ss") and seconds:
            text += f"{colon}{seconds:02d}"
            shown += seconds
    return text if shown else node.zero


def _localized_offset(offset: int, full: bool, names: Names) -> str:
    if not offset:
        return names.gmt("")
    hours, rest = divmod(abs(offset), 3600)
    minutes, seconds = divmod(rest, 60)
    text = f"{hours:02d}:{minutes:02d}" if full else str(hours)
    if not full and rest:
        text += f":{minutes:02d}"
    if seconds:
        text += f":{seconds:02d}"
    return names.gmt(("-" if offset < 0 else "+") + text)


def _instant_text(moment: Moment) -> str:
    utc = moment.in_zone(REGION_UTC)
    year = _number_text(utc.year, _YEAR)
    date = f"{year}-{utc.month:02d}-{utc.day:02d}"
    text = f"{date}T{utc.hour:02d}:{utc.minute:02d}:{utc.second:02d}"
    if not utc.nano:
        return text + "Z"
    digits = f"{utc.nano:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{text}.{digits}Z"


def iso_text(moment: Moment) -> str:
    """Return the text that `DateFormatter.from_iso` reads; empty for years it cannot show."""
    if not 1 <= moment.year <= 9999:
        return ""
    minutes, seconds = divmod(abs(moment.offset), 60)
    sign = "-" if moment.offset < 0 else "+"
    offset = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    return (
        f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d} "
        f"{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}.{moment.nano // 1000:06d}"
        f"{offset}{f':{seconds:02d}' if seconds else ''}"
    )


_ISO_LAYOUT = "yyyy-MM-dd HH:mm:ss.ffffff"
_ISO_PLACES: dict[Node, slice] = {
    Number("year_of_era", 4, 19, "exceeds_pad"): slice(0, 4),
    Number("year", 4, 19, "exceeds_pad"): slice(0, 4),
    _YEAR: slice(0, 4),
    Reduced("year_of_era"): slice(2, 4),
    Reduced("year"): slice(2, 4),
    _two("month"): slice(5, 7),
    _two("day"): slice(8, 10),
    _two("hour"): slice(11, 13),
    _two("minute"): slice(14, 16),
    _two("second"): slice(17, 19),
    **{Fraction(width, width): slice(20, 20 + width) for width in range(1, 7)},
}


def _iso_writer(nodes: tuple[Node, ...]) -> Callable[[str], str] | None:
    """A function that puts the format together from pieces of the ISO text, if that will do."""
    offset = nodes[-1] if nodes and isinstance(nodes[-1], Offset) else None
    if offset and offset.pattern != "+HH:MM":
        return None
    pieces: list[str | slice] = []
    for node in nodes[:-1] if offset else nodes:
        if isinstance(node, Literal):
            pieces.append(node.text)
        elif node in _ISO_PLACES:
            _append_place(pieces, _ISO_PLACES[node])
        else:
            return None
    head = _pieces_writer(pieces)
    if offset is None:
        return head
    zero = offset.zero
    return lambda iso: head(iso) + (zero if iso[27:32] == "00:00" else iso[26:32])


def _append_place(pieces: list[str | slice], place: slice) -> None:
    """Add a piece, joined to the one before when the text between is the layout's own."""
    if len(pieces) >= 2:
        before, literal = pieces[-2], pieces[-1]
        if isinstance(before, slice) and _ISO_LAYOUT[before.stop : place.start] == literal:
            pieces[-2:] = [slice(before.start, place.stop)]
            return
    pieces.append(place)


def _pieces_writer(pieces: list[str | slice]) -> Callable[[str], str]:
    places = [piece for piece in pieces if isinstance(piece, slice)]
    template = "".join(
        "%s" if isinstance(piece, slice) else piece.replace("%", "%%") for piece in pieces
    )
    if not places:
        text = "".join(piece for piece in pieces if isinstance(piece, str))
        return lambda iso: text
    take = itemgetter(*places)
    if template == "%s":
        return take
    return lambda iso: template % take(iso)
