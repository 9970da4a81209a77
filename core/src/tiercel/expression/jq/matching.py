"""The built-in functions on regular expressions.

Patterns run on the `regex` library: it reads the Perl dialect that Kestra's jq uses, and stops at a
deadline, so a pattern that backtracks without end is an error rather than a stuck engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tiercel.errors import LimitError
from tiercel.expression.jq.engine import Budget, Emit, Env, Run
from tiercel.expression.jq.paths import Path
from tiercel.expression.jq.scalars import JqError, node_text, type_name
from tiercel.expression.jq.streams import Arguments, builtin

if TYPE_CHECKING:
    import regex

__all__: list[str] = []

_FLAGS = frozenset("gimnpslx")


@lru_cache(maxsize=256)
def _compile(pattern: str, flags: str) -> regex.Pattern[str]:
    # Half the templates of a flow never match a pattern: the library costs 20 ms to import.
    import regex

    options = regex.VERSION0
    options |= regex.IGNORECASE if "i" in flags else 0
    # In Oniguruma's terms `m`, and `p` with it, lets the dot match line ends.
    options |= regex.DOTALL if "m" in flags or "p" in flags else 0
    options |= regex.VERBOSE if "x" in flags else 0
    try:
        return regex.compile(pattern, options)
    except (regex.error, OverflowError, RecursionError) as problem:
        raise JqError(f"{pattern!r} is not a valid regular expression: {problem}") from None


def _check(pattern: Any, flags: Any) -> tuple[str, str]:
    if not isinstance(pattern, str):
        raise JqError(f"cannot accept {type_name(pattern)} as a regular expression")
    if flags is not None and not isinstance(flags, str):
        raise JqError(f"cannot accept {type_name(flags)} as flags of a regular expression")
    if flags and not _FLAGS.issuperset(flags):
        raise JqError(f"{flags} is not a valid modifier string")
    return pattern, flags or ""


def _matches(text: Any, pattern: Any, flags: Any, budget: Budget) -> Iterator[Any]:
    """Yield the matches of a pattern: the first, or all with the flag `g`."""
    if not isinstance(text, str):
        raise JqError(f"match is not applicable to {type_name(text)}; expected one of [string]")
    source, options = _check(pattern, flags)
    program = _compile(source, options)
    position = 0
    while position <= len(text):
        budget.tick()
        try:
            match = program.search(text, position, timeout=budget.seconds_left(), concurrent=True)
        except TimeoutError:
            raise LimitError(f"The regular expression {source!r} runs too long") from None
        if match is None:
            return
        if match.end() > match.start() or "n" not in options:
            yield match
            if "g" not in options:
                return
        position = match.end() + (match.end() == match.start())


def _describe(match: Any) -> dict[str, Any]:
    names = {number: name for name, number in match.re.groupindex.items()}
    captures = [
        _capture(match, number, names.get(number)) for number in range(1, match.re.groups + 1)
    ]
    return {
        "offset": match.start(),
        "length": match.end() - match.start(),
        "string": match.group(),
        # jackson-jq gives no captures for a match of nothing.
        "captures": captures if match.end() > match.start() else [],
    }


def _capture(match: Any, number: int, name: str | None) -> dict[str, Any]:
    text = match.group(number)
    return {
        "offset": match.start(number),
        "length": 0 if text is None else len(text),
        "string": text,
        "name": name,
    }


def _named(match: Any) -> dict[str, Any]:
    numbers = sorted(match.re.groupindex.items(), key=lambda pair: pair[1])
    return {name: match.group(number) for name, number in numbers}


# --- functions ------------------------------------------------------------------------------


def _with_pattern(env: Env, args: Arguments, value: Any, use: Any) -> None:
    """Call `use(pattern, flags)` for each pattern and each flags; `[pattern, flags]` is both."""

    def alone(pattern: Any, _path: Path | None) -> None:
        if isinstance(pattern, list) and pattern:
            use(pattern[0], pattern[1] if len(pattern) > 1 else None)
        elif isinstance(pattern, str):
            use(pattern, None)
        else:
            raise JqError(f"{type_name(pattern)} not a string or array")

    def with_flags(flags: Any, _path: Path | None) -> None:
        args[0](env, value, None, lambda pattern, _: use(pattern, flags))

    if len(args) == 1:
        args[0](env, value, None, alone)
    else:
        args[1](env, value, None, with_flags)


@builtin("test/1", "test/2")
def _test(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def use(pattern: Any, flags: Any) -> None:
        emit(any(True for _ in _matches(value, pattern, flags, env.budget)), None)

    _with_pattern(env, args, value, use)


@builtin("match/1", "match/2")
def _match(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def use(pattern: Any, flags: Any) -> None:
        for match in list(_matches(value, pattern, flags, env.budget)):
            emit(_describe(match), None)

    _with_pattern(env, args, value, use)


@builtin("capture/1", "capture/2")
def _captured(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def use(pattern: Any, flags: Any) -> None:
        for match in list(_matches(value, pattern, flags, env.budget)):
            emit(_named(match) if match.end() > match.start() else {}, None)

    _with_pattern(env, args, value, use)


@builtin("scan/1", "scan/2")
def _scan(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def use(pattern: Any, flags: Any) -> None:
        for match in list(_matches(value, pattern, _globally(flags), env.budget)):
            captures = _describe(match)["captures"]
            emit([part["string"] for part in captures] or match.group(), None)

    def with_flags(flags: Any, _path: Path | None) -> None:
        args[0](env, value, None, lambda pattern, _: use(pattern, flags))

    if len(args) == 1:
        with_flags(None, None)
    else:
        args[1](env, value, None, with_flags)


def _globally(flags: Any) -> str:
    if flags is not None and not isinstance(flags, str):
        raise JqError(f"{type_name(flags)} and string cannot be added")
    return (flags or "") + "g"


def _pieces(value: Any, pattern: Any, flags: Any, budget: Budget) -> list[str]:
    pieces: list[str] = []
    position = 0
    for match in _matches(value, pattern, _globally(flags), budget):
        pieces.append(value[position : match.start()])
        position = match.end()
    return [*pieces, value[position:]]


@builtin("splits/1", "splits/2")
def _splits(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    for piece in _all_pieces(env, args, value):
        for part in piece:
            emit(part, None)


def _all_pieces(env: Env, args: Arguments, value: Any) -> list[list[str]]:
    found: list[list[str]] = []

    def use(pattern: Any, flags: Any) -> None:
        found.append(_pieces(value, pattern, flags, env.budget))

    def with_pattern(pattern: Any, _path: Path | None) -> None:
        if len(args) == 1:
            use(pattern, None)
        else:
            args[1](env, value, None, lambda flags, _: use(pattern, flags))

    args[0](env, value, None, with_pattern)
    return found


@builtin("split/2")
def _split(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    for pieces in _all_pieces(env, args, value):
        emit(pieces, None)


def _register_substitution(name: str, *, everywhere: bool) -> None:
    @builtin(f"{name}/2", f"{name}/3")
    def run(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
        def with_flags(flags: Any, _path: Path | None) -> None:
            chosen = _globally(flags) if everywhere else flags
            args[0](
                env,
                value,
                None,
                lambda pattern, _: _substitute(env, (pattern, chosen), args[1], value, emit),
            )

        if len(args) == 2:
            with_flags("", None)
        else:
            args[2](env, value, None, with_flags)


_register_substitution("sub", everywhere=False)
_register_substitution("gsub", everywhere=True)


def _substitute(
    env: Env, wanted: tuple[Any, Any], replacement: Run, value: Any, emit: Emit
) -> None:
    """Emit `value` with matches replaced, once for each combination of replacements."""
    matches = list(_matches(value, *wanted, env.budget))

    def fill(count: int, tail: str, end: int) -> None:
        # From the last match to the first, as jackson-jq does: it decides the order of results.
        env.budget.check_size(len(tail))
        if count == 0:
            emit(value[:end] + tail, None)
            return
        match = matches[count - 1]
        rest = value[match.end() : end] + tail

        def with_text(result: Any, _path: Path | None) -> None:
            text = "" if isinstance(result, list | dict) else node_text(result)
            fill(count - 1, text + rest, match.start())

        replacement(env, _named(match), None, with_text)

    fill(len(matches), "", len(value))
