"""The door of the expression language: tables, settings and cache in one object."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from threading import Lock
from typing import TYPE_CHECKING, Any, NoReturn, cast

from tiercel.errors import EvaluationError, ExpressionError, LimitError
from tiercel.expression.bounded import check_tree
from tiercel.expression.lexer import RAW, cut_raw
from tiercel.expression.printing import java_text, output_text
from tiercel.expression.runtime import EvaluationContext, Limits, Loop, join_parts
from tiercel.expression.table import FILTERS, FUNCTIONS, TESTS, Entry, Tables
from tiercel.expression.values import Uri

if TYPE_CHECKING:
    from tiercel.expression.compile import Program

__all__ = ["Environment"]

_HELD = re.compile("\ue000(\\d+)\\.(\\d+)\ue001")


def _system_clock() -> datetime:
    return datetime.now(UTC)


def _typed(value: Any) -> Any:
    """Keep a value for a typed result; a loop is a text, for it changes with every turn."""
    if value.__class__ is Loop:
        return value.expression_text()
    return cut_raw(value) if isinstance(value, str) and "endraw" in value else value


class Environment:
    """Renders templates with a given set of filters, functions, tests and limits.

    Args:
        tables: the filters, functions and tests; the built-in ones when left out.
        limits: when to stop a runaway template.
        clock: gives the present as an aware datetime.
        zone: IANA name of the time zone for dates without one.
        locale: default locale for names of months and the like.

    An environment may be used by several threads at once. It keeps the programs of the last
    `CACHE_SIZE` templates.
    """

    CACHE_SIZE = 1000

    def __init__(
        self,
        *,
        tables: Tables | None = None,
        limits: Limits | None = None,
        clock: Callable[[], datetime] = _system_clock,
        zone: str = "UTC",
        locale: str = "en_US",
    ) -> None:
        self.tables = tables or Tables(FILTERS, FUNCTIONS, TESTS)
        self.limits = limits or Limits()
        self.clock = clock
        self.zone = zone
        self.locale = locale
        self._programs: dict[str, Program] = {}
        self._changing = Lock()

    def extended(
        self,
        *,
        filters: Mapping[str, Entry] | None = None,
        functions: Mapping[str, Entry] | None = None,
        tests: Mapping[str, Entry] | None = None,
    ) -> Environment:
        """Return an environment that knows more; what is given wins over what was there.

        What is given is looked up when a template first names it, not before.
        """
        tables = Tables(
            _over(self.tables.filters, filters),
            _over(self.tables.functions, functions),
            _over(self.tables.tests, tests),
        )
        return Environment(
            tables=tables,
            limits=self.limits,
            clock=self.clock,
            zone=self.zone,
            locale=self.locale,
        )

    def with_functions(self, extra: Mapping[str, Entry]) -> Environment:
        """Return an environment that knows `extra` functions too."""
        return self.extended(functions=extra)

    def render(
        self, source: str, variables: Mapping[str, Any], services: Any = None, *, name: str = ""
    ) -> str:
        """Render a template to text.

        Args:
            source: the template.
            variables: plain data by name.
            services: handed to the functions that were injected, as `context.services`.
            name: what the template is called in errors (`tasks.api.uri`).

        Raises:
            ExpressionSyntaxError: the template does not parse.
            UndefinedError: it reads something that does not exist.
            EvaluationError: a filter, function or operator refused its operands.
            LimitError: it ran into a limit.
        """
        if "{" not in source:
            return source
        try:
            return self.render_in(source, EvaluationContext(self, variables, services))
        except ExpressionError as error:
            error.name = error.name or name
            raise

    def render_in(self, source: str, context: EvaluationContext, *, recursive: bool = False) -> str:
        """Render a template in a given context; for nested renderings."""
        if recursive:
            return self._again(source, context, self.limits.recursion)
        text = self._once(source, context)
        return cut_raw(text) if "endraw" in text else text

    def _once(self, source: str, context: EvaluationContext) -> str:
        if "{" not in source:
            return source
        program = self._programs.get(source) or self._program(source)
        try:
            return join_parts(context, program.root(context, context.variables, output_text))
        except Exception as error:
            _raise_placed(error, program)

    def evaluate(
        self, source: str, variables: Mapping[str, Any], services: Any = None, *, name: str = ""
    ) -> Any:
        """Evaluate a template; one that is a single expression keeps its value's type.

        Several parts make a text; when a list, a map or a date is among them, and the text begins
        with JSON, the JSON's value is the result. A template that writes nothing is null.

        Raises:
            ExpressionError: as `render`.
        """
        if "{" not in source:
            return source
        parts = self._parts(source, variables, services, name)
        if len(parts) < 2:
            value = _typed(parts[0]) if parts else None
            # Without a tag a template makes no value much larger than itself.
            return check_tree(value) if "{%" in source else value
        texts = [output_text(part) for part in parts]
        if not all(map(_is_scalar, parts)):
            return _leading_json("".join(texts))
        # The first part is a text by its `toString` already when the second one joins it.
        return java_text(parts[0]) + "".join(texts[1:])

    def _parts(
        self, source: str, variables: Mapping[str, Any], services: Any, name: str
    ) -> list[Any]:
        """Return what a template writes, value by value, without nulls."""
        try:
            program = self._programs.get(source) or self._program(source)
            context = EvaluationContext(self, variables, services)
            try:
                parts = program.root(context, variables, _typed)
            except Exception as error:
                _raise_placed(error, program)
        except ExpressionError as error:
            error.name = error.name or name
            raise
        return [part for part in parts if part is not None]

    def render_recursive(
        self, source: str, variables: Mapping[str, Any], services: Any = None, *, name: str = ""
    ) -> str:
        """Render until the text no longer changes; what `raw` protects is left alone.

        Raises:
            ExpressionError: as `render`; `LimitError` when the text keeps changing.
        """
        context = EvaluationContext(self, variables, services)
        try:
            return self.render_in(source, context, recursive=True)
        except ExpressionError as error:
            error.name = error.name or name
            raise

    def _again(self, source: str, context: EvaluationContext, left: int) -> str:
        """Render until nothing changes; texts that `raw` protects are held back meanwhile."""
        if left == 0:
            raise LimitError(f"Rendering started over more than {self.limits.recursion} times")
        held: list[str] = []

        def hold(match: re.Match[str]) -> str:
            held.append(match.group(1))
            return f"\ue000{left}.{len(held) - 1}\ue001"

        cut = RAW.sub(hold, source) if "endraw" in source else source
        variables = context.variables
        result = self._once(cut, context)
        context.variables = variables  # `set` ends with the rendering that did it
        if result != cut:
            result = self._again(result, context, left - 1)
        if not held:
            return result
        return _HELD.sub(
            lambda match: held[int(match[2])] if match[1] == str(left) else match[0], result
        )

    def render_object(
        self, value: Any, variables: Mapping[str, Any], services: Any = None, *, name: str = ""
    ) -> Any:
        """Render every text inside a map or list, keys included; everything else stays.

        Members whose value is null, or renders to nothing but null, go. In errors a text is
        called by `name` and its path (`tasks.api.headers.X-Id`).

        Raises:
            ExpressionError: as `render`.
        """
        if isinstance(value, str):
            if "{" not in value:
                return value
            parts = self._parts(value, variables, services, name)
            return "".join([output_text(part) for part in parts]) if parts else None
        if isinstance(value, Mapping):
            rendered: dict[Any, Any] = {}
            for key, item in value.items():
                where = f"{name}.{key}" if name else str(key)
                made = self.render_object(item, variables, services, name=where)
                if made is not None:
                    text = isinstance(key, str)
                    new = self.render(key, variables, services, name=where) if text else key
                    rendered.setdefault(new, made)
            return rendered
        if isinstance(value, (list, tuple)):
            return [
                self.render_object(item, variables, services, name=f"{name}[{index}]")
                for index, item in enumerate(value)
            ]
        return value

    def _program(self, source: str) -> Program:
        """Compile a template and keep it; the oldest one goes when there are too many."""
        # Parser and compiler take a while to import; a run without tags never needs them.
        from tiercel.expression.compile import compile_template
        from tiercel.expression.parser import parse

        if len(source) > self.limits.template:
            raise LimitError(f"The template is longer than {self.limits.template} characters")
        try:
            program = compile_template(source, parse(source), self.tables, self.limits)
        except RecursionError:
            raise LimitError("The template is nested too deep", source=source) from None
        programs = self._programs
        with self._changing:
            while len(programs) >= self.CACHE_SIZE:
                del programs[next(iter(programs))]
            programs[source] = program
        return program


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float, Decimal)) and not isinstance(value, Uri)


def _leading_json(text: str) -> Any:
    """Return the JSON value that a text begins with, or the text when it begins with none."""
    from tiercel.expression.json_reader import JsonTextError, read_json

    try:
        return read_json(text)
    except JsonTextError:
        return text


def _over(base: Mapping[str, Entry], extra: Mapping[str, Entry] | None) -> Mapping[str, Entry]:
    # `ChainMap` would write into its first mapping; nobody writes here.
    return base if extra is None else ChainMap(cast(Any, extra), cast(Any, base))


def _raise_placed(error: Exception, program: Program) -> NoReturn:
    """Raise an error of the language for whatever went wrong, with its place in the template."""
    if isinstance(error, ExpressionError):
        placed = error
    elif isinstance(error, RecursionError):
        placed = LimitError("Calls are nested too deep")
    else:
        placed = EvaluationError(f"{type(error).__name__}: {error}")
        placed.__cause__ = error
    if not placed.line:
        placed.line, placed.column = program.place_of(
            error.__traceback__, getattr(error, "step", 0)
        )
        placed.source = program.source
    raise placed
