"""Tables of the filters, functions and tests that expressions can call.

A theme module (`filters/text.py`, `functions/json.py`) owns the callables; a table maps the
name that a flow's author writes to the callable and its argument names. `builtin` says which theme
has which name, so that a theme is imported when one of its names is first looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, TypeVar

from tiercel._record import record
from tiercel.expression import builtin

__all__ = ["FILTERS", "FUNCTIONS", "TESTS", "Entry", "Table", "Tables"]

F = TypeVar("F", bound=Callable[..., object])


@record
class Entry:
    """One filter, function or test.

    Attributes:
        name: what the author writes.
        call: the callable; a filter or test gets the input value first, then its arguments in
            the order of `parameters`. With `needs_context` an `EvaluationContext` precedes all.
        parameters: argument names as Kestra spells them, in positional order.
        keywords: the callable's own parameter names, same order.
        needs_context: whether `call` wants the evaluation context as its first argument.
        open_ended: whether it takes any number of positional arguments (`max`, `min`).
        forgiving: whether an input that does not exist reaches it as null instead of failing
            (`default`, `defined`).
        required: those of `parameters` that have no default.
    """

    name: str
    call: Callable[..., Any]
    parameters: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    needs_context: bool = False
    open_ended: bool = False
    forgiving: bool = False
    required: tuple[str, ...] = ()


@record
class Tables:
    """The filters, functions and tests that a template may call."""

    filters: Mapping[str, Entry]
    functions: Mapping[str, Entry]
    tests: Mapping[str, Entry]


class Table(Mapping[str, Entry]):
    """A name → `Entry` mapping that theme modules fill by decorating their functions.

    Args:
        kind: `filter`, `function` or `test`, for error messages.
        takes_input: whether callables get an input value before their arguments.
        themes: names that a module registers when it is imported → the module.
    """

    def __init__(
        self, kind: str, *, takes_input: bool, themes: Mapping[str, str] | None = None
    ) -> None:
        self.kind = kind
        self.themes = themes or {}
        self._takes_input = takes_input
        self._entries: dict[str, Entry] = {}

    def add(
        self,
        name: str,
        *parameters: str,
        needs_context: bool = False,
        open_ended: bool = False,
        forgiving: bool = False,
    ) -> Callable[[F], F]:
        """Register the decorated function under `name`.

        The function's positional parameters after the context and the input value stand for
        `parameters`, one to one; a Python default marks an argument as optional.
        """

        def register(function: F) -> F:
            code = function.__code__
            skip = int(needs_context) + int(self._takes_input)
            keywords = code.co_varnames[skip : code.co_argcount]
            if not open_ended and len(keywords) != len(parameters):
                raise TypeError(f"{self.kind} {name!r}: {parameters} against {keywords}")
            optional = len(function.__defaults__ or ())
            self._entries[name] = Entry(
                name,
                function,
                parameters,
                keywords,
                needs_context,
                open_ended,
                forgiving,
                parameters[: max(len(parameters) - optional, 0)],
            )
            return function

        return register

    def __getitem__(self, name: str) -> Entry:
        if name not in self._entries and name in self.themes:
            import_module(self.themes[name])
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self.themes or name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter({**self.themes, **self._entries})

    def __len__(self) -> int:
        return len({**self.themes, **self._entries})


FILTERS = Table("filter", takes_input=True, themes=builtin.FILTERS)
FUNCTIONS = Table("function", takes_input=False, themes=builtin.FUNCTIONS)
TESTS = Table("test", takes_input=True, themes=builtin.TESTS)
