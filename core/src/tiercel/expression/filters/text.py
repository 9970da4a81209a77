"""Filters on texts: case, parts, padding, replacement."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tiercel.errors import EvaluationError, LimitError
from tiercel.expression import java_regex
from tiercel.expression.bounded import check_tree
from tiercel.expression.java_format import java_format
from tiercel.expression.printing import java_text
from tiercel.expression.runtime import EvaluationContext
from tiercel.expression.table import FILTERS
from tiercel.expression.values import (
    INT_MAX,
    INT_MIN,
    Array,
    class_name,
    is_long,
    is_text,
    wrap32,
)

__all__ = ["long_argument", "number_argument", "text_argument", "text_input"]

_JAVA_BLANKS = "".join(map(chr, range(33)))
# What Java's `Character.isWhitespace` calls white space: no blank that may not break.
_WHITE = "\t-\r\x1c-\x20\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000"
_FIRST_LETTER = re.compile(f"[^{_WHITE}]")
_WORD_START = re.compile(f"(?<![^{_WHITE}])[^{_WHITE}]")


def text_input(value: Any, filter_name: str) -> str:
    """Return the input of a filter that takes texts only.

    Raises:
        EvaluationError: it is something else.
    """
    if value.__class__ is str:
        return value
    raise EvaluationError(f"The filter {filter_name!r} takes a text, not {java_text(value)[:200]}")


def text_argument(value: Any, filter_name: str, argument: str) -> str:
    """Return a filter's argument that has to be a text.

    Raises:
        EvaluationError: it is something else.
    """
    if is_text(value):
        return str(value)
    raise EvaluationError(
        f"The argument {argument!r} of {filter_name!r} is a text, not {java_text(value)[:200]}"
    )


def long_argument(value: Any, filter_name: str, argument: str) -> int:
    """Return a filter's argument that has to be a long (a literal is one), cut to 32 bits.

    Raises:
        EvaluationError: it is something else.
    """
    if is_long(value):
        return wrap32(value)
    raise EvaluationError(
        f"The argument {argument!r} of {filter_name!r} is a long, not {java_text(value)[:200]}"
    )


def number_argument(value: Any, filter_name: str, argument: str) -> int:
    """Return a filter's argument that has to be a number, as Java's `intValue` has it.

    Raises:
        EvaluationError: it is something else.
    """
    if isinstance(value, float):
        return 0 if value != value else int(max(min(value, INT_MAX), INT_MIN))
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return wrap32(int(value))
    raise EvaluationError(
        f"The argument {argument!r} of {filter_name!r} is a number, not {java_text(value)[:200]}"
    )


@FILTERS.add("upper")
def upper(value: Any) -> str | None:
    """Turn into upper case: `{{ 'straße' | upper }}` is `STRASSE`."""
    if value.__class__ is str:
        return value.upper()
    return None if value is None else java_text(value).upper()


@FILTERS.add("lower")
def lower(value: Any) -> str | None:
    """Turn into lower case."""
    if value.__class__ is str:
        return value.lower()
    return None if value is None else java_text(value).lower()


def _title_case(character: str) -> str:
    """Java's title case is one UTF-16 unit for one: `ß` stays."""
    titled = character.title()
    return titled if len(titled) == 1 and character <= "\uffff" else character


@FILTERS.add("capitalize")
def capitalize(value: Any) -> str | None:
    """Turn the first character that is no blank into upper case: `hELLO` becomes `HELLO`."""
    if value is None:
        return None
    text = text_input(value, "capitalize")
    return _FIRST_LETTER.sub(lambda match: _title_case(match.group()), text, count=1)


@FILTERS.add("title")
def title(value: Any) -> str | None:
    """Turn the first letter of every word into upper case; blanks part words."""
    if value is None:
        return None
    text = text_input(value, "title")
    return _WORD_START.sub(lambda match: _title_case(match.group()), text)


@FILTERS.add("trim")
def trim(value: Any) -> str | None:
    """Cut blanks and control characters off both ends."""
    return None if value is None else text_input(value, "trim").strip(_JAVA_BLANKS)


@FILTERS.add("string")
def string(value: Any) -> str | None:
    """Turn any value into a text, lists and maps in Java's manner: `[1, 2]`, `{k=v}`."""
    return None if value is None else java_text(value)


@FILTERS.add("className")
def class_name_filter(value: Any) -> str | None:
    """Name the Java class that Kestra would use for the value."""
    return None if value is None else class_name(value)


@FILTERS.add("nl2br")
def nl2br(value: Any) -> str | None:
    """Put an HTML `<br />` in place of every new line."""
    return None if value is None else re.sub("\r\n?|\n", "<br />", text_input(value, "nl2br"))


@FILTERS.add("abbreviate", "length")
def abbreviate(value: Any, length: Any = None) -> str | None:
    """Cut a text that is `length` or more characters long, `...` included."""
    if value is None:
        return None
    text = text_input(value, "abbreviate")
    longest = long_argument(length, "abbreviate", "length")
    if longest < 0:
        raise EvaluationError(f"'abbreviate' takes a length of at least 0, not {longest}")
    if len(text) < longest or len(text) <= 3:
        return text
    return text[:longest] if longest <= 3 else f"{text[: longest - 3]}..."


@FILTERS.add("startsWith", "value")
def starts_with(value: Any, prefix: Any = None) -> bool:
    """Whether a text begins with `value`; null does not."""
    return value is not None and java_text(value).startswith(_affix(prefix, "startsWith"))


@FILTERS.add("endsWith", "value")
def ends_with(value: Any, suffix: Any = None) -> bool:
    """Whether a text ends with `value`; null does not."""
    return value is not None and java_text(value).endswith(_affix(suffix, "endsWith"))


def _affix(value: Any, filter_name: str) -> str:
    if value is None:
        raise EvaluationError(f"{filter_name!r} needs the argument 'value', and it is null")
    return java_text(value)


@FILTERS.add("substringBefore", "separator")
def substring_before(value: Any, separator: Any) -> str | None:
    """Return what comes before the first `separator`; all of it when there is none."""
    if value is None:
        return None
    text, mark = java_text(value), _separator(separator, "substringBefore")
    return text if mark is None else text.partition(mark)[0] if mark else ""


@FILTERS.add("substringBeforeLast", "separator")
def substring_before_last(value: Any, separator: Any) -> str | None:
    """Return what comes before the last `separator`; all of it when there is none."""
    if value is None:
        return None
    text, mark = java_text(value), _separator(separator, "substringBeforeLast")
    return text.rpartition(mark)[0] if mark and mark in text else text


@FILTERS.add("substringAfter", "separator")
def substring_after(value: Any, separator: Any) -> str | None:
    """Return what comes after the first `separator`; nothing when there is none."""
    if value is None:
        return None
    text, mark = java_text(value), _separator(separator, "substringAfter")
    if mark is None:
        return ""
    return text.partition(mark)[2] if mark else text


@FILTERS.add("substringAfterLast", "separator")
def substring_after_last(value: Any, separator: Any) -> str | None:
    """Return what comes after the last `separator`; nothing when there is none."""
    if value is None:
        return None
    text, mark = java_text(value), _separator(separator, "substringAfterLast")
    return text.rpartition(mark)[2] if mark and mark in text else ""


def _separator(value: Any, filter_name: str) -> str | None:
    return None if value is None else text_argument(value, filter_name, "separator")


@FILTERS.add("indent", "amount", "prefix", needs_context=True)
def indent(
    context: EvaluationContext, value: Any, amount: Any = None, prefix: Any = " "
) -> str | None:
    """Put `prefix`, `amount` times, in front of every line but the first.

    An empty text stays empty.
    """
    if value is None:
        return None
    text = java_text(value)
    return _indented(context, text, _margin("indent", amount, prefix)) if text else text


@FILTERS.add("nindent", "amount", "prefix", needs_context=True)
def nindent(
    context: EvaluationContext, value: Any, amount: Any = None, prefix: Any = " "
) -> str | None:
    """Begin with a new line and put `prefix`, `amount` times, in front of every line.

    An empty text stays empty.
    """
    if value is None:
        return None
    text = java_text(value)
    if not text:
        return text
    return _indented(context, text, _margin("nindent", amount, prefix), new_line=True)


def _margin(filter_name: str, amount: Any, prefix: Any) -> str:
    if amount is None:
        raise EvaluationError(f"The filter {filter_name!r} needs the argument 'amount'")
    times = long_argument(amount, filter_name, "amount")
    if not 0 <= times <= 10_000:
        raise EvaluationError(f"{filter_name!r} takes an amount from 0 to 10000, not {times}")
    return text_argument(prefix, filter_name, "prefix") * times


def _indented(context: EvaluationContext, text: str, margin: str, *, new_line: bool = False) -> str:
    # A text has one kind of line end, the first of these that it holds.
    line_end = next((one for one in ("\r\n", "\n\r", "\n", "\r") if one in text), "\n")
    whole = line_end + text if new_line else text
    _check_length(context, len(whole) + whole.count(line_end) * len(margin))
    return whole.replace(line_end, line_end + margin)


def _check_length(context: EvaluationContext, length: int) -> None:
    if length > context.limits.output:
        raise LimitError(f"A text is longer than {context.limits.output} characters")


@FILTERS.add("replace", "replace_pairs", "regexp", needs_context=True)
def replace(
    context: EvaluationContext, value: Any, replace_pairs: Any = None, regexp: Any = False
) -> Any:
    """Replace each key of a map by its value, in order; in lists and maps, in every text.

    With `regexp` the keys are Java regular expressions and `$1` stands for a group.
    """
    if value is None:
        return None
    if not isinstance(replace_pairs, Mapping):
        raise EvaluationError("'replace' needs the argument 'replace_pairs', a map of texts")
    if not isinstance(regexp, bool):
        raise EvaluationError(f"'replace' takes a boolean as 'regexp', not {java_text(regexp)}")
    return _replaced(context, check_tree(value), replace_pairs, regexp)


def _replaced(
    context: EvaluationContext, value: Any, pairs: Mapping[Any, Any], regexp: bool
) -> Any:
    if type(value) is list:
        return [_replaced(context, item, pairs, regexp) for item in value]
    if isinstance(value, Mapping):
        return {key: _replaced(context, item, pairs, regexp) for key, item in value.items()}
    if value is None:
        raise EvaluationError("'replace' met a null among the items")
    text = java_text(value)
    for key, item in pairs.items():
        if key is None or item is None:
            raise EvaluationError("'replace' takes a map of texts, without a null")
        old, new = java_text(key), java_text(item)
        if regexp:
            text = java_regex.replace_all(text, old, new, context.limits.output)
        else:
            _check_length(context, len(text) + text.count(old) * (len(new) - len(old)))
            text = text.replace(old, new)
    return text


@FILTERS.add("split", "delimiter", "limit")
def split(value: Any, delimiter: Any = None, limit: Any = 0) -> Array | None:
    """Split a text at a Java regular expression; empty pieces at the end go.

    A positive `limit` gives at most so many pieces, a negative one keeps the empty pieces.
    """
    if value is None:
        return None
    text = text_input(value, "split")
    if delimiter is None:
        raise EvaluationError("'split' needs the argument 'delimiter', a regular expression")
    pattern = text_argument(delimiter, "split", "delimiter")
    pieces = 0 if limit is None else number_argument(limit, "split", "limit")
    return Array(java_regex.split(text, pattern, pieces), texts=True)


@FILTERS.add("format", open_ended=True)
def format_filter(value: Any, *values: Any) -> str | None:
    """Fill in a Java format: `{{ '%s: %.2f' | format('pi', 3.14159) }}` is `pi: 3.14`."""
    return None if value is None else java_format(java_text(value), values)


@FILTERS.add("slugify", "format", "timeZone", "existingFormat", "locale")
def slugify(
    value: Any,
    pattern: Any = None,
    time_zone: Any = None,
    existing: Any = None,
    locale: Any = None,
) -> str | None:
    """Make a part of a URL: lower case, accents off, blanks to dashes, the rest dropped.

    Kestra accepts the arguments of `date` here and ignores them.
    """
    if value is None:
        return None
    text = re.sub(r"[\s_]+", "-", unicodedata.normalize("NFD", java_text(value)))
    text = re.sub(r"-{2,}", "-", re.sub(r"[^a-zA-Z0-9-]", "", text))
    return text.strip("-").lower()
