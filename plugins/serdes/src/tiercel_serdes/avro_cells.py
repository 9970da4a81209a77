"""One value as one Avro type wants it: numbers, texts, dates.

The rules are those of Kestra's `AvroConverter`: texts become numbers, booleans, dates and nulls
where the type says so. Whatever does not fit is a `CellError`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, TypeVar
from uuid import UUID

from tiercel_serdes.dates import DateReader

__all__ = ["CellError", "Convert", "Decimals", "Moments", "Primitives", "ValueRules", "shown"]

T = TypeVar("T")
Convert = Callable[[Any], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WHOLE = re.compile(r"[+-]?[0-9]+")


class CellError(ValueError):
    """A value does not fit its type; `path` is where it is, outermost first."""

    def __init__(self, reason: str, path: tuple[str, ...] = ()) -> None:
        where = f" in field {'.'.join(path)!r}" if path else ""
        super().__init__(reason + where)
        self.reason = reason
        self.path = path

    def below(self, name: str) -> CellError:
        """Return the same error, seen from outside of a field."""
        return CellError(self.reason, (name, *self.path))


class ValueRules:
    """How texts are read, and what is done about fields that do not fit.

    Attributes:
        true: texts that mean true, in lower case.
        false: texts that mean false.
        null: texts that mean null.
        dates: reads dates.
        decimal_separator: the decimal point of numbers in texts.
        strict: whether a field that the schema does not have is an error.
        infer_all: whether texts that mean null count as null for every type that may be null.
        report: what is called when a field does not fit and becomes null; None makes it an error.
    """

    def __init__(  # noqa: PLR0913  # built in one place, by keyword
        self,
        dates: DateReader,
        *,
        true: Collection[str] = ("t", "true", "enabled", "1", "on", "yes"),
        false: Collection[str] = ("f", "false", "disabled", "0", "off", "no", ""),
        null: Collection[str] = (),
        decimal_separator: str = ".",
        strict: bool = False,
        infer_all: bool = False,
        report: Callable[[str], object] | None = None,
    ) -> None:
        self.true = {text.lower() for text in true}
        self.false = {text.lower() for text in false}
        self.null = {text.lower() for text in null}
        self.dates = dates
        self.decimal_separator = decimal_separator
        self.strict = strict
        self.infer_all = infer_all
        self.report = report


class Primitives:
    """Avro's primitive types, by their names."""

    def __init__(self, rules: ValueRules) -> None:
        self._rules = rules

    def of(self, name: str) -> Convert:
        """Return the function that makes values of a primitive type."""
        convert: Convert = getattr(self, f"_{name}")
        return convert

    def _null(self, value: Any) -> None:
        if value is not None and not (isinstance(value, str) and value.lower() in self._rules.null):
            raise CellError(f"{shown(value)} is not null")

    def _boolean(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        text = value.lower() if isinstance(value, str) else None
        if text in self._rules.true or (isinstance(value, int) and value == 1):
            return True
        if text in self._rules.false or (isinstance(value, int) and value == 0):
            return False
        raise CellError(f"{shown(value)} is no boolean")

    def _int(self, value: Any) -> int:
        return _whole(value, 31)

    def _long(self, value: Any) -> int:
        return _whole(value, 63)

    def _float(self, value: Any) -> float:
        return _float(_number(value, self._rules))

    _double = _float

    def _string(self, value: Any) -> str:
        match value:
            case str():
                return value
            case None:
                raise CellError("null is no string; a type that may be null is [null, string]")
            case bool():
                return "true" if value else "false"
            case bytes():
                return base64.b64encode(value).decode()
            case Mapping() | list():
                return json.dumps(value, ensure_ascii=False, default=str)
            case datetime():
                return value.isoformat().replace("+00:00", "Z")
            case Decimal():
                return f"{value:f}"
        return str(value)

    def _bytes(self, value: Any) -> bytes:
        return value if isinstance(value, bytes) else self._string(value).encode()


def shown(value: Any) -> str:
    """Return a value for a message, cut off when it is long."""
    if value is None:
        return "null"
    text = repr(value)
    return text if len(text) <= 100 else text[:100] + " …"


def _whole(value: Any, bits: int) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise CellError(f"{shown(value)} is no integer")
    if not -(1 << bits) <= value < 1 << bits:
        raise CellError(f"{value} is beyond {bits + 1} bits")
    return value


def _number(value: Any, rules: ValueRules) -> Any:
    """Return a number as it is, and a text as a decimal."""
    if isinstance(value, str):
        text = value.strip().replace(rules.decimal_separator, ".", 1)
        try:
            return Decimal(text)
        except InvalidOperation:
            raise CellError(f"{value!r} is no number") from None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise CellError(f"{shown(value)} is no number")
    return value


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        raise CellError(f"{value} is beyond a double") from None


class Decimals:
    """The logical type `decimal`.

    Args:
        rules: how texts are read.
        precision: how many digits a value may have.
        scale: how many of them follow the point; what is beyond is rounded half to even.
    """

    def __init__(self, rules: ValueRules, precision: int, scale: int) -> None:
        self._rules = rules
        self._precision = precision
        self._scale = Decimal(1).scaleb(-scale)

    def __call__(self, value: Any) -> Decimal:
        """Return a value as decimal."""
        number = _number(value, self._rules)
        exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
        try:
            rounded = exact.quantize(self._scale, ROUND_HALF_EVEN)
        except InvalidOperation:
            rounded = exact
        if not rounded.is_finite() or len(rounded.as_tuple().digits) > self._precision:
            raise CellError(f"{shown(value)} has more than {self._precision} digits")
        return rounded


class Moments:
    """The other logical types, by their names with `_` for `-`."""

    NAMES = (
        *("date", "time-millis", "time-micros", "uuid", "timestamp-millis", "timestamp-micros"),
        *("local-timestamp-millis", "local-timestamp-micros"),
    )

    def __init__(self, rules: ValueRules) -> None:
        self._dates = rules.dates

    def of(self, name: str) -> Convert:
        """Return the function that makes values of one of the types in `NAMES`."""
        convert: Convert = getattr(self, f"_{name.replace('-', '_')}")
        return convert

    def _date(self, value: Any) -> date:
        match value:
            case str():
                return _read(self._dates.date, value)
            case datetime():
                return value.date() if value.tzinfo is None else self._local(value).date()
            case date():
                return value
        raise CellError(f"{shown(value)} is no date")

    def _time_micros(self, value: Any) -> time:
        if isinstance(value, str):
            return _read(self._dates.time, value)
        if isinstance(value, time):
            return value.replace(tzinfo=None)
        raise CellError(f"{shown(value)} is no time")

    _time_millis = _time_micros

    def _timestamp_millis(self, value: Any) -> datetime:
        return self._moment(value, timedelta(milliseconds=1))

    def _timestamp_micros(self, value: Any) -> datetime:
        return self._moment(value, timedelta(microseconds=1))

    def _local_timestamp_millis(self, value: Any) -> datetime:
        return self._local(self._timestamp_millis(value)).replace(tzinfo=None)

    def _local_timestamp_micros(self, value: Any) -> datetime:
        return self._local(self._timestamp_micros(value)).replace(tzinfo=None)

    def _uuid(self, value: Any) -> str:
        try:
            return str(UUID(value))
        except (ValueError, TypeError, AttributeError):
            raise CellError(f"{shown(value)} is no UUID") from None

    def _local(self, value: datetime) -> datetime:
        return value.astimezone(self._dates.zone)

    def _moment(self, value: Any, unit: timedelta) -> datetime:
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        match value:
            case bool():
                pass
            case int():
                try:
                    return _EPOCH + value * unit
                except OverflowError:
                    raise CellError(f"{value} is beyond the year 9999") from None
            case str():
                return _read(self._dates.moment, value)
            case datetime():
                return value if value.tzinfo else value.replace(tzinfo=self._dates.zone)
            case date():
                return datetime(value.year, value.month, value.day, tzinfo=self._dates.zone)
        raise CellError(f"{shown(value)} is no timestamp")


def _read(read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError as error:
        raise CellError(str(error)) from None
