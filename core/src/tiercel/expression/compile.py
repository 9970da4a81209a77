"""Turns a template's tree into a Python function, compiled once and run for every rendering.

The generated code calls nothing but the helpers in `_HELPERS`, and the filters, functions and tests
of the tables; template names appear in it only as text constants, so no template can reach a Python
name. Every call that can fail stands on a line of its own, and `Program.offsets` maps lines to
offsets of the template: an error finds its place through the traceback and costs nothing until
then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, TracebackType
from typing import Any

from tiercel._record import record
from tiercel.errors import LimitError
from tiercel.expression import access, operators, runtime
from tiercel.expression.compile_tags import TemplateWriter
from tiercel.expression.lexer import place
from tiercel.expression.nodes import Template
from tiercel.expression.runtime import EvaluationContext, Limits
from tiercel.expression.table import Tables

__all__ = ["Program", "compile_template"]

_NEXT_NAME = re.compile(r"\w+\s*\.\s*(\w)")

_HELPERS: dict[str, Any] = {
    "__builtins__": {"dict": dict, "len": len, "enumerate": enumerate},
    "attr": access.attribute,
    "sub": access.subscript,
    "meth": access.method,
    "p1": access.path1,
    "p2": access.path2,
    "p3": access.path3,
    "walk": access.walk,
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
    "firm": runtime.firm,
    "choose": runtime.choose,
    "concat": runtime.concatenate,
    "iterate": runtime.iterate,
    "restore": runtime.restore,
    "span": runtime.span,
    "make_map": runtime.make_map,
    "refuse": runtime.refuse,
    "lacks": runtime.lacks,
    "call_macro": runtime.call_macro,
    "render_block": runtime.render_block,
    "java": runtime.macro_text,
}


@record
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

    def place_of(self, traceback: TracebackType | None, step: int = 0) -> tuple[int, int]:
        """Return line and column in the template of the innermost call that failed.

        Args:
            traceback: the error's traceback.
            step: which name of `a.b.c` it was, when the call reads such a path.
        """
        line = 0
        while traceback is not None:
            if traceback.tb_frame.f_globals is self.namespace:
                line = traceback.tb_lineno
            traceback = traceback.tb_next
        if not 0 < line <= len(self.offsets):
            return 0, 0
        offset = self.offsets[line - 1]
        for _ in range(step):
            found = _NEXT_NAME.match(self.source, offset)
            offset = found.start(1) if found else offset
        return place(self.source, offset)


def compile_template(source: str, template: Template, tables: Tables, limits: Limits) -> Program:
    """Compile a parsed template.

    Raises:
        ExpressionSyntaxError: two macros have one name.
        LimitError: it is nested too deep.
    """
    namespace = dict(_HELPERS)
    text = TemplateWriter(source, tables, limits, namespace).generate(template)
    code, offsets = _assemble(text, source)
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
