"""Parses templates: `grammar.lark` compiled by Lark, with its tables kept between processes.

This is the only module that imports Lark, and only when a template with a tag is first parsed.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import lark
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer as LarkLexer

from tiercel import _cache
from tiercel.errors import ExpressionSyntaxError
from tiercel.expression.build import Builder, Fault
from tiercel.expression.lexer import Lexeme, Lexer, syntax_error
from tiercel.expression.nodes import Template

__all__ = ["parse"]

_GRAMMAR = Path(__file__).with_name("grammar.lark")
_SPOKEN = {
    "TAG_CLOSE": "'%}'",
    "OUTPUT_CLOSE": "'}}'",
    "RPAR": "')'",
    "RSQB": "']'",
    "RBRACE": "'}'",
    "COLON": "':'",
    "COMMA": "','",
    "ASSIGN": "'='",
    "NAME": "a name",
    "ENDIF": "'{% endif %}'",
    "ENDFOR": "'{% endfor %}'",
    "ENDMACRO": "'{% endmacro %}'",
    "ENDBLOCK": "'{% endblock %}'",
    "ENDFILTER": "'{% endfilter %}'",
    "STRING": "a value",
}
"""Terminals worth naming when they are missing, as an author writes them."""


class _Adapter(LarkLexer):
    """Hands the terminals of the grammar to our lexer, and its lexemes to Lark."""

    __future_interface__ = 1

    def __init__(self, configuration: Any) -> None:
        terminals = sorted(
            (terminal for terminal in configuration.terminals if terminal.pattern),
            key=lambda terminal: -terminal.priority,
        )
        self._lexer = Lexer(
            [(terminal.name, terminal.pattern.to_regexp()) for terminal in terminals]
        )

    def lex(self, lexer_state: Any, parser_state: Any) -> Any:
        text = lexer_state.text
        return iter(self._lexer.lex(text if isinstance(text, str) else text.text))


def parse(source: str) -> Template:
    """Parse a template.

    Args:
        source: the template's text.

    Returns:
        Its syntax tree.

    Raises:
        ExpressionSyntaxError: it is no template; with line and column.
        LimitError: brackets are nested too deep.
    """
    try:
        return _parser().parse(source)  # type: ignore[return-value]  # the builder made nodes
    except UnexpectedToken as error:
        raise _explained(error, source) from None
    except Fault as fault:
        raise syntax_error(fault.reason, source, fault.at) from None


def _explained(error: UnexpectedToken, source: str) -> ExpressionSyntaxError:
    # The tables merge states, so what they expect is too much; trying each terminal is exact.
    interactive: Any = error.interactive_parser
    accepted = interactive.accepts() if interactive else error.expected
    wanted = [spoken for name, spoken in _SPOKEN.items() if name in accepted]
    expected = f"; expected {' or '.join(wanted[:4])}" if wanted else ""
    lexeme = error.token
    if not isinstance(lexeme, Lexeme):
        return syntax_error(f"Unexpected end of the template{expected}", source, len(source))
    shown = " ".join(lexeme.value.split())
    return syntax_error(f"Unexpected {shown!r}{expected}", source, lexeme.at)


@cache
def _parser() -> lark.Lark:
    grammar = _GRAMMAR.read_text(encoding="utf-8")
    version = f"{grammar}|{lark.__version__}|{sys.version_info[:2]}"
    file = f"expression-{hashlib.sha256(version.encode()).hexdigest()[:24]}.tables"
    loaded = _load(file)
    if loaded is None:
        loaded = lark.Lark(
            grammar,
            parser="lalr",
            lexer=_Adapter,
            start="template",
            transformer=Builder(),
            keep_all_tokens=True,
        )
        _store(loaded, file)
    return loaded


def _load(file: str) -> lark.Lark | None:
    """Read the tables; anything wrong with the file means building them again."""
    content = _cache.read(file)
    if content is None:
        return None
    try:
        loaded: lark.Lark = lark.Lark._load_from_dict(  # type: ignore[no-untyped-call]
            **pickle.loads(content), transformer=Builder()
        )
        return loaded
    except Exception:
        return None


def _store(parser: lark.Lark, file: str) -> None:
    """Keep the tables for the next process."""
    buffer = BytesIO()
    parser.save(buffer, exclude_options={"transformer"})
    _cache.write(file, buffer.getvalue())
