"""The built-in functions on texts, and the formats (`@csv`, `@base64`, …)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tiercel.expression import java_base64
from tiercel.expression.jq.arithmetic import split_text
from tiercel.expression.jq.engine import BUILTINS, Budget, Emit, Env
from tiercel.expression.jq.paths import Path
from tiercel.expression.jq.scalars import (
    JqError,
    is_number,
    json_text,
    node_text,
    show,
    to_index,
    type_name,
)
from tiercel.expression.jq.streams import Arguments, builtin, members, unary
from tiercel.expression.json_reader import JsonTextError, read_json

__all__: list[str] = []

_URI_SAFE = "-_.!~*'()"
_HTML = str.maketrans(
    {"<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;", "&": "&amp;", "\0": "\\0"}
)
_TSV = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\", "\0": "\\0"})


def _require_text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise JqError(f"{name} is not applicable to {type_name(value)}; expected one of [string]")
    return value


# --- letters --------------------------------------------------------------------------------


@unary("explode")
def _explode(value: Any) -> list[int]:
    return [ord(letter) for letter in _require_text("explode", value)]


@unary("implode")
def _implode(value: Any) -> str:
    if not isinstance(value, list) or not all(map(is_number, value)):
        raise JqError(f"implode is not applicable to {type_name(value)}")
    codes = [to_index(code) for code in value]
    if not all(0 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF for code in codes):
        raise JqError("input to implode() must be a list of codepoints")
    return "".join(map(chr, codes))


def _shift_ascii(name: str, first: str, last: str, distance: int) -> None:
    table = {code: code + distance for code in range(ord(first), ord(last) + 1)}
    unary(name)(lambda value: _require_text("explode", value).translate(table))


_shift_ascii("ascii_downcase", "A", "Z", 32)
_shift_ascii("ascii_upcase", "a", "z", -32)


# --- parts ----------------------------------------------------------------------------------


def _register_test(name: str, test: Callable[[str, str], bool]) -> None:
    @builtin(f"{name}/1")
    def run(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
        def with_part(part: Any, _path: Path | None) -> None:
            if not isinstance(part, str) or not isinstance(value, str):
                raise JqError(f"{name}() requires string inputs")
            emit(test(value, part), None)

        args[0](env, value, None, with_part)


_register_test("startswith", str.startswith)
_register_test("endswith", str.endswith)


def _register_trim(name: str, trim: Callable[[str, str], str]) -> None:
    @builtin(f"{name}/1")
    def run(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
        def with_part(part: Any, _path: Path | None) -> None:
            if isinstance(part, str) and isinstance(value, str):
                emit(trim(value, part), None)
            else:
                emit(value, path)

        args[0](env, value, None, with_part)


_register_trim("ltrimstr", str.removeprefix)
_register_trim("rtrimstr", str.removesuffix)


@builtin("split/1")
def _split(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def with_separator(separator: Any, _path: Path | None) -> None:
        if not isinstance(value, str) or not isinstance(separator, str):
            raise JqError("split input and separator must be strings")
        emit(split_text(value, separator), None)

    args[0](env, value, None, with_separator)


@builtin("join/1")
def _join(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def with_separator(separator: Any, _path: Path | None) -> None:
        emit(_joined(members(value), separator, env.budget), None)

    args[0](env, value, None, with_separator)


def _joined(items: list[Any], separator: Any, budget: Budget) -> str:
    if len(items) > 1 and not (separator is None or isinstance(separator, str)):
        raise JqError(f"{show(_join_text(items[0]))} and {show(separator)} cannot be added")
    texts = [_join_text(item) for item in items]
    between = separator if isinstance(separator, str) else ""
    budget.check_size(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def _join_text(item: Any) -> str:
    if isinstance(item, list | dict):
        raise JqError(f"string and {show(item)} cannot be added")
    return "" if item is None else node_text(item)


# --- JSON -----------------------------------------------------------------------------------


@builtin("tostring/0", "@text/0")
def _tostring(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    emit(value if isinstance(value, str) else json_text(value, env.budget.tick), None)


@builtin("tojson/0", "@json/0")
def _tojson(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    emit(json_text(value, env.budget.tick), None)


@unary("fromjson")
def _fromjson(value: Any) -> Any:
    if not isinstance(value, str):
        raise JqError(f"{show(value)} only strings can be parsed")
    try:
        return read_json(value, whole=True)
    except JsonTextError:
        raise JqError(f"failed to parse {show(value)} as json") from None


# --- formats --------------------------------------------------------------------------------


def _register_format(name: str, convert: Callable[[str], str]) -> None:
    def run(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
        text = value if isinstance(value, str) else json_text(value, env.budget.tick)
        emit(convert(text), None)

    BUILTINS[f"@{name}/0"] = run


def _from_base64(text: str) -> str:
    try:
        return java_base64.decode(text).decode("utf-8", "replace")
    except ValueError:
        raise JqError(f"{show(text)} is not valid base64 data") from None


def _to_base64(text: str) -> str:
    return java_base64.encode(text.encode("utf-8", "replace"))


_register_format("base64", _to_base64)
_register_format("base64d", _from_base64)
_register_format("html", lambda text: text.translate(_HTML))
_register_format("uri", lambda text: quote(text, safe=_URI_SAFE, errors="replace"))


def _row(value: Any, name: str, separator: str, quoted: Callable[[str], str]) -> str:
    if not isinstance(value, list):
        raise JqError(f"{show(value)} cannot be {name}-formatted, only array")
    cells: list[str] = []
    for cell in value:
        if isinstance(cell, list | dict):
            raise JqError(f"{show(cell)} is not valid in a csv row")
        if cell is None or (isinstance(cell, float) and math.isnan(cell)):
            cells.append("")
        else:
            cells.append(quoted(cell) if isinstance(cell, str) else json_text(cell))
    return separator.join(cells)


def _csv_text(text: str) -> str:
    doubled = text.replace('"', '""').replace("\0", "\\0")
    return f'"{doubled}"'


unary("@csv")(lambda value: _row(value, "csv", ",", _csv_text))
unary("@tsv")(lambda value: _row(value, "tsv", "\t", lambda text: text.translate(_TSV)))


@unary("@sh")
def _sh(value: Any) -> str:
    return " ".join(map(_shell_word, value if isinstance(value, list) else [value]))


def _shell_word(value: Any) -> str:
    if isinstance(value, list | dict):
        raise JqError(f"{type_name(value)} cannot be escaped for shell")
    if not isinstance(value, str):
        return json_text(value)
    escaped = value.replace("'", "'\\''").replace("\0", "\\0")
    return f"'{escaped}'"
