"""Cuts a template into the terminals of `grammar.lark`.

Plain text, the inside of tags and the inside of texts with interpolations follow different rules,
and `}}` ends a tag only where no bracket is open (`{{ {'a': {}}}}`), so the lexer keeps a stack of
open brackets. The patterns come from the grammar; this module knows no library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tiercel.errors import ExpressionSyntaxError, LimitError

__all__ = ["RAW", "Lexeme", "Lexer", "cut_raw", "place", "syntax_error"]

_MAX_BRACKETS = 100
_OPENER = re.compile(r"\{[{%#]")
_COMMENT = re.compile(r"\{#.*?(-?)#\}", re.DOTALL)
_TAG_NAME = re.compile(r"\{%-?\s*(\w*)", re.ASCII)
# `raw` is cut out of one line whatever stands around it, also of what a template has written;
# `verbatim` is a tag.
RAW = re.compile(r"\{%-*\s*raw\s*-*%\}(.*?)\{%-*\s*endraw\s*-*%\}", re.ASCII)
_VERBATIM = re.compile(
    r"\{%(?:-(?=\s))?\s*verbatim\s*(-?)%\}(.*?)\{%((?:-(?=\s))?)\s*endverbatim\s*(-?)%\}",
    re.ASCII | re.DOTALL,
)
_STRING_TEXT = re.compile(r"(?:\\.|[^\"\\#]|#(?!\{))+", re.DOTALL)
_BLANKS = " \t\n\r\f\v"
_OPENING = frozenset({"LPAR", "LSQB", "LBRACE"})
_CLOSING = {"RPAR": "(", "RSQB": "[", "RBRACE": "{"}
_INTERPOLATION = "#"
_IN_TEXT = (r"\{%", r"\{\{")
"""How the patterns begin that are looked for in plain text."""


class Lexeme:
    """One terminal: its name in the grammar, its text, and the offset where it starts."""

    __slots__ = ("at", "type", "value")

    # The parser's library reads these of the last token only to place its own end mark.
    line = column = end_line = end_column = end_pos = start_pos = 0

    def __init__(self, kind: str, value: str, at: int) -> None:
        self.type = kind
        self.value = value
        self.at = at


def place(source: str, offset: int) -> tuple[int, int]:
    """Return one-based line and column of an offset."""
    line = source.count("\n", 0, offset) + 1
    return line, offset - (source.rfind("\n", 0, offset) + 1) + 1


def syntax_error(reason: str, source: str, offset: int) -> ExpressionSyntaxError:
    """Make the error for a fault at an offset of the template."""
    line, column = place(source, offset)
    return ExpressionSyntaxError(reason, source=source, line=line, column=column)


class Lexer:
    """The lexer for a given set of terminals.

    Args:
        terminals: name and regular expression of each, the ones to try first in front.
    """

    def __init__(self, terminals: Iterable[tuple[str, str]]) -> None:
        in_text = [(name, regex) for name, regex in terminals if regex.startswith(_IN_TEXT)]
        in_tag = [(name, regex) for name, regex in terminals if not regex.startswith(_IN_TEXT)]
        nested = [(name, regex) for name, regex in in_tag if not name.endswith("_CLOSE")]
        self._tag = _alternatives(in_text)
        self._code = _alternatives(in_tag, before=r"\s*")
        self._nested = _alternatives(nested, before=r"\s*")

    def lex(self, source: str) -> list[Lexeme]:
        """Return all terminals of a template.

        Raises:
            ExpressionSyntaxError: an unknown tag, a character that means nothing, a comment, tag
                or text without end.
            LimitError: too many brackets open at once.
        """
        lexemes: list[Lexeme] = []
        position, end = 0, len(source)
        while position < end:
            position = self._text(source, position, lexemes)
            if position < end:
                position = self._inside(source, position, lexemes)
        return lexemes

    def _text(self, source: str, position: int, lexemes: list[Lexeme]) -> int:
        """Lex plain text up to and including the next opening of a tag; return where that ends."""
        while found := _OPENER.search(source, position):
            start, opener = found.start(), found.group()
            dash = source.startswith("-", start + 2) and source[start + 3 : start + 4] in _BLANKS
            text = source[position:start]
            # `raw` is taken out before anything is read, even behind a brace of the text.
            begin = start + (opener == "{{" and RAW.match(source, start + 1) is not None)
            if raw := RAW.match(source, begin):
                text = source[position:begin]
                lexemes.append(Lexeme("TEXT", text + raw.group(1), position))
                position = raw.end()
                continue
            if text:  # what a dash leaves nothing of is still a text
                lexemes.append(Lexeme("TEXT", text.rstrip(_BLANKS) if dash else text, position))
            if opener == "{{":
                lexemes.append(Lexeme("OUTPUT_OPEN", opener, start))
                return start + 2 + dash
            if opener == "{%" and (tag := self._tag(source, start)):
                lexemes.append(Lexeme(tag.lastgroup or "", tag.group(), start))
                return tag.end()
            position = _skip_protected(source, start, lexemes)
        _add_text(lexemes, source[position:], position)
        return len(source)

    def _inside(self, source: str, position: int, lexemes: list[Lexeme]) -> int:
        """Lex the inside of one tag with its closing braces; return where plain text goes on."""
        brackets: list[str] = []
        started = lexemes[-1].at
        while True:
            match = (self._nested if brackets else self._code)(source, position)
            if match is None:
                position = _skip_blanks(source, position)
                raise _inside_error(source, position, started, brackets)
            kind = match.lastgroup or ""
            value = match[kind]
            position = match.end()
            at = position - len(value)
            if kind in _OPENING:
                _push(brackets, value, source, at)
            elif kind in _CLOSING:
                opened = brackets.pop() if brackets else ""
                if opened == _INTERPOLATION and kind == "RBRACE":
                    lexemes.append(Lexeme("INTERPOLATION_CLOSE", value, at))
                    position = _lex_string(source, position, lexemes, brackets)
                    continue
                if opened != _CLOSING[kind]:
                    raise syntax_error(f"Unexpected {value!r}", source, at)
            lexemes.append(Lexeme(kind, value, at))
            if kind == "STRING_OPEN":
                position = _lex_string(source, position, lexemes, brackets)
            elif kind == "OUTPUT_CLOSE" or kind == "TAG_CLOSE":
                return _skip_blanks(source, position) if value[0] == "-" else position


def cut_raw(text: str) -> str:
    """Take the `raw` tags out of a finished output and keep what they protect."""
    return RAW.sub(r"\1", text)


def _alternatives(
    terminals: list[tuple[str, str]], *, before: str = ""
) -> Callable[[str, int], re.Match[str] | None]:
    joined = "|".join(f"(?P<{name}>{regex})" for name, regex in terminals)
    return re.compile(f"{before}(?:{joined})", re.ASCII | re.DOTALL).match


def _add_text(lexemes: list[Lexeme], text: str, at: int) -> None:
    if text:
        lexemes.append(Lexeme("TEXT", text, at))


def _skip_blanks(source: str, position: int) -> int:
    while position < len(source) and source[position] in _BLANKS:
        position += 1
    return position


def _skip_protected(source: str, start: int, lexemes: list[Lexeme]) -> int:
    """Pass over a comment or a `verbatim` tag; return where plain text goes on."""
    if comment := _COMMENT.match(source, start):
        trims, end = comment.group(1), comment.end()
    elif verbatim := _VERBATIM.match(source, start):
        text = verbatim.group(2).lstrip(_BLANKS)
        _add_text(lexemes, text.rstrip(_BLANKS) if verbatim.group(3) else text, start)
        trims, end = verbatim.group(4), verbatim.end()
    elif source.startswith("{#", start):
        raise syntax_error("This comment has no end; '#}' is missing", source, start)
    else:
        name = match.group(1) if (match := _TAG_NAME.match(source, start)) else ""
        reason = f"Unknown tag {name!r}" if name else "A tag needs a name, like '{% if'"
        raise syntax_error(reason, source, start)
    return _skip_blanks(source, end) if trims else end


def _push(brackets: list[str], bracket: str, source: str, at: int) -> None:
    if len(brackets) >= _MAX_BRACKETS:
        line, column = place(source, at)
        reason = f"Brackets are nested deeper than {_MAX_BRACKETS} levels"
        raise LimitError(reason, source=source, line=line, column=column)
    brackets.append(bracket)


def _lex_string(source: str, position: int, lexemes: list[Lexeme], brackets: list[str]) -> int:
    """Lex a text with interpolations up to its end or its next `#{`; return where that is."""
    match = _STRING_TEXT.match(source, position)
    if match:
        lexemes.append(Lexeme("STRING_TEXT", match.group(), position))
        position = match.end()
    if source.startswith("#{", position):
        lexemes.append(Lexeme("INTERPOLATION_OPEN", "#{", position))
        _push(brackets, _INTERPOLATION, source, position)
        return position + 2
    if not source.startswith('"', position):
        raise syntax_error("This text has no end; a closing quote is missing", source, position)
    lexemes.append(Lexeme("STRING_CLOSE", '"', position))
    return position + 1


def _inside_error(
    source: str, position: int, started: int, brackets: list[str]
) -> ExpressionSyntaxError:
    opener = source[started : started + 2]
    if position >= len(source):
        missing = "}}" if opener == "{{" else "%}"
        return syntax_error(f"This tag has no end; {missing!r} is missing", source, started)
    character = source[position]
    if character == "'":
        return syntax_error("This text has no end; a closing quote is missing", source, position)
    hint = f"; {brackets[-1]!r} is still open" if brackets else ""
    return syntax_error(f"Unexpected character {character!r}{hint}", source, position)
