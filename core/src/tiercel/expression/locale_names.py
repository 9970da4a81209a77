"""Names of months, days, eras and zones in a locale, as the JDK's CLDR data has them.

The data come from babel, which is imported with the first name that a pattern asks for. Where the
JDK goes its own way, so does this module: an unknown locale uses the root's patterns with short
English names, a locale without a country starts its weeks on Sunday, a zone without a CLDR short
name keeps the abbreviation that Java has always used for it.

This module knows nothing of templates.
"""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from tiercel.errors import EvaluationError
from tiercel.expression.moment import Moment
from tiercel.expression.zones import is_offset, zone_id

__all__ = ["Names", "names_of"]

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_COUNTRY = re.compile(r"[A-Z]{2}|[0-9]{3}")
_ENGLISH_SHORT = {
    "month": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    "day_of_week": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
}
_WIDTHS = {"short": "abbreviated", "full": "wide", "narrow": "narrow"}
_NO_NAME = "∅∅∅"  # CLDR: do not look any further
_UNIVERSAL = frozenset({"UTC", "Etc/UTC", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu", "Universal"})
# Zones whose winter time counts as the exception in the tz database, and as the rule in Java.
_NEGATIVE_WINTER = frozenset({"Europe/Dublin", "Eire", "Africa/Casablanca", "Africa/El_Aaiun"})


@lru_cache(maxsize=64)
def names_of(locale: str) -> Names:
    """Return the names of a locale written as Java's `LocaleUtils.toLocale` reads it.

    Raises:
        EvaluationError: `locale` is not of the form `fr`, `fr_FR` or `fr-FR`.
    """
    parts = locale.split("_" if "_" in locale else "-")
    language, country, variant = [*parts, "", ""][:3]
    malformed = (
        len(parts) > 3
        or not (_LANGUAGE.fullmatch(language) or (not language and len(parts) > 1))
        or (len(parts) > 1 and not _COUNTRY.fullmatch(country) and not (not country and variant))
        or (len(parts) > 2 and not variant)
    )
    if malformed and locale:
        raise EvaluationError(f"Invalid locale {locale[:80]!r}; write one like 'fr' or 'fr_FR'")
    return Names(language, country)


class Names:
    """The names and conventions of one locale.

    Args:
        language: ISO 639 code; empty for the root locale.
        country: ISO 3166 code or empty.

    Attributes:
        language: the code it was made with.
    """

    def __init__(self, language: str, country: str) -> None:
        self.language = language
        self._country = country

    @property
    def first_weekday(self) -> int:
        """The day a week starts with, Monday 1 to Sunday 7."""
        return _week_rules(self._country)[0]

    @property
    def minimal_days(self) -> int:
        """How many days of the year its first week must have."""
        return _week_rules(self._country)[1]

    @property
    def _locale(self) -> Any:
        return _tables(self.language, self._country)[1]

    @property
    def _is_root(self) -> bool:
        return _tables(self.language, self._country)[0]

    def pattern(self, style: str) -> str:
        """Return the pattern of a localized date and time.

        Args:
            style: `short`, `medium`, `long` or `full`.
        """
        data = self._locale
        joined = str(data["datetime_formats"][style])
        return joined.replace("{1}", data["date_formats"][style].pattern).replace(
            "{0}", data["time_formats"][style].pattern
        )

    def text(self, field: str, value: int, width: str, standalone: bool = False) -> str | None:
        """Return the name of a field's value, or None when it has only a number.

        Args:
            field: `month`, `day_of_week`, `quarter`, `am_pm` or `era`.
            value: as Java counts it: from 1, Monday 1, AM 0, BC 0.
            width: `short`, `full` or `narrow`.
            standalone: whether the name stands alone rather than in a date.
        """
        if field == "era":
            return self._era(value, width)
        if self._is_root:
            return self._root_text(field, value, width)
        data = self._locale
        context = "stand-alone" if standalone else "format"
        form = _WIDTHS[width]
        if field == "am_pm":
            half = ("am", "pm")[value]
            return str(next(names[half] for names in self._day_periods(width) if half in names))
        if field == "quarter":
            return str(data["quarters"][context][form][value])
        if field == "day_of_week":
            return str(data["days"][context][form][value - 1])
        return str(data["months"][context][form][value])

    def _root_text(self, field: str, value: int, width: str) -> str | None:
        if field == "am_pm":
            return ("AM", "PM")[value]
        if field == "quarter":
            return f"Q{value}" if width != "narrow" else str(value)
        name = _ENGLISH_SHORT[field][value - 1]
        if width != "narrow":
            return name
        return None if field == "month" else name[0]

    def _era(self, value: int, width: str) -> str:
        if self._is_root:
            return ("BCE", "CE")[value]
        # babel's wide German eras are CLDR's variant ("unserer Zeitrechnung").
        form = "abbreviated" if self.language == "de" else _WIDTHS[width]
        return str(self._locale["eras"][form][value])

    def values(self, field: str, width: str, standalone: bool = False) -> dict[str, int]:
        """Return name → value of all values of a field, for reading them."""
        first, last = {"month": (1, 12), "day_of_week": (1, 7), "quarter": (1, 4)}.get(
            field, (0, 1)
        )
        found = {
            value: self.text(field, value, width, standalone) for value in range(first, last + 1)
        }
        return {name: value for value, name in found.items() if name}

    def day_period(self, second_of_day: int, width: str) -> str:
        """Return the part of the day, such as `in the morning`."""
        if self._is_root:
            return ("AM", "PM")[second_of_day >= 43_200]
        data = self._locale
        name = _period_at(data["day_period_rules"].get(None, {}), second_of_day // 60 * 60)
        half = "am" if second_of_day < 43_200 else "pm"
        tables = self._day_periods(width)
        found = [table[key] for key in (name, half) for table in tables if key in table]
        return str(found[0])

    def _day_periods(self, width: str) -> list[Any]:
        """Names of parts of the day, best first; to Java the short ones are the wide ones."""
        forms = ("narrow", "wide", "abbreviated") if width == "narrow" else ("wide", "abbreviated")
        periods = self._locale["day_periods"]["format"]
        return [periods.get(form, {}) for form in forms]

    def zone_name(self, moment: Moment, width: str, generic: bool) -> str:
        """Return what people call the moment's zone: `CET`, `Central European Standard Time`.

        Args:
            moment: tells whether it is summer time.
            width: `short` or `full`.
            generic: whether the name is to cover summer and winter.
        """
        key = zone_id(moment.zone)
        if is_offset(moment.zone) or (isinstance(moment.zone, timezone) and moment.offset):
            return key
        if width == "short" and key in _UNIVERSAL:
            return "UTC"
        if self._is_root:
            return self._fallback(moment)
        summer = _is_summer(moment)
        kind = "daylight" if summer else "standard"
        form = "short" if width == "short" else "long"
        # Java knows the French abbreviations of Canada alone.
        foreign = width == "short" and self.language == "fr" and self._country != "CA"
        for table in () if foreign else self._zone_tables(key):
            names = table.get(form, {})
            for wanted in ("generic", "standard") if generic else (kind,):
                name = names.get(wanted)
                if name == _NO_NAME:
                    return self._fallback(moment)
                if name:
                    return str(name)
        if width == "short" and (name := _abbreviation(key, moment, summer))[0] not in "+-":
            return str(name)
        return self._fallback(moment)

    def _zone_tables(self, key: str) -> list[Any]:
        aliases = ("Etc/UTC",) if key in _UNIVERSAL else _aliases(key)
        data = self._locale
        zones, metazones, metazone = data["time_zones"], data["meta_zones"], _metazone(key)
        tables = [zones[alias] for alias in aliases if alias in zones]
        return [*tables, metazones[metazone]] if metazone in metazones else tables

    def gmt(self, clock: str) -> str:
        """Return an offset in the locale's words: `GMT+8` for `+8`, `GMT` for nothing."""
        data = self._locale
        return str(data["zone_formats"]["gmt"] % clock)

    def _fallback(self, moment: Moment) -> str:
        # French has a minus sign of its own in the words for an offset.
        minus = "\u2212" if self.language == "fr" else "-"
        sign = minus if moment.offset < 0 else "+"
        hours, minutes = divmod(abs(moment.offset) // 60, 60)
        return self.gmt(f"{sign}{hours:02d}:{minutes:02d}" if moment.offset else "")


@lru_cache(maxsize=256)
def _week_rules(country: str) -> tuple[int, int]:
    if not country:
        return 7, 1
    from babel import Locale  # heavy: 30 MB of CLDR

    try:
        locale = Locale.parse(f"und_{country}")
    except (ValueError, LookupError):
        return 7, 1
    return locale.first_week_day + 1, locale.min_week_days


_TABLES = (
    *("months", "days", "quarters", "eras", "day_periods", "day_period_rules"),
    *("date_formats", "time_formats", "datetime_formats"),
    *("zone_formats", "meta_zones", "time_zones"),
)


@lru_cache(maxsize=64)
def _tables(language: str, country: str) -> tuple[bool, Any]:
    """Whether only the root locale fits, and the data of the locale that does."""
    from babel import Locale, UnknownLocaleError, localedata  # heavy: 30 MB of CLDR

    name = "root"
    for candidate in (f"{language}_{country}", language):
        try:
            name = str(Locale.parse(candidate))
            break
        except (UnknownLocaleError, ValueError):
            continue
    raw = localedata.load(name)
    # babel writes what an alias stands for into tables that locales share, so that one locale's
    # names turn up in another; on copies it can do no harm.
    tables: dict[Any, Any] = {key: deepcopy(raw.get(key, {})) for key in _TABLES}
    return name == "root", localedata.LocaleDataDict(tables)


def _period_at(rules: Any, second: int) -> str | None:
    """The period that holds a second of the day; a point such as noon wins over a span."""
    found = None
    for name, spans in rules.items():
        for span in spans:
            if span.get("at") == second:
                return str(name)
            start, end = span.get("from"), span.get("before")
            if start is None or end is None:
                continue
            inside = start <= second < end if start < end else second >= start or second < end
            if inside:
                found = str(name)
    return found


@lru_cache(maxsize=1024)
def _aliases(key: str) -> tuple[str, ...]:
    from babel.core import get_global  # heavy: 30 MB of CLDR

    pairs = get_global("zone_aliases")
    target = pairs.get(key, key)
    return (key, target, *(alias for alias, name in pairs.items() if name == target))


def _metazone(key: str) -> str | None:
    from babel.core import get_global  # heavy: 30 MB of CLDR

    zones = get_global("meta_zones")
    return next((str(zones[alias]) for alias in _aliases(key) if alias in zones), None)


def _wall(moment: Moment) -> datetime:
    """The moment's local time as a `datetime`, near enough for questions about its zone."""
    year = min(max(moment.year, 2), 9998)
    day = min(moment.day, 28) if year != moment.year else moment.day
    wall = datetime(year, moment.month, day, moment.hour, moment.minute, tzinfo=moment.zone)
    delta = wall.utcoffset()
    first = delta is not None and delta.total_seconds() == moment.offset
    return wall if first else wall.replace(fold=1)


def _is_summer(moment: Moment) -> bool:
    shift = _wall(moment).dst()
    if zone_id(moment.zone) in _NEGATIVE_WINTER:
        return not shift
    return bool(shift)


def _abbreviation(key: str, moment: Moment, summer: bool) -> str:
    """The zone's abbreviation in our days, which is what Java shows for every year."""
    name = key
    for month in (1, 7):
        today = datetime(2024, month, 1, tzinfo=moment.zone)
        name = today.tzname() or key
        if bool(today.dst()) == summer:
            break
    return name
