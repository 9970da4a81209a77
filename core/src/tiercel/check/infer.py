"""The types of expressions, and what is wrong with them.

One `Inference` walks through one template. It reports what must fail when the expression is
evaluated; what `??`, `default` and `is defined` forgive is reported as a warning at most. A part
that was reported is of any type from there on, so that one mistake is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from tiercel.check import calls, lookup
from tiercel.check.declared import typed_value
from tiercel.check.findings import Severity
from tiercel.check.operations import COMPARISONS, OPERATORS, check_number
from tiercel.check.paths import Names, asked, constant_path, extent, last_name, root_of
from tiercel.check.scope import Scope
from tiercel.check.tree import Order, Task
from tiercel.check.types import (
    ANY,
    BOOLEAN,
    NUMBER,
    TEXT,
    Either,
    ListOf,
    MapOf,
    Member,
    Path,
    Scalar,
    Type,
    could_be,
    described,
    join,
    kinds,
    without_null,
)
from tiercel.expression.nodes import (
    Attribute,
    Binary,
    Call,
    Choice,
    Expression,
    Filter,
    Joined,
    ListLiteral,
    Literal,
    MapLiteral,
    Method,
    Name,
    Node,
    Subscript,
    Test,
    Unary,
)
from tiercel.expression.table import Tables
from tiercel.model.problems import nearest

__all__ = ["Inference", "Note", "Report"]


class Report(Protocol):
    """Takes what is wrong: `start` and `end` are offsets into the template."""

    def __call__(
        self,
        code: str,
        start: int,
        end: int,
        message: str,
        *,
        severity: Severity | None = None,
        suggestion: str | None = None,
    ) -> None:
        """Note one finding."""


Note = Callable[[Node, int, int, Type, "Member | None"], None]
"""Takes the type of each part: node, start and end of its name, type, what it is a member of."""


class Inference:
    """Works out the types in one template.

    Args:
        scope: what the template sees.
        tables: the filters, functions and tests there are.
        report: takes what is wrong.
        note: takes the type of every part; for editors.

    Attributes:
        variables: what can be read at this point, but for what the template binds itself.
        locals: what the template binds itself, the innermost last.
        macros: the macros of the template.
        secrets: where a secret is read that the template may show.
    """

    def __init__(
        self, scope: Scope, tables: Tables, report: Report, note: Note | None = None
    ) -> None:
        self.scope = scope
        self.tables = tables
        self.problem = report
        self.variables = scope.variables
        self.locals: list[dict[str, Type]] = [{}]
        self.macros: frozenset[str] = frozenset()
        self.secrets: list[tuple[int, int]] = []
        self._note = note
        self._soft = 0
        self._judged = 0
        self._rendering = 0
        self._guarded: list[frozenset[Names]] = []

    def type_of(self, node: Expression) -> Type:
        """Return the type of an expression."""
        return _INFERENCES[type(node)](self, node)

    def forgiven(self, node: Expression) -> Type:
        """Return the type of an expression of which any part may be missing."""
        self._soft += 1
        found = self.type_of(node)
        self._soft -= 1
        return found

    @contextmanager
    def guard(self, *conditions: Expression) -> Iterator[None]:
        """Take for granted what conditions ask about."""
        self._guarded.append(frozenset(path for each in conditions for path in asked(each)))
        yield
        self._guarded.pop()

    @contextmanager
    def judging(self, judges: bool = True) -> Iterator[None]:
        """Note that what comes out does not show what is read: a yes or no, say."""
        self._judged += judges
        yield
        self._judged -= judges

    @contextmanager
    def rendering(self, renders: bool) -> Iterator[None]:
        """Note that what is read is rendered once more, if it is."""
        self._rendering += renders
        yield
        self._rendering -= renders

    def note_secret(self, start: int, end: int) -> None:
        """Note that a secret is read here."""
        if not self._judged:
            self.secrets.append((start, end))

    def noted(
        self, node: Node, start: int, end: int, found: Type, member: Member | None = None
    ) -> Type:
        """Tell whoever listens the type of a part, and return it."""
        if self._note is not None:
            self._note(node, start, end, found, member)
        return found

    def truth(self, node: Expression, *, null: bool = False) -> None:
        """Check a condition; with `null`, null is a no and not a mistake."""
        with self.judging():
            found = self.type_of(node)
        if not could_be(found, ("boolean", "number", "text", *(["null"] if null else []))):
            message = f"A condition takes a boolean, number or text, not {described(found)}"
            self.problem("TC303", *extent(node), message)

    # Variables and their members

    def _literal(self, node: Literal) -> Type:
        return self.noted(node, node.start, node.end, typed_value(node.value))

    def _name(self, node: Name) -> Type:
        for scope in reversed(self.locals):
            if node.name in scope:
                return self.noted(node, node.start, node.end, scope[node.name])
        found = self.variables.members.get(node.name)
        if found is None:
            if self.variables.rest is None and not self._is_guarded(node):
                self._unknown_variable(node)
            return ANY
        return self.noted(node, node.start, node.end, found.type, found)

    def _unknown_variable(self, node: Name) -> None:
        name = node.name
        if self._soft and name in _AT_TIMES:
            return
        message = _WHY.get(name, f"Expressions here see no variable {name!r}")
        hint = nearest(name, [*self.variables.members, *self.locals[-1]])
        severity = Severity.WARNING if self._soft else None
        self.problem("TC101", node.start, node.end, message, severity=severity, suggestion=hint)

    def _attribute(self, node: Attribute) -> Type:
        return self._read(node, self.type_of(node.base), node.name, node.start, node.end)

    def _subscript(self, node: Subscript) -> Type:
        base, key = self.type_of(node.base), node.key
        if isinstance(key, Literal) and isinstance(key.value, str):
            return self._read(node, base, key.value, key.start, key.end)
        self._check_key(node, base, self.type_of(key))
        return self.noted(node, node.start, node.end, _items(base))

    def _check_key(self, node: Subscript, base: Type, key: Type) -> None:
        if kinds(base) == {"map"} and not could_be(key, ("text", "boolean")):
            message = f"A map's key is a text, not {described(key)}"
            self.problem("TC301", *extent(node.key), message)
        elif self._soft or could_be(key, ("text",)):
            return
        elif kinds(base) <= {"number", "boolean", "text"}:
            self.problem("TC105", *extent(node), f"{described(base).capitalize()} has no items")

    def _read(
        self, node: Attribute | Subscript, base: Type, name: str, start: int, end: int
    ) -> Type:
        found = lookup.member(base, name)
        if isinstance(found, Member):
            self._look_at(node, found, start, end)
            return self.noted(node, start, end, found.type, found)
        if not self._is_guarded(node):
            self._report_miss(node, found, start, end)
        return found.type

    def _report_miss(
        self, node: Attribute | Subscript, miss: lookup.Miss, start: int, end: int
    ) -> None:
        if self._soft and not miss.certain:
            return
        message, hint, name = miss.message, miss.suggestion, last_name(node)
        if miss.code == "TC102":
            if any(name.startswith(prefix) for prefix in self.scope.prefixes):
                return
            message = f"The flow has no task {name!r}"
        elif constant_path(node) == ("taskrun", "value") and self._value_around():
            message = "This task run has no value of its own; the loop's value is the parent's"
            start, hint = root_of(node).start, "parent.taskrun.value"
        certain = miss.certain and not self._soft
        severity = None if certain else Severity.WARNING
        self.problem(miss.code, start, end, message, severity=severity, suggestion=hint)

    def _value_around(self) -> bool:
        task = self.scope.task
        return task is not None and any(each.has_value for each in task.ancestors())

    def _look_at(self, node: Expression, found: Member, start: int, end: int) -> None:
        """Look at a member that is known: whether it is there yet, and in every execution."""
        if isinstance(found.type, Scalar) and found.type.secret:
            self.note_secret(start, end)
        origin = found.origin
        if origin is None:
            return
        if origin.kind == "task":
            self._check_order(node, start, end)
        elif origin.kind == "input" and not found.sure and not self._is_expected(node):
            message = f"The input {last_name(node)!r} may be left out; write `?? …` behind it"
            self.problem("TC205", start, end, message)
        elif origin.kind == "variable" and origin.path is not None:
            self._check_rendered(node, origin.path, start, end)

    def _check_rendered(self, node: Expression, path: Path, start: int, end: int) -> None:
        if path in self.scope.templated and not self._rendering and not self._judged:
            message = f"The variable {last_name(node)!r} holds an expression; write `render(…)`"
            self.problem("TC206", start, end, message)

    def _check_order(self, node: Expression, start: int, end: int) -> None:
        path = constant_path(node)
        if path is None or len(path) != 2 or self._is_guarded(node):
            return
        other, found = self.scope.order(path[1])
        code, say = _ORDERS.get(found, ("", ""))
        if other is None or not code or (self._soft and found is not Order.NEVER):
            return
        if found is Order.UNCERTAIN and self._is_expected(node, other):
            return
        severity = Severity.WARNING if self._soft else None
        self.problem(code, start, end, say.format(id=other.id), severity=severity)

    def _is_expected(self, node: Expression, task: Task | None = None) -> bool:
        """Return whether the author knows that a value may be missing, or that it is there."""
        if self._soft or self._is_guarded(node):
            return True
        notes = self.scope.notes
        if task is not None and task.condition() and task.condition() in notes:
            return True
        return any(last_name(node) in note for note in notes)

    def _is_guarded(self, node: Expression) -> bool:
        path = constant_path(node)
        if path is None:
            return False
        return any(each[: len(path)] == path for paths in self._guarded for each in paths)

    def _method(self, node: Method) -> Type:
        base = self.type_of(node.base)
        for argument in node.arguments:
            self.type_of(argument.value)
        if not lookup.method_exists(base, node.name):
            severity = Severity.WARNING if self._soft else None
            message = f"{described(base).capitalize()} has no method {node.name!r}"
            end = node.start + len(node.name)
            self.problem("TC105", node.start, end, message, severity=severity)
        return ANY

    # Operators and literals

    def _unary(self, node: Unary) -> Type:
        if node.operator == "not":
            self.truth(node.operand)
            return BOOLEAN
        check_number(self, node, node.operator, self.type_of(node.operand), null=True)
        return NUMBER

    def _binary(self, node: Binary) -> Type:
        operator = node.operator
        if operator in ("and", "or"):
            self.truth(node.left)
            with self.guard(node.left):
                self.truth(node.right)
            return BOOLEAN
        if operator in ("??", "???"):
            left = self.forgiven(node.left)
            with self.guard(node.left):
                return join([without_null(left), self.type_of(node.right)])
        if operator in COMPARISONS:
            with self.judging():
                left, right = self.type_of(node.left), self.type_of(node.right)
        else:
            left, right = self.type_of(node.left), self.type_of(node.right)
        return OPERATORS[operator](self, node, left, right)

    def _choice(self, node: Choice) -> Type:
        self.truth(node.condition, null=True)
        with self.guard(node.condition):
            return join([self.type_of(node.then), self.type_of(node.otherwise)])

    def _list(self, node: ListLiteral) -> Type:
        return ListOf(join(self.type_of(item) for item in node.items))

    def _map(self, node: MapLiteral) -> Type:
        members: dict[str, Member] = {}
        computed = False
        for key, value in node.members:
            found = self.type_of(value)
            if isinstance(key, Literal):
                members[str(key.value)] = Member(found)
            else:
                self.type_of(key)
                computed = True
        return MapOf(members, ANY if computed else None)

    def _joined(self, node: Joined) -> Type:
        for part in node.parts:
            self.type_of(part)
        return TEXT


_AT_TIMES = frozenset(
    {"trigger", "parent", "parents", "inputs", "labels", "vars", "globals", "kestra", "envs"}
)
"""Variables that are there at times; to ask for them is no mistake."""
_WHY = {
    "inputs": "The flow declares no inputs",
    "vars": "The flow has no variables",
    "taskrun": "There is no task run here",
    "task": "There is no task here",
    "outputs": "There are no outputs of tasks here",
    "execution": "There is no execution here yet",
    "parent": "There is no loop, and no task with outputs, around this task",
    "parents": "This task is not inside another one",
}
_ORDERS = {
    Order.NEVER: ("TC201", "The task {id!r} cannot have run before this is read"),
    Order.DISABLED: ("TC201", "The task {id!r} is disabled: it has no outputs"),
    Order.PARALLEL: ("TC202", "The task {id!r} runs at the same time: it may not have ended yet"),
    Order.UNCERTAIN: (
        "TC203",
        "The task {id!r} may have been left out; write `?? …` behind what is read of it",
    ),
}
_MOST_JOINED = 8


def _items(base: Type) -> Type:
    """Return what a computed key or index leads to."""
    if isinstance(base, ListOf):
        return base.item
    if isinstance(base, MapOf) and len(base.members) <= _MOST_JOINED:
        found = [member.type for member in base.members.values()]
        return join(found if base.rest is None else [*found, base.rest])
    if isinstance(base, Either):
        return join(_items(choice) for choice in base.choices)
    return ANY


_INFERENCES: dict[type, Callable[[Inference, Any], Type]] = {
    Literal: Inference._literal,
    Name: Inference._name,
    Attribute: Inference._attribute,
    Subscript: Inference._subscript,
    Method: Inference._method,
    Unary: Inference._unary,
    Binary: Inference._binary,
    Choice: Inference._choice,
    ListLiteral: Inference._list,
    MapLiteral: Inference._map,
    Joined: Inference._joined,
    Filter: calls.filter_type,
    Test: calls.test_type,
    Call: calls.call_type,
}
