"""SQL as text: where one statement ends, and where a parameter stands.

Neither is looked for in texts, quoted names, comments and dollar quotes. Databases that can split
SQL themselves (DuckDB) need the parameters only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

__all__ = ["parameters_of", "split", "with_marks", "with_parameters"]

_QUOTED = r"""
    [eE]'(?:[^'\\]|\\.|'')*'            # a text with escapes
  | '(?:[^']|'')*'                      # a text
  | "(?:[^"]|"")*"                      # a name
  | `[^`]*`
  | --[^\n]*
  | /\*.*?(?:\*/|\Z)
  | \$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$
"""
_SPLIT = re.compile(
    rf"{_QUOTED} | (?P<end>;) | (?P<open>\bBEGIN\s+ATOMIC\b) | \b(?P<word>CASE|END)\b | \w+ | .",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_NAMED = re.compile(rf"{_QUOTED} | :: | :(?P<name>[A-Za-z_]\w*) | .", re.VERBOSE | re.DOTALL)
_MARK = re.compile(rf"{_QUOTED} | (?P<mark>\?) | .", re.VERBOSE | re.DOTALL)
_BLANK = re.compile(r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)


def split(sql: str, is_complete: Callable[[str], bool] | None = None) -> list[str]:
    """Return the statements of some SQL, without the `;` after each; comments alone are none.

    Args:
        sql: the text.
        is_complete: says of a text that ends in `;` whether that ends a statement, too; by default
            it does, but not in the body of a function (`BEGIN ATOMIC … END`).
    """
    statements: list[str] = []
    begin = depth = 0
    for match in _SPLIT.finditer(sql):
        if match["open"]:
            depth += 1
        elif match["word"] and depth:
            depth += 1 if match["word"].upper() == "CASE" else -1
        elif match["end"] and not depth:
            text = sql[begin : match.end()]
            if is_complete is None or is_complete(text):
                statements.append(text[:-1])
                begin = match.end()
    statements.append(sql[begin:])
    return [each.strip() for each in statements if not _is_blank(each)]


def _is_blank(text: str) -> bool:
    return _BLANK.fullmatch(text) is not None


def parameters_of(sql: str) -> set[str]:
    """Return the names that stand for parameters, `:name`."""
    return {match["name"] for match in _NAMED.finditer(sql) if match["name"]}


def with_parameters(
    sql: str, names: Collection[str], written: Callable[[str], str], *, percent: bool = False
) -> str:
    """Return SQL with its parameters as a driver wants them.

    Args:
        sql: one statement.
        names: the parameters that there are; other names stay as they are.
        written: what stands for a parameter, by its name.
        percent: double `%` everywhere, as drivers of the style `%(name)s` want it.
    """

    def replaced(match: re.Match[str]) -> str:
        if match["name"] in names:
            return written(match["name"])
        return match[0].replace("%", "%%") if percent else match[0]

    return _NAMED.sub(replaced, sql)


def with_marks(sql: str) -> tuple[str, int]:
    """Return SQL with `%s` for each `?`, every other `%` doubled, and how many there are."""
    count = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal count
        count += bool(match["mark"])
        return "%s" if match["mark"] else match[0].replace("%", "%%")

    return _MARK.sub(replaced, sql), count
