"""The nodes of a date format: what Java's formatter builder would take as its steps.

`date_pattern` makes them of a pattern, `datetime_format` writes and `date_parse` reads by them.

This module knows nothing of templates.
"""

from __future__ import annotations

from typing import Literal as Choice

from tiercel._record import record

__all__ = [
    "MAX_WIDTH",
    "Fraction",
    "InstantText",
    "Literal",
    "LocalizedOffset",
    "Node",
    "Number",
    "Offset",
    "Optional",
    "Padded",
    "PartOfDay",
    "Reduced",
    "Sign",
    "Text",
    "Width",
    "ZoneId",
    "ZoneName",
]

Sign = Choice["normal", "exceeds_pad", "not_negative"]
Width = Choice["short", "full", "narrow"]
MAX_WIDTH = 19


@record
class Literal:
    """Text as it stands."""

    text: str


@record
class Number:
    """A field as a number.

    Attributes:
        field: name of the field, `year_of_era`.
        min_width: digits at the least, padded with zeros.
        max_width: digits at the most.
        sign: what to do with signs, as Java's `SignStyle`.
    """

    field: str
    min_width: int = 1
    max_width: int = MAX_WIDTH
    sign: Sign = "normal"

    @property
    def is_fixed(self) -> bool:
        """Whether it always takes the same number of digits."""
        return self.min_width == self.max_width and self.sign == "not_negative"


@record
class Reduced:
    """A year by its last two digits, meaning 2000 to 2099."""

    field: str


@record
class Fraction:
    """Digits of the fraction of a second, cut off rather than rounded.

    Attributes:
        min_width: digits at the least.
        max_width: digits at the most; zeros beyond `min_width` are dropped.
        point: whether a decimal point comes first.
    """

    min_width: int
    max_width: int
    point: bool = False


@record
class Text:
    """A field by its name: `Tue`, `März`, `AM`.

    Attributes:
        field: name of the field.
        width: which form of the name.
        standalone: whether the name stands alone rather than in a date.
        english: whether it is English in every locale.
    """

    field: str
    width: Width
    standalone: bool = False
    english: bool = False


@record
class Offset:
    """The offset from UTC.

    Attributes:
        pattern: as Java writes it: `+HHmm`, `+HH:MM:ss`; capitals are always printed, small
            letters unless zero.
        zero: what stands for no offset.
        lenient: whether reading takes fewer or more parts than printed.
    """

    pattern: str
    zero: str
    lenient: bool = False


@record
class LocalizedOffset:
    """The offset as `GMT+8` or, when full, `GMT+08:00`."""

    full: bool


@record
class ZoneId:
    """The zone's id: `Europe/Paris`.

    Attributes:
        region: whether a bare offset does not count as a zone.
    """

    region: bool = False


@record
class ZoneName:
    """What people call the zone: `CET`, `Central European Standard Time`."""

    width: Width
    generic: bool = False


@record
class PartOfDay:
    """`in the morning`."""

    width: Width


@record
class InstantText:
    """The instant in UTC, as `DateTimeFormatter.ISO_INSTANT` prints it."""


@record
class Padded:
    """A node filled up with blanks on its left."""

    node: Node
    width: int


@record
class Optional:
    """A section that is left out when it cannot be printed or read.

    Attributes:
        nodes: the section.
    """

    nodes: tuple[Node, ...]


Node = (
    Literal
    | Number
    | Reduced
    | Fraction
    | Text
    | Offset
    | LocalizedOffset
    | ZoneId
    | ZoneName
    | PartOfDay
    | InstantText
    | Padded
    | Optional
)
