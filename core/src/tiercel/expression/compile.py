"""Turns a template's tree into a Python function, compiled once and run for every rendering.

The generated code calls nothing but the helpers in `_HELPERS`, and the filters, functions and tests
of the tables; template names appear in it only as text constants, so no template can reach a Python
name. Every call that can fail stands on a line of its own, and `Program.offsets` maps lines to
offsets of the template: an error finds its place through the traceback and costs nothing until
then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, TracebackType
from typing import Any

from tiercel.errors import LimitError
from tiercel.expression import access, operators, runtime
from tiercel.expression.lexer import place, syntax_error
from tiercel.expression.nodes import (
    Argument,
    Attribute,
    Binary,
    Block,
    Call,
    Choice,
    Expression,
    Filter,
    FilterTag,
    For,
    If,
    Item,
    Joined,
    ListLiteral,
    Literal,
    Macro,
    MapLiteral,
    Method,
    Name,
    Output,
    Set,
    Subscript,
    Template,
    Test,
    Text,
    Unary,
)
from tiercel.expression.runtime import EvaluationContext, Limits
from tiercel.expression.table import Entry

__all__ = ["Program", "Tables", "compile_template"]

_MAX_LOOPS = 16
"""Python allows twenty blocks inside each other; a for takes one."""
_CHUNK = 32
"""How many outputs may stand in a row before their length is counted."""

_HELPERS: dict[str, Any] = {
    "__builtins__": {"dict": dict, "len": len, "enumerate": enumerate, "str": str},
    "attr": access.attribute,
    "sub": access.subscript,
    "meth": access.method,
    "look": access.lookup,
    "soft": access.soft_path,
    "M": access.MISSING,
    "truth": operators.truth,
    "eq": operators.equal,
    "compare": operators.compare,
    "has": operators.contains,
    "is_in": operators.is_in,
    "add": operators.add,
    "minus": operators.subtract,
    "times": operators.multiply,
    "over": operators.divide,
    "rest": operators.modulo,
    "neg": operators.negative,
    "pos": operators.positive,
    "Parts": runtime.Parts,
    "Loop": runtime.Loop,
    "tick": runtime.tick,
    "count": runtime.count,
    "joined": runtime.join_parts,
    "forgive": runtime.forgive,
    "attempt": runtime.attempt,
    "choose": runtime.choose,
    "concat": runtime.concatenate,
    "interpolate": runtime.interpolate,
    "iterate": runtime.iterate,
    "restore": runtime.restore,
    "span": runtime.span,
    "make_map": runtime.make_map,
    "refuse": runtime.refuse,
    "call_macro": runtime.call_macro,
    "render_block": runtime.render_block,
    "java": runtime.macro_text,
}
_CALLS = {
    "+": "add",
    "-": "minus",
    "*": "times",
    "/": "over",
    "%": "rest",
    "contains": "has",
    "isIn": "is_in",
    "==": "eq",
}


@dataclass(frozen=True, slots=True)
class Tables:
    """The filters, functions and tests that a template may call."""

    filters: Mapping[str, Entry]
    functions: Mapping[str, Entry]
    tests: Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled template.

    Attributes:
        source: its text.
        root: takes a context, variables and how to print a value; returns the output's pieces.
        offsets: for each line of the generated code, where in the template it comes from.
    """

    source: str
    root: Callable[[EvaluationContext, Mapping[str, Any], Callable[[Any], Any]], Sequence[Any]]
    offsets: list[int]
    namespace: dict[str, Any]

    def place_of(self, traceback: TracebackType | None) -> tuple[int, int]:
        """Return line and column in the template of the innermost call that failed."""
        line = 0
        while traceback is not None:
            if traceback.tb_frame.f_globals is self.namespace:
                line = traceback.tb_lineno
            traceback = traceback.tb_next
        if not 0 < line <= len(self.offsets):
            return 0, 0
        return place(self.source, self.offsets[line - 1])


def compile_template(source: str, template: Template, tables: Tables, limits: Limits) -> Program:
    """Compile a parsed template.

    Raises:
        ExpressionSyntaxError: two macros have one name.
        LimitError: it is nested too deep.
    """
    generator = _Generator(source, tables, limits)
    text = generator.generate(template)
    code, offsets = _assemble(text, source)
    namespace = generator.namespace
    exec(code, namespace)  # text made by the generator below, without any of the template's names
    return Program(source, namespace["root"], offsets, namespace)


def _assemble(text: str, source: str) -> tuple[CodeType, list[int]]:
    """Turn the generator's marks into line breaks and remember the offset of each line."""
    pieces = text.split("\0")
    lines, offsets = [pieces[0]], [0] * (pieces[0].count("\n") + 1)
    for piece in pieces[1:]:
        offset, _, rest = piece.partition(" ")
        lines.append(rest)
        offsets += [int(offset)] * (rest.count("\n") + 1)
    try:
        return compile("\n".join(lines), "<template>", "exec"), offsets
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise LimitError("The template is nested too deep", source=source) from error


class _Generator:
    """Writes the Python text for one template; `\\0offset ` marks a line break with its origin."""

    def __init__(self, source: str, tables: Tables, limits: Limits) -> None:
        self.source = source
        self.tables = tables
        self.limits = limits
        self.namespace = dict(_HELPERS)
        self.lines: list[str] = []
        self.functions: list[list[str]] = []
        self.indent = 1
        self.depth = 0
        self.loops = 0
        self.temporaries = 0
        self.target, self.printer = "o", "out"
        self.macros: dict[str, Macro] = {}
        self.blocks: dict[str, Block] = {}
        self.entries: dict[int, str] = {}

    # Statements

    def generate(self, template: Template) -> str:
        """Return the text of the module with `root` and the functions of macros and blocks."""
        self._collect(template.body)
        for name, block in self.blocks.items():
            self._function(f"b_{name_of(name, self.blocks)}(c, v, o, out)", block.body, "out")
        for name, macro in self.macros.items():
            self._macro(f"m_{name_of(name, self.macros)}(c, v)", macro)
        if all(isinstance(item, (Text, Output)) for item in template.body) and (
            len(template.body) <= 2 * _CHUNK
        ):
            pieces = ", ".join([self._piece(item) for item in template.body])
            self.lines = ["def root(c, v, out):", f"  return ({pieces}{',' if pieces else ''})"]
        else:
            assigns = any(_assigned(template.body, loops=True))
            self.lines = ["def root(c, v, out):", "  o = Parts()"]
            if assigns:
                self.lines.append("  v = c.variables = dict(v)")
            self._body(template.body)
            self.lines.append("  return o")
        if self.blocks:
            names = [f"{name!r}: b_{name_of(name, self.blocks)}" for name in self.blocks]
            self.lines.append(f"blocks = {{{', '.join(names)}}}")
        return "\n".join(line for lines in [*self.functions, self.lines] for line in lines)

    def _collect(self, items: Iterable[Item]) -> None:
        """Note every macro and block, wherever in the template it stands."""
        for item in items:
            if isinstance(item, Macro):
                if item.name in self.macros:
                    reason = f"The macro {item.name!r} is defined twice"
                    raise syntax_error(reason, self.source, item.start)
                self.macros[item.name] = item
            elif isinstance(item, Block):
                self.blocks[item.name] = item
            for body in bodies_of(item):
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
            default = "None" if parameter.default is None else self._expression(parameter.default)
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
        text = self._expression(item.expression)
        if isinstance(item.expression, (Joined, Literal)) and _is_text(item.expression):
            return text
        name = self._temporary()
        return f"({name} if ({name} := {text}).__class__ is str else {self.printer}({name}))"

    def _tag(self, item: Item) -> None:
        self._deeper(item.start)
        if isinstance(item, If):
            self._if(item)
        elif isinstance(item, For):
            self._for(item)
        elif isinstance(item, Set):
            self._line(f"v[{item.name!r}] = ({self._expression(item.value)})")
        elif isinstance(item, Block):
            function = f"b_{name_of(item.name, self.blocks)}"
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
            self._line(f"{keyword} ({self._call('truth', condition.start, condition)}):")
            self._nested(body)
            keyword = "elif"
        if item.otherwise:
            self._line("else:")
            self._nested(item.otherwise)

    def _for(self, item: For) -> None:
        self.loops += 1
        if self.loops > _MAX_LOOPS:
            raise self._too_deep(item.start, f"Loops are nested deeper than {_MAX_LOOPS} levels")
        items, loop, old, old_loop = (self._temporary() for _ in range(4))
        name = repr(item.name)
        mark = f"\0{item.iterable.start} "
        self._line(f"{items} = ({mark}iterate({self._expression(item.iterable)}))")
        self._line(f"{old} = v.get({name}, M); {old_loop} = v.get('loop', M)")
        local = self._temporary()
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
        self.target, self.printer = self._temporary(), "java"
        self._line(f"{self.target} = Parts()")
        self._body(item.body)
        text = f"(\0{item.start} joined(c, {self.target}))"
        for name, arguments, at in item.filters:
            text = self._applied("filter", self.tables.filters, name, text, arguments, at)
        self.target, self.printer = outer
        printed = self._temporary()
        self._line(f"{printed} = ({text})")
        self._line(
            f"{self.target}.append({printed} if {printed}.__class__ is str "
            f"else (\0{item.start} {self.printer}({printed})))"
        )

    # Expressions

    def _expression(self, node: Expression) -> str:
        self._deeper(node.start)
        text = _EXPRESSIONS[type(node)](self, node)
        self.depth -= 1
        return text

    def _deeper(self, at: int) -> None:
        self.depth += 1
        if self.depth > self.limits.nesting:
            raise self._too_deep(at, f"Nested deeper than {self.limits.nesting} levels")

    def _too_deep(self, at: int, reason: str) -> LimitError:
        line, column = place(self.source, at)
        return LimitError(reason, source=self.source, line=line, column=column)

    def _temporary(self) -> str:
        self.temporaries += 1
        return f"t{self.temporaries}"

    def _constant(self, value: Any) -> str:
        name = f"k{len(self.namespace)}"
        self.namespace[name] = value
        return name

    def _call(self, helper: str, at: int, *operands: Expression) -> str:
        texts = ", ".join([self._expression(operand) for operand in operands])
        return f"\0{at} {helper}({texts})"

    def _literal(self, node: Literal) -> str:
        value = node.value
        if isinstance(value, int) and not isinstance(value, bool):
            return self._constant(value)
        return repr(value)

    def _name(self, node: Name) -> str:
        name = repr(node.name)
        return f"(v[{name}] if {name} in v else \0{node.start} look(v, {name}))"

    def _attribute(self, node: Attribute) -> str:
        return f"\0{node.start} attr({self._expression(node.base)}, {node.name!r})"

    def _subscript(self, node: Subscript) -> str:
        return self._call("sub", node.start, node.base, node.key)

    def _method(self, node: Method) -> str:
        given = [self._expression(argument.value) for argument in node.arguments]
        texts = ", ".join([self._expression(node.base), repr(node.name), *given])
        return f"\0{node.start} meth({texts})"

    def _unary(self, node: Unary) -> str:
        if node.operator == "not":
            return f"(not {self._call('truth', node.start, node.operand)})"
        return self._call("neg" if node.operator == "-" else "pos", node.start, node.operand)

    def _binary(self, node: Binary) -> str:
        operator, at = node.operator, node.start
        if operator in _CALLS:
            return self._call(_CALLS[operator], at, node.left, node.right)
        if operator == "!=":
            return f"(not {self._call('eq', at, node.left, node.right)})"
        if operator == "~":
            texts = [self._expression(part) for part in _chain(node)]
            return f"\0{at} concat(c, {', '.join(texts)})"
        if operator in ("and", "or"):
            left = self._call("truth", node.left.start, node.left)
            right = self._call("truth", node.right.start, node.right)
            return f"({left} {operator} {right})"
        left, right = "", self._expression(node.right)
        if operator in ("??", "???"):
            return self._coalesced(operator, node.left, right)
        left = self._expression(node.left)
        if operator == "..":
            return f"\0{at} span(c, {left}, {right})"
        return f"\0{at} compare({operator!r}, {left}, {right})"

    def _coalesced(self, operator: str, left: Expression, right: str) -> str:
        name = self._temporary()
        if operator == "??":
            return f"({right} if ({name} := {self._forgiven(left)}) is None else {name})"
        path = _path(left)
        if path:
            value = f"soft(v, {', '.join(map(repr, path))})"
        else:
            value = f"attempt(lambda: {self._expression(left)})"
        return f"({right} if ({name} := {value}) is M else {name})"

    def _forgiven(self, node: Expression) -> str:
        """The value of an expression, or None where a part of it does not exist."""
        path = _path(node)
        if path is None:
            return f"forgive(lambda: {self._expression(node)})"
        name = self._temporary()
        texts = ", ".join(map(repr, path))
        return f"(None if ({name} := soft(v, {texts})) is M else {name})"

    def _choice(self, node: Choice) -> str:
        condition = self._call("choose", node.condition.start, node.condition)
        then, otherwise = self._expression(node.then), self._expression(node.otherwise)
        return f"({then} if {condition} else {otherwise})"

    def _list(self, node: ListLiteral) -> str:
        return f"[{', '.join([self._expression(item) for item in node.items])}]"

    def _map(self, node: MapLiteral) -> str:
        members = [(self._expression(key), self._expression(value)) for key, value in node.members]
        if all(isinstance(key, Literal) and isinstance(key.value, str) for key, _ in node.members):
            return f"{{{', '.join([f'{key}: {value}' for key, value in members])}}}"
        return (
            f"\0{node.start} make_map({', '.join([f'({key}, {item})' for key, item in members])})"
        )

    def _joined(self, node: Joined) -> str:
        texts = ", ".join([self._expression(part) for part in node.parts])
        return f"\0{node.start} interpolate(c, {texts})"

    def _filter(self, node: Filter) -> str:
        entry = self.tables.filters.get(node.name)
        forgiving = entry is not None and entry.forgiving
        base = self._forgiven(node.base) if forgiving else self._expression(node.base)
        return self._applied(
            "filter", self.tables.filters, node.name, base, node.arguments, node.start
        )

    def _test(self, node: Test) -> str:
        entry = self.tables.tests.get(node.name)
        forgiving = entry is not None and entry.forgiving
        base = self._forgiven(node.base) if forgiving else self._expression(node.base)
        text = self._applied("test", self.tables.tests, node.name, base, node.arguments, node.start)
        return f"(not {text})" if node.negated else text

    def _function_call(self, node: Call) -> str:
        at = node.start
        entry = self.tables.functions.get(node.name)
        if entry is not None:
            return self._called("function", entry, "", node.arguments, at)
        if node.name in self.macros:
            return self._macro_call(node, self.macros[node.name])
        if node.name == "block" and len(node.arguments) == 1:
            name = self._expression(node.arguments[0].value)
            blocks = "blocks" if self.blocks else "{}"
            return f"\0{at} render_block(c, v, {blocks}, {name})"
        known = self._constant([*self.tables.functions, *self.macros])
        reason = f"There is no function or macro {node.name!r}"
        return f"\0{at} refuse({reason!r}, {node.name!r}, {known})"

    def _macro_call(self, node: Call, macro: Macro) -> str:
        names = [parameter.name for parameter in macro.parameters]
        bound, problem = _bind(node.arguments, names)
        if problem:
            reason = f"The macro {node.name!r} {problem}"
            return f"\0{node.start} refuse({reason!r})"
        members = [f"{name!r}: {self._expression(value)}" for name, value in bound.items()]
        function = f"m_{name_of(node.name, self.macros)}"
        return f"\0{node.start} call_macro(c, {function}, {{{', '.join(members)}}})"

    def _applied(
        self,
        kind: str,
        table: Mapping[str, Entry],
        name: str,
        base: str,
        arguments: tuple[Argument, ...],
        at: int,
    ) -> str:
        entry = table.get(name)
        if entry is None:
            known = self._constant(list(table))
            return f"\0{at} refuse({f'There is no {kind} {name!r}'!r}, {name!r}, {known})"
        return self._called(kind, entry, base, arguments, at)

    def _called(
        self, kind: str, entry: Entry, base: str, arguments: tuple[Argument, ...], at: int
    ) -> str:
        """The call of a table's entry, its arguments bound to its parameters."""
        given = ["c"] if entry.needs_context else []
        given += [base] if base else []
        unused: list[str] = []
        if entry.open_ended or not entry.parameters:
            extra = [self._expression(one.value) for one in arguments if one.name is None]
            (given if entry.open_ended else unused).extend(extra)
        else:
            bound, problem = _bind(arguments, entry.parameters)
            missing = [name for name in entry.required if name not in bound]
            if missing and not problem:
                problem = f"needs the argument {missing[0]!r}"
            if problem:
                return f"\0{at} refuse({f'The {kind} {entry.name!r} {problem}'!r})"
            keywords = dict(zip(entry.parameters, entry.keywords, strict=True))
            position = 0
            for name in entry.parameters:
                if name not in bound:
                    continue
                text = self._expression(bound[name])
                in_order = entry.parameters[position : position + 1] == (name,)
                given.append(text if in_order else f"{keywords[name]}={text}")
                position += in_order
        call = f"\0{at} {self._entry(entry)}({', '.join(given)})"
        return f"({call}, {', '.join(unused)})[0]" if unused else call

    def _entry(self, entry: Entry) -> str:
        name = self.entries.get(id(entry))
        if name is None:
            name = self.entries[id(entry)] = self._constant(entry.call)
        return name


_EXPRESSIONS: dict[type, Callable[[_Generator, Any], str]] = {
    Literal: _Generator._literal,
    Name: _Generator._name,
    Attribute: _Generator._attribute,
    Subscript: _Generator._subscript,
    Method: _Generator._method,
    Unary: _Generator._unary,
    Binary: _Generator._binary,
    Choice: _Generator._choice,
    ListLiteral: _Generator._list,
    MapLiteral: _Generator._map,
    Joined: _Generator._joined,
    Filter: _Generator._filter,
    Test: _Generator._test,
    Call: _Generator._function_call,
}


def name_of(name: str, names: Mapping[str, Any]) -> int:
    """A number that stands for a macro or block in generated names."""
    return list(names).index(name)


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


def _bind(
    arguments: tuple[Argument, ...], parameters: Sequence[str]
) -> tuple[dict[str, Expression], str]:
    """Assign arguments to parameters; the second result tells what is wrong, if anything."""
    bound: dict[str, Expression] = {}
    position = 0
    for argument in arguments:
        if argument.name is None:
            if position >= len(parameters):
                return bound, f"takes at most {len(parameters)} arguments"
            bound[parameters[position]] = argument.value
            position += 1
        elif argument.name not in parameters:
            known = ", ".join(parameters)
            return bound, f"has no argument {argument.name!r} (it takes: {known})"
        else:
            bound[argument.name] = argument.value
    return bound, ""


def _chain(node: Binary) -> list[Expression]:
    """The operands of `a ~ b ~ c`, which group from the left."""
    parts: list[Expression] = []
    walk: Expression = node
    while isinstance(walk, Binary) and walk.operator == "~":
        parts.append(walk.right)
        walk = walk.left
    parts.append(walk)
    return parts[::-1]


def _path(node: Expression) -> list[str] | None:
    """The names of `a.b.c`, or None for anything else."""
    names: list[str] = []
    while isinstance(node, Attribute):
        names.append(node.name)
        node = node.base
    if not isinstance(node, Name):
        return None
    names.append(node.name)
    return names[::-1]


def _is_text(node: Expression) -> bool:
    return isinstance(node, Joined) or (isinstance(node, Literal) and isinstance(node.value, str))
