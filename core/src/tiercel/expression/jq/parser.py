"""jq text → syntax tree.

The grammar is the one Kestra's jq (jackson-jq in its jq 1.6 mode) accepts, which is narrower than
jq's own in places: `if` needs `else`, nothing may follow `..`, a parenthesis that starts an
object's value ends it, and `and` and `or` share one precedence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn

from tiercel.expression.jq import nodes
from tiercel.expression.jq.nodes import Node, Pattern
from tiercel.expression.jq.scalars import JqError
from tiercel.expression.json_reader import join_surrogates

__all__ = ["JqSyntaxError", "parse"]

_TOKEN = re.compile(
    r"(?P<skip>(?:[ \t\r\n]+|\#[^\n\r]*)+)"
    r"|(?P<number>(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<operator>\.\.|//=|//|\|=|==|!=|<=|>=|\+=|-=|\*=|/=|%=|::"
    r"|[.<>=+\-*/%();:,|@$?\[\]{}\"])"
    r"|(?P<word>[A-Za-z_][A-Za-z_0-9]*)"
)
_TEXT = re.compile(r'[^"\\\b\f\n\r\t]+|\\(?:["\\/bfnrt(]|u[0-9a-fA-F]{4})|"')
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

# Smaller binds tighter; all but the assignments group to the left.
_PRECEDENCE = {
    **dict.fromkeys(("*", "/", "%"), 1),
    **dict.fromkeys(("+", "-"), 2),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 3),
    **dict.fromkeys(("and", "or"), 4),
    "//": 5,
    **dict.fromkeys(("=", "|=", "//=", "+=", "-=", "*=", "/=", "%="), 6),
}
_ASSIGNMENT = 6

_KEYWORDS = {
    *("if", "then", "elif", "else", "end", "as", "def", "true", "false", "and", "or", "null"),
    *("reduce", "foreach", "try", "catch", "label", "break", "import", "include", "module"),
}
_LITERALS = {"null": None, "true": True, "false": False}
_LONG_LIMIT = 2**63


class JqSyntaxError(JqError):
    """The text is no jq program."""


def parse(source: str) -> Node:
    """Parse a program; raise `JqSyntaxError` naming the place when it is none."""
    parser = _Parser(source)
    tree = parser.pipe()
    parser.expect("")
    return tree


class _Parser:
    """Recursive descent over tokens that are read when needed: inside a text there are none."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._position = 0  # behind the current token
        self._start = 0
        self._kind = ""
        self._token = ""
        self._advance()

    # --- tokens -----------------------------------------------------------------------------

    def _advance(self) -> str:
        """Step to the next token and return the one just left."""
        left = self._token
        position = self._position
        match = _TOKEN.match(self._source, position)
        if match and match.lastgroup == "skip":
            position = match.end()
            match = _TOKEN.match(self._source, position)
        self._start = position
        if match:
            self._kind, self._token = str(match.lastgroup), match.group()
            self._position = match.end()
        elif position < len(self._source):
            self._fail(self._source[position])
        else:
            self._kind, self._token = "end", ""
        return left

    def _fail(self, token: str | None = None) -> NoReturn:
        found = self._token if token is None else token
        line = self._source.count("\n", 0, self._start) + 1
        column = self._start - self._source.rfind("\n", 0, self._start)
        what = repr(found) if found else "the end"
        raise JqSyntaxError(
            f"Cannot compile query: {self._source} (unexpected {what} at line {line}, "
            f"column {column})"
        )

    def _at(self, token: str) -> bool:
        return self._token == token and self._kind in ("operator", "word")

    def _take(self, token: str) -> bool:
        if self._at(token):
            self._advance()
            return True
        return False

    def expect(self, token: str) -> None:
        """Step over `token`, or fail; the empty token stands for the end."""
        if self._token != token:
            self._fail()
        self._advance()

    def _word(self, *, keywords: bool = False) -> str:
        if self._kind != "word" or (not keywords and self._token in _KEYWORDS):
            self._fail()
        return self._advance()

    # --- pipes and operators ----------------------------------------------------------------

    def pipe(self, *, comma: bool = True) -> Node:
        """Parse a whole pipe; `comma` tells whether `,` may occur outside brackets."""
        if self._take("label"):
            self.expect("$")
            name = self._word()
            self.expect("|")
            return nodes.Label(name, self.pipe(comma=comma))
        if self._at("def"):
            return self._definition(lambda: self.pipe(comma=comma))
        left = self._comma() if comma else self._binary()
        if self._take("as"):
            pattern = self._pattern()
            self.expect("|")
            return nodes.Bind(left, pattern, self.pipe(comma=comma))
        if self._take("|"):
            return nodes.Pipe(left, self.pipe(comma=comma))
        return left

    def _definition(self, rest: Callable[[], Node]) -> Node:
        self.expect("def")
        name = self._word()
        parameters: list[str] = []
        if self._take("("):
            parameters.append(self._parameter())
            while self._take(";"):
                parameters.append(self._parameter())
            self.expect(")")
        self.expect(":")
        body = self.pipe()
        self.expect(";")
        return nodes.Def(name, tuple(parameters), body, rest())

    def _parameter(self) -> str:
        sigil = "$" if self._take("$") else ""
        return sigil + self._word()

    def _comma(self) -> Node:
        items = [self._binary()]
        while self._take(","):
            items.append(self._binary())
        return items[0] if len(items) == 1 else nodes.Comma(tuple(items))

    def _binary(self, loosest: int = _ASSIGNMENT) -> Node:
        left = self._primary()
        while (level := self._operator_level()) and level <= loosest:
            operator = self._advance()
            # An operand on the right of an assignment may be another assignment.
            right = self._binary(level if level == _ASSIGNMENT else level - 1)
            left = _operation(operator, level, left, right)
        return left

    def _operator_level(self) -> int:
        return _PRECEDENCE.get(self._token, 0) if self._kind in ("operator", "word") else 0

    # --- primaries --------------------------------------------------------------------------

    def _primary(self) -> Node:
        if self._kind == "number":
            return self._postfix(nodes.Literal(_number(self._advance())))
        if self._kind == "word":
            return self._word_primary()
        match self._token:
            case ".":
                return self._dot()
            case "..":
                self._advance()
                return nodes.Recurse()
            case "-":
                self._advance()
                return nodes.Negate(self._primary())
            case "(":
                self._advance()
                inner = self.pipe()
                self.expect(")")
                return self._postfix(inner)
            case "[":
                return self._postfix(self._array())
            case "{":
                return self._postfix(self._object())
            case '"' | "@":
                return self._postfix(self._text_or_format())
            case "$":
                self._advance()
                return self._postfix(nodes.Variable(self._word()))
        self._fail()

    def _word_primary(self) -> Node:
        match self._token:
            case "null" | "true" | "false":
                return self._postfix(nodes.Literal(_LITERALS[self._advance()]))
            case "if":
                return self._condition()
            case "reduce" | "foreach":
                return self._fold()
            case "try":
                self._advance()
                body = self.pipe()
                return nodes.Try(body, self._primary() if self._take("catch") else None)
            case "break":
                self._advance()
                self.expect("$")
                return nodes.Break(self._word())
            case "def":
                return self._definition(self._primary)
        return self._postfix(self._call())

    def _call(self) -> Node:
        name = self._word()
        arguments: list[Node] = []
        if self._take("(") and not self._take(")"):
            arguments.append(self.pipe())
            while self._take(";"):
                arguments.append(self.pipe())
            self.expect(")")
        return nodes.Call(name, tuple(arguments))

    def _condition(self) -> Node:
        branches: list[tuple[Node, Node]] = []
        self.expect("if")
        while True:
            test = self.pipe()
            self.expect("then")
            branches.append((test, self.pipe()))
            if not self._take("elif"):
                break
        self.expect("else")
        otherwise = self.pipe()
        self.expect("end")
        return nodes.If(tuple(branches), otherwise)

    def _fold(self) -> Node:
        keyword = self._advance()
        source = self._primary()
        self.expect("as")
        pattern = self._pattern()
        self.expect("(")
        init = self.pipe()
        self.expect(";")
        update = self.pipe()
        extract = self.pipe() if keyword == "foreach" and self._take(";") else None
        self.expect(")")
        if keyword == "reduce":
            return nodes.Reduce(source, pattern, init, update)
        return nodes.Foreach(source, pattern, init, update, extract)

    def _array(self) -> Node:
        self.expect("[")
        if self._take("]"):
            return nodes.Array(None)
        body = self.pipe()
        self.expect("]")
        return nodes.Array(body)

    # --- what follows a primary -------------------------------------------------------------

    def _dot(self) -> Node:
        """`.` alone or with its first accessor: `.a`, `."a"`, `.[…]`."""
        if self._dot_accessor_follows() or self._source.startswith('"', self._after_blank()):
            return self._postfix(nodes.Identity())
        self._advance()
        target: Node = nodes.Identity()
        return self._postfix(self._bracket(target)) if self._at("[") else self._questions(target)

    def _dot_accessor_follows(self) -> bool:
        follower = self._source[self._position : self._position + 1]
        return follower.isascii() and (follower.isalpha() or follower == "_")

    def _after_blank(self) -> int:
        match = _TOKEN.match(self._source, self._position)
        return match.end() if match and match.lastgroup == "skip" else self._position

    def _postfix(self, target: Node) -> Node:
        while True:
            if self._at("["):
                target = self._bracket(target)
            elif self._at("."):
                named = self._dot_accessor_follows()
                self._advance()
                if not named and not self._at('"'):
                    self._fail()
                key = nodes.Literal(self._word(keywords=True)) if named else self._text(None)
                target = nodes.Index(target, key, self._take("?"))
            else:
                return self._questions(target)

    def _questions(self, target: Node) -> Node:
        while self._take("?"):
            target = nodes.Try(target)
        return target

    def _bracket(self, target: Node) -> Node:
        self.expect("[")
        if self._take("]"):
            return nodes.Iterate(target, self._take("?"))
        none: Node = nodes.Literal(None)
        start = none if self._at(":") else self.pipe()
        if not self._take(":"):
            self.expect("]")
            return nodes.Index(target, start, self._take("?"))
        end = none if self._at("]") and start is not none else self.pipe()
        self.expect("]")
        return nodes.Slice(target, start, end, self._take("?"))

    # --- texts ------------------------------------------------------------------------------

    def _text_or_format(self) -> Node:
        if not self._take("@"):
            return self._text(None)
        name = self._word()
        return self._text(name) if self._at('"') else nodes.Format(name)

    def _text(self, format_name: str | None) -> Node:
        """Read from the opening quote, which is the current token, to the closing one."""
        parts: list[str | Node] = []
        while True:
            match = _TEXT.match(self._source, self._position)
            if match is None:
                self._start = self._position
                self._fail(self._source[self._position : self._position + 2])
            piece = match.group()
            self._position = match.end()
            if piece == '"':
                self._advance()
                return _text_node(parts, format_name)
            if piece == "\\(":
                self._advance()
                parts.append(self.pipe())
                if not self._at(")"):
                    self._fail()
                self._token = ""
            else:
                parts.append(_unescape(piece))

    # --- objects and patterns ---------------------------------------------------------------

    def _object(self) -> Node:
        self.expect("{")
        fields: list[tuple[Node, Node | None]] = []
        if not self._take("}"):
            fields.append(self._field())
            while self._take(","):
                fields.append(self._field())
            self.expect("}")
        return nodes.Object(tuple(fields))

    def _field(self) -> tuple[Node, Node | None]:
        if self._take("$"):
            name = self._word(keywords=True)
            return nodes.Literal(name), nodes.Variable(name, optional=True)
        if self._take("("):
            key = self.pipe()
            self.expect(")")
            self.expect(":")
            return key, self._field_value()
        if self._kind == "word":
            key = nodes.Literal(self._word(keywords=True))
        elif self._token in ('"', "@"):
            key = self._field_text()
        else:
            self._fail()
        return key, self._field_value() if self._take(":") else None

    def _field_text(self) -> Node:
        key = self._text_or_format()
        if isinstance(key, nodes.Format):
            self._fail()
        return key

    def _field_value(self) -> Node:
        if self._take("("):
            inner = self.pipe()
            self.expect(")")
            return inner
        return self.pipe(comma=False)

    def _pattern(self) -> Pattern:
        if self._take("$"):
            return Pattern(name=self._word())
        if self._take("["):
            items = [self._pattern()]
            while self._take(","):
                items.append(self._pattern())
            self.expect("]")
            return Pattern(items=tuple(items))
        self.expect("{")
        fields = [self._pattern_field()]
        while self._take(","):
            fields.append(self._pattern_field())
        self.expect("}")
        return Pattern(fields=tuple(fields))

    def _pattern_field(self) -> tuple[str | None, Node, Pattern | None]:
        if self._take("$"):
            name = self._word(keywords=True)
            inner = self._pattern() if self._take(":") else None
            return name, nodes.Literal(name), inner
        if self._take("("):
            key = self.pipe()
            self.expect(")")
        elif self._kind == "word":
            key = nodes.Literal(self._word(keywords=True))
        else:
            key = self._field_text()
        self.expect(":")
        return None, key, self._pattern()


def _operation(operator: str, level: int, left: Node, right: Node) -> Node:
    match operator:
        case "and":
            return nodes.And(left, right)
        case "or":
            return nodes.Or(left, right)
        case "//":
            return nodes.Alternative(left, right)
    if level == _ASSIGNMENT:
        return nodes.Assign(operator, left, right)
    return nodes.Binary(operator, left, right)


def _number(text: str) -> int | float:
    if not text.isdigit():
        return float(text)
    number = int(text) if len(text) <= len(str(_LONG_LIMIT)) else _LONG_LIMIT
    if number >= _LONG_LIMIT:
        raise JqSyntaxError(f"Cannot compile query: {text[:40]} does not fit 64 bits")
    return number


def _unescape(piece: str) -> str:
    if piece[0] != "\\":
        return piece
    if piece[1] == "u":
        return chr(int(piece[2:], 16))
    return _ESCAPES.get(piece[1], piece[1])


def _text_node(parts: list[str | Node], format_name: str | None) -> Node:
    merged: list[str | Node] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    texts = tuple(join_surrogates(part) if isinstance(part, str) else part for part in merged)
    if format_name is None and all(isinstance(part, str) for part in texts):
        return nodes.Literal("".join(str(part) for part in texts))
    return nodes.Text(texts, format_name)
