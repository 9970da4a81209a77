"""Static questions about a template, for the checker and the editor; nothing is evaluated."""

from __future__ import annotations

from collections.abc import Iterable

from tiercel._record import record
from tiercel.expression.lexer import place
from tiercel.expression.nodes import (
    Argument,
    Attribute,
    Block,
    Call,
    Expression,
    Filter,
    FilterTag,
    For,
    If,
    Item,
    Literal,
    Macro,
    Name,
    Output,
    Set,
    Subscript,
    Test,
    operands,
)

__all__ = ["PathUse", "References", "Use", "references"]


@record
class Use:
    """One place where a name is used.

    Attributes:
        name: the variable, filter, function or test.
        start: offset of its first character in the template.
        end: offset after its last character.
        line: one-based.
        column: one-based.
    """

    name: str
    start: int
    end: int
    line: int
    column: int


@record
class PathUse:
    """One place where a path like `outputs.task.value` is read, as far as it is constant.

    Attributes:
        path: its names from the variable on; `['k']` and `.k` are the same.
        start: offset of the variable.
        end: offset after the last name.
        line: one-based.
        column: one-based.
        optional: whether `??`, `default` or `is defined` forgives that it does not exist.
    """

    path: tuple[str, ...]
    start: int
    end: int
    line: int
    column: int
    optional: bool


@record
class References:
    """What a template uses, in the order of the text.

    Attributes:
        variables: variables that the template expects from outside.
        filters: filters, those of `{% filter %}` included.
        functions: functions; macros of the template and `block` are not among them.
        tests: tests (`is empty`).
        paths: paths read from those variables.
    """

    variables: tuple[Use, ...]
    filters: tuple[Use, ...]
    functions: tuple[Use, ...]
    tests: tuple[Use, ...]
    paths: tuple[PathUse, ...]

    def outputs(self) -> tuple[PathUse, ...]:
        """Return the paths that begin with `outputs`."""
        return tuple(use for use in self.paths if use.path[0] == "outputs")


def references(source: str) -> References:
    """Tell what a template uses.

    Args:
        source: the template's text.

    Raises:
        ExpressionSyntaxError: it does not parse.
        LimitError: it is nested too deep.
    """
    if "{" not in source:
        return References((), (), (), (), ())
    from tiercel.expression.parser import parse

    collector = _Collector(source)
    body = parse(source).body
    collector.macros = {item.name for item in _all_items(body) if isinstance(item, Macro)}
    collector.items(body)
    return collector.result()


def _all_items(items: Iterable[Item]) -> Iterable[Item]:
    for item in items:
        yield item
        if isinstance(item, If):
            for _, body in item.branches:
                yield from _all_items(body)
            yield from _all_items(item.otherwise)
        elif isinstance(item, (For, Macro, Block, FilterTag)):
            yield from _all_items(item.body)
            if isinstance(item, For):
                yield from _all_items(item.otherwise)


class _Collector:
    """Walks a tree and notes uses; `scopes` holds the names that the template binds itself."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.macros: set[str] = set()
        self.scopes: list[set[str]] = [set()]
        self.variables: list[Use] = []
        self.filters: list[Use] = []
        self.functions: list[Use] = []
        self.tests: list[Use] = []
        self.paths: list[PathUse] = []

    def result(self) -> References:
        """Return everything noted, in the order of the text."""
        paths = tuple(sorted(self.paths, key=lambda use: use.start))
        return References(
            _in_order(self.variables),
            _in_order(self.filters),
            _in_order(self.functions),
            _in_order(self.tests),
            paths,
        )

    def items(self, items: Iterable[Item]) -> None:
        """Walk through tags and outputs."""
        for item in items:
            if isinstance(item, Output):
                self.expression(item.expression)
            elif isinstance(item, If):
                for condition, body in item.branches:
                    self.expression(condition)
                    self.items(body)
                self.items(item.otherwise)
            elif isinstance(item, For):
                self.expression(item.iterable)
                self._scoped({item.name, "loop"}, item.body)
                self.items(item.otherwise)
            elif isinstance(item, Set):
                self.expression(item.value)
                self.scopes[-1].add(item.name)
            elif isinstance(item, Macro):
                self._macro(item)
            elif isinstance(item, Block):
                self.items(item.body)
            elif isinstance(item, FilterTag):
                for called in item.filters:
                    self._use(self.filters, called.name, called.start)
                    self._arguments(called.arguments)
                self.items(item.body)

    def _macro(self, item: Macro) -> None:
        for parameter in item.parameters:
            if parameter.default is not None:
                self.expression(parameter.default)
        outside, self.scopes = self.scopes, []
        self._scoped({parameter.name for parameter in item.parameters}, item.body)
        self.scopes = outside

    def _scoped(self, names: set[str], items: tuple[Item, ...]) -> None:
        self.scopes.append(names)
        self.items(items)
        self.scopes.pop()

    def expression(self, node: Expression, *, optional: bool = False) -> None:
        """Walk through an expression; `optional` when a missing part of it is forgiven."""
        path = _constant_path(node)
        if path is not None:
            self._path(node, path, optional)
            return
        if isinstance(node, Filter):
            self._use(self.filters, node.name, node.start)
            self.expression(node.base, optional=optional or node.name == "default")
            self._arguments(node.arguments)
            return
        if isinstance(node, Test):
            self._use(self.tests, node.name, node.start)
            self.expression(node.base, optional=optional or node.name == "defined")
            self._arguments(node.arguments)
            return
        if isinstance(node, Call) and node.name not in self.macros and node.name != "block":
            self._use(self.functions, node.name, node.start)
        forgiving = getattr(node, "operator", "") in ("??", "???")
        for position, operand in enumerate(operands(node)):
            self.expression(operand, optional=optional or (forgiving and position == 0))

    def _arguments(self, arguments: tuple[Argument, ...]) -> None:
        for argument in arguments:
            self.expression(argument.value)

    def _use(self, uses: list[Use], name: str, start: int) -> None:
        uses.append(Use(name, start, start + len(name), *place(self.source, start)))

    def _path(self, node: Expression, path: tuple[str, ...], optional: bool) -> None:
        root: Expression = node
        while isinstance(root, (Attribute, Subscript)):
            root = root.base
        if any(path[0] in scope for scope in self.scopes):
            return
        self._use(self.variables, path[0], root.start)
        where = place(self.source, root.start)
        self.paths.append(PathUse(path, root.start, node.end, *where, optional))


def _in_order(uses: list[Use]) -> tuple[Use, ...]:
    return tuple(sorted(uses, key=lambda use: use.start))


def _constant_path(node: Expression) -> tuple[str, ...] | None:
    """The names of `a.b['c']`, or None for anything that is not such a path throughout."""
    names: list[str] = []
    while not isinstance(node, Name):
        if isinstance(node, Attribute):
            names.append(node.name)
        elif (
            isinstance(node, Subscript)
            and isinstance(node.key, Literal)
            and isinstance(node.key.value, str)
        ):
            names.append(node.key.value)
        else:
            return None
        node = node.base
    return (node.name, *names[::-1])
