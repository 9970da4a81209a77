"""Values as text: as Java's `toString` prints them, as compact JSON, and as `{{ }}` shows them.

Kestra shows a list or map as JSON where an expression stands in a template, but as Java text where
it is joined to a text (`'' ~ list`) or printed inside a macro.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

from tiercel.errors import EvaluationError
from tiercel.expression.bounded import check_tree
from tiercel.expression.number_text import decimal_text, double_text, float_text
from tiercel.expression.values import (
    Array,
    BigInteger,
    Character,
    Entry,
    Float32,
    Long,
    Uri,
    ValueSet,
)

__all__ = ["java_text", "json_text", "output_text"]

_MOST_DIGITS = 10_000
_CONTAINERS = frozenset({list, dict, Array, ValueSet, Entry})


def java_text(value: Any) -> str:
    """Return what Java's `String.valueOf` gives: `[1, a]`, `{k=v}`, `null`, `1.0E7`.

    Raises:
        EvaluationError: the value is no plain data.
    """
    if value.__class__ is str:
        return value
    printer = _JAVA.get(value.__class__) or _printer(value, _JAVA, java_text)
    return printer(value)


def output_text(value: Any) -> str:
    """Return what `{{ value }}` shows: nothing for null, JSON for lists and maps, or Java text."""
    if value.__class__ is str:
        return value
    printer = _OUTPUT.get(value.__class__)
    if printer is None:
        if isinstance(value, (list, tuple, Mapping)):
            return json_text(value)
        printer = _printer(value, _JAVA, java_text)
    return printer(value)


def json_text(value: Any, *, keep_nulls: bool = False) -> str:
    """Return compact JSON as Kestra writes it.

    Args:
        value: plain data; keys that are no text are written as Java text.
        keep_nulls: keep members of maps whose value is null; they go otherwise.
    """
    if value.__class__ in _CONTAINERS:
        check_tree(value)
    parts: list[str] = []
    _write_json(value, parts.append, keep_nulls)
    return "".join(parts)


def _write_json(value: Any, write: Callable[[str], None], keep_nulls: bool) -> None:
    kind = value.__class__
    if kind is str:
        write(encode_basestring(value))
    elif kind is int or kind is Long:
        write(int.__repr__(value))
    elif isinstance(value, Mapping):
        _write_map(value.items(), write, keep_nulls)
    elif isinstance(value, (list, tuple)):
        separator = "["
        for item in value:
            write(separator)
            _write_json(item, write, keep_nulls)
            separator = ","
        write("]" if value else "[]")
    elif kind is Entry:
        _write_map([(value.key, value.value)], write, keep_nulls)
    else:
        write(_json_scalar(value))


def _write_map(members: Any, write: Callable[[str], None], keep_nulls: bool) -> None:
    separator = "{"
    for key, item in members:
        if item is None and not keep_nulls:
            continue
        if key is None:
            raise EvaluationError("A map whose key is null cannot be written as JSON")
        write(f"{separator}{encode_basestring(key if key.__class__ is str else java_text(key))}:")
        _write_json(item, write, keep_nulls)
        separator = ","
    write("}" if separator == "," else "{}")


def _json_scalar(value: Any) -> str:
    if value is None or isinstance(value, (bool, int, Decimal)):
        return java_text(value)
    if isinstance(value, float):
        text = java_text(value)
        return text if text[-1].isdigit() else f'"{text}"'
    if isinstance(value, timedelta):
        from tiercel.expression import temporal

        nanos = temporal.total_nanoseconds(value)
        sign = "-" if nanos < 0 else ""
        return f"{sign}{abs(nanos) // 10**9}.{abs(nanos) % 10**9:09d}"
    if isinstance(value, (datetime, time)):
        from tiercel.expression import temporal

        return f'"{temporal.to_json(value)}"'
    return encode_basestring(java_text(value))


def _temporal_text(value: Any) -> str:
    from tiercel.expression import temporal

    return temporal.to_text(value)


def _integer_text(value: int) -> str:
    try:
        return int.__repr__(value)
    except ValueError:
        raise EvaluationError("An integer has too many digits to be printed") from None


def _plain_decimal(value: Decimal) -> str:
    """Without an exponent, as `{{ }}` shows a decimal."""
    if value.is_finite() and abs(value.adjusted()) > _MOST_DIGITS:
        raise EvaluationError("A decimal has too many digits to be printed")
    text = format(value, "f")
    return text[1:] if text[0] == "-" and not value else text


def _container_text(value: Any) -> str:
    return _inner_text(check_tree(value))


def _inner_text(value: Any) -> str:
    """Java text of a value that is known to be of bearable size."""
    if isinstance(value, Mapping):
        members = [f"{_inner_text(key)}={_inner_text(item)}" for key, item in value.items()]
        return f"{{{', '.join(members)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join([_inner_text(item) for item in value])}]"
    if value.__class__ is Entry:
        return f"{_inner_text(value.key)}={_inner_text(value.value)}"
    return java_text(value)


_JAVA: dict[type, Callable[[Any], str]] = {
    str: str,
    Character: str.__str__,
    Uri: str.__str__,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
    int: _integer_text,
    Long: _integer_text,
    BigInteger: _integer_text,
    float: double_text,
    Float32: float_text,
    Decimal: decimal_text,
    **dict.fromkeys((list, Array, ValueSet, dict, Entry), _container_text),
}
_OUTPUT: dict[type, Callable[[Any], str]] = {
    **_JAVA,
    type(None): lambda _: "",
    Decimal: _plain_decimal,
    list: json_text,
    Array: json_text,
    ValueSet: json_text,
    dict: json_text,
}


def _printer(
    value: Any, table: dict[type, Callable[[Any], str]], fallback: Callable[[Any], str]
) -> Callable[[Any], str]:
    """Find how to print a value of a class that is not in the table itself."""
    if isinstance(value, (date, time, timedelta)):
        return _temporal_text
    for kind, printer in (
        (str, str.__str__),
        (int, _integer_text),
        (float, double_text),
        (Mapping, _container_text),
        ((list, tuple), _container_text),
    ):
        if isinstance(value, kind):
            return printer
    text = getattr(type(value), "expression_text", None)
    if text is not None:
        return text  # type: ignore[no-any-return]
    raise EvaluationError(f"A value of type {type(value).__name__} cannot be shown")
