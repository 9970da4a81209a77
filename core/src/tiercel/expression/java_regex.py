"""Java regular expressions in bounded time: what `split` and `replace` take from authors.

The `regex` library shares almost all of Java's syntax, look-around and possessive quantifiers
included, and stops after a given time; the pattern that would need years fails after seconds.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from tiercel.errors import EvaluationError, LimitError

__all__ = ["replace_all", "split"]

_SECONDS = 2.0
_PLAIN = frozenset("\\^$.|?*+()[]{}")
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
_GROUP = re.compile(r"\\(.)|\$(\d)(\d*)|\$\{(\w+)\}|([\\$])", re.DOTALL)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    import regex

    translated = _QUOTED.sub(lambda match: re.escape(match.group(1)), pattern)
    try:
        return regex.compile(translated, regex.VERSION0)
    except (regex.error, RecursionError, OverflowError) as error:
        raise EvaluationError(f"{pattern!r} is no regular expression: {error}") from None


def split(text: str, pattern: str, limit: int = 0) -> list[str]:
    """Split as Java's `String.split`.

    Args:
        text: what to split.
        pattern: a regular expression.
        limit: how many pieces at most; 0 for all without empty ones at the end, negative for all.

    Raises:
        EvaluationError: the pattern is malformed.
        LimitError: it takes too long.
    """
    if len(pattern) == 1 and pattern not in _PLAIN and limit <= 0:
        pieces = text.split(pattern)
    else:
        pieces = _split_by_regex(text, pattern, limit)
    if limit == 0 and len(pieces) > 1:
        while len(pieces) > 1 and not pieces[-1]:
            pieces.pop()
        if pieces == [""]:
            return []
    return pieces


def _split_by_regex(text: str, pattern: str, limit: int) -> list[str]:
    pieces: list[str] = []
    position = 0
    try:
        for match in _compiled(pattern).finditer(text, timeout=_SECONDS):
            if 0 < limit <= len(pieces) + 1:
                break
            if match.end() == 0:
                continue  # an empty match in front makes no piece
            pieces.append(text[position : match.start()])
            position = match.end()
    except TimeoutError:
        raise _too_slow(pattern) from None
    pieces.append(text[position:])
    return pieces


def replace_all(text: str, pattern: str, replacement: str, longest: int) -> str:
    """Replace every match, `$1` and `${name}` standing for groups, as Java's `replaceAll`.

    Args:
        text: where to replace.
        pattern: a regular expression.
        replacement: Java's replacement text.
        longest: characters that the result may have.

    Raises:
        EvaluationError: the pattern or the replacement is malformed.
        LimitError: it takes too long, or the result is too long.
    """
    compiled = _compiled(pattern)
    parts: list[str | tuple[int | str]] = []
    made: list[str] = []
    length = position = 0
    try:
        for match in compiled.finditer(text, timeout=_SECONDS):
            # Java looks at the replacement when it has found something to replace.
            parts = parts or _replacement(replacement, compiled)
            made.append(text[position : match.start()])
            made += [
                part if isinstance(part, str) else match.group(part[0]) or "" for part in parts
            ]
            position = match.end()
            length += sum(map(len, made[-1 - len(parts) :]))
            if length > longest:
                raise LimitError(f"A text is longer than {longest} characters")
    except TimeoutError:
        raise _too_slow(pattern) from None
    made.append(text[position:])
    return "".join(made)


def _replacement(text: str, pattern: Any) -> list[str | tuple[int | str]]:
    """Take a replacement apart into texts and group references."""
    parts: list[str | tuple[int | str]] = []
    position = 0
    for match in _GROUP.finditer(text):
        parts.append(text[position : match.start()])
        position = match.end()
        escaped, digit, digits, name, stray = match.groups()
        if escaped is not None:
            parts.append(escaped)
        elif digit is not None:
            # Java takes as many digits as still name a group.
            number = digit
            for more in digits:
                if int(number + more) > pattern.groups:
                    break
                number += more
            _check_group(int(number) <= pattern.groups, number)
            parts.append((int(number),))
            position -= len(digits) - (len(number) - 1)
        elif name is not None:
            _check_group(name in pattern.groupindex, name)
            parts.append((name,))
        else:
            raise EvaluationError(f"{stray!r} in the replacement {text!r} needs a back-slash")
    parts.append(text[position:])
    return parts


def _check_group(exists: bool, name: str) -> None:
    if not exists:
        raise EvaluationError(f"The regular expression has no group {name!r}")


def _too_slow(pattern: str) -> LimitError:
    return LimitError(f"The regular expression {pattern!r} took longer than {_SECONDS:g} s")
