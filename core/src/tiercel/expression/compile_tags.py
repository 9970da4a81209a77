"""Writes the Python text of whole templates: the tags around the expressions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tiercel.expression.compile_expressions import ExpressionWriter, number_of
from tiercel.expression.lexer import syntax_error
from tiercel.expression.nodes import (
    Block,
    Expression,
    FilterTag,
    For,
    If,
    Item,
    Joined,
    Literal,
    Macro,
    Output,
    Set,
    Template,
    Text,
)
from tiercel.expression.runtime import Limits
from tiercel.expression.table import Tables

__all__ = ["TemplateWriter", "bodies_of"]

_MAX_LOOPS = 16
"""Python allows twenty blocks inside each other; a `for` takes one."""
_CHUNK = 32
"""How many outputs may stand in a row before their length is counted."""


class TemplateWriter(ExpressionWriter):
    """Writes a module with the function `root`, and one function for each macro and block."""

    def __init__(
        self, source: str, tables: Tables, limits: Limits, namespace: dict[str, Any]
    ) -> None:
        super().__init__(source, tables, limits, namespace)
        self.lines: list[str] = []
        self.functions: list[list[str]] = []
        self.indent = 1
        self.loops = 0
        self.target, self.printer = "o", "out"

    def generate(self, template: Template) -> str:
        """Return the text of the module with `root` and the functions of macros and blocks."""
        self._collect(template.body)
        for name, block in self.blocks.items():
            self._function(f"b_{number_of(name, self.blocks)}(c, v, o, out)", block.body, "out")
        for name, macro in self.macros.items():
            self._macro(f"m_{number_of(name, self.macros)}(c, v)", macro)
        straight = [item for item in template.body if isinstance(item, (Text, Output))]
        if len(straight) == len(template.body) <= 2 * _CHUNK:
            pieces = ", ".join([self._piece(item) for item in straight])
            self.lines = ["def root(c, v, out):", f"  return ({pieces}{',' if pieces else ''})"]
        else:
            assigns = any(_assigned(template.body, loops=True))
            self.lines = ["def root(c, v, out):", "  o = Parts()"]
            if assigns:
                self.lines.append("  v = c.variables = dict(v)")
            self._body(template.body)
            self.lines.append("  return o")
        if self.blocks:
            names = [f"{name!r}: b_{number_of(name, self.blocks)}" for name in self.blocks]
            self.lines.append(f"blocks = {{{', '.join(names)}}}")
        return "\n".join(line for lines in [*self.functions, self.lines] for line in lines)

    def _collect(self, items: Iterable[Item]) -> None:
        """Note every macro and block, wherever in the template it stands but inside of `filter`."""
        for item in items:
            if isinstance(item, Macro):
                if item.name in self.macros:
                    reason = f"The macro {item.name!r} is defined twice"
                    raise syntax_error(reason, self.source, item.start)
                self.macros[item.name] = item
            elif isinstance(item, Block):
                self.blocks[item.name] = item
            for body in () if isinstance(item, FilterTag) else bodies_of(item):
                self._collect(body)

    def _function(self, signature: str, body: tuple[Item, ...], printer: str) -> list[str]:
        outer = (self.lines, self.indent, self.loops, self.target, self.printer)
        self.lines, self.indent, self.loops = [f"def {signature}:"], 1, 0
        self.target, self.printer = "o", printer
        self._body(body)
        self._line("pass")
        made = self.lines
        self.functions.append(made)
        self.lines, self.indent, self.loops, self.target, self.printer = outer
        return made

    def _macro(self, signature: str, macro: Macro) -> None:
        made = self._function(signature, macro.body, "java")
        made.append("  return o")
        prologue = ["  o = Parts()"]
        for parameter in macro.parameters:
            default = "None" if parameter.default is None else self.expression(parameter.default)
            prologue.append(
                f"  if {parameter.name!r} not in v: v[{parameter.name!r}] = ({default})"
            )
        made[1:1] = prologue

    def _line(self, text: str) -> None:
        self.lines.append("  " * self.indent + text)

    def _body(self, items: Iterable[Item]) -> None:
        run: list[str] = []
        for item in items:
            if isinstance(item, (Text, Output)):
                run.append(self._piece(item))
                if len(run) >= _CHUNK:
                    self._flush(run)
                    self._line(f"count(c, {self.target})")
            elif not isinstance(item, Macro):
                self._flush(run)
                self._tag(item)
        self._flush(run)

    def _flush(self, run: list[str]) -> None:
        if run:
            self._line(f"{self.target} += ({', '.join(run)},)")
            run.clear()

    def _piece(self, item: Text | Output) -> str:
        if isinstance(item, Text):
            return repr(item.text)
        text = self.expression(item.expression)
        if _is_text(item.expression):
            return text
        return f"{self.printer}({text})"

    def _tag(self, item: Item) -> None:
        self.deeper(item.start)
        if isinstance(item, If):
            self._if(item)
        elif isinstance(item, For):
            self._for(item)
        elif isinstance(item, Set):
            self._line(f"v[{item.name!r}] = ({self.expression(item.value)})")
        elif isinstance(item, Block):
            if item.name in self.blocks:  # a block inside a `filter` alone is none, as in Kestra
                function = f"b_{number_of(item.name, self.blocks)}"
                self._line(f"{function}(c, v, {self.target}, {self.printer})")
        elif isinstance(item, FilterTag):
            self._filter_tag(item)
        self.depth -= 1

    def _nested(self, items: tuple[Item, ...]) -> None:
        self.indent += 1
        self._body(items)
        self._line("pass")
        self.indent -= 1

    def _if(self, item: If) -> None:
        keyword = "if"
        for condition, body in item.branches:
            self._line(f"{keyword} ({self.call('truth', condition.start, condition)}):")
            self._nested(body)
            keyword = "elif"
        if item.otherwise:
            self._line("else:")
            self._nested(item.otherwise)

    def _for(self, item: For) -> None:
        self.loops += 1
        if self.loops > _MAX_LOOPS:
            raise self.too_deep(item.start, f"Loops are nested deeper than {_MAX_LOOPS} levels")
        items, loop, old, old_loop = (self.temporary() for _ in range(4))
        name = repr(item.name)
        mark = f"\0{item.iterable.start} "
        self._line(f"{items} = ({mark}iterate({self.expression(item.iterable)}))")
        self._line(f"{old} = v.get({name}, M); {old_loop} = v.get('loop', M)")
        local = self.temporary()
        assigned = sorted(set(_assigned(item.body)) - {item.name, "loop"})
        if assigned:
            self._line(f"{local} = [n for n in {tuple(assigned)!r} if n not in v]")
        self._line(f"{loop} = Loop(len({items} or ()))")
        self._line(f"for {loop}.index, v[{name}] in enumerate({items} or ()):")
        self.indent += 1
        self._line(f"v['loop'] = {loop}; (\0{item.start} tick(c, {self.target}))")
        self.indent -= 1
        self._nested(item.body)
        self._line(f"restore(v, {name}, {old}); restore(v, 'loop', {old_loop})")
        if assigned:
            self._line(f"for n in {local}: v.pop(n, None)")
        if item.otherwise:
            self._line(f"if {items} is not None and not {items}:")
            self._nested(item.otherwise)
        self.loops -= 1

    def _filter_tag(self, item: FilterTag) -> None:
        outer = (self.target, self.printer)
        self.target, self.printer = self.temporary(), "java"
        self._line(f"{self.target} = Parts()")
        self._body(item.body)
        text = f"(\0{item.start} joined(c, {self.target}))"
        for called in item.filters:
            text = self.filtered(called.name, text, called.arguments, called.start)
        self.target, self.printer = outer
        self._line(f"{self.target}.append(\0{item.start} {self.printer}({text}))")


def bodies_of(item: Item) -> list[tuple[Item, ...]]:
    """Return the items inside a tag."""
    if isinstance(item, If):
        return [*(body for _, body in item.branches), item.otherwise]
    if isinstance(item, For):
        return [item.body, item.otherwise]
    if isinstance(item, (Macro, Block, FilterTag)):
        return [item.body]
    return []


def _assigned(items: Iterable[Item], *, loops: bool = False) -> Iterable[str]:
    """Names that `set` writes in these items (and loops, if asked), macros apart."""
    for item in items:
        if isinstance(item, Set):
            yield item.name
        elif isinstance(item, Macro):
            continue
        elif isinstance(item, For) and loops:
            yield item.name
        for body in bodies_of(item):
            yield from _assigned(body, loops=loops)


def _is_text(node: Expression) -> bool:
    if isinstance(node, Joined):
        return len(node.parts) > 1
    return isinstance(node, Literal) and isinstance(node.value, str)
