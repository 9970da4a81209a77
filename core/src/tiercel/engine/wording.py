"""How errors are worded in the logs of executions: as Kestra words them, where golden data show."""

from __future__ import annotations

import re

from tiercel.errors import ExpressionError, TiercelError, UndefinedError

__all__ = ["OUTPUTS_FAILED", "OUTPUT_IGNORED", "error_text"]

OUTPUTS_FAILED = "Failed to render output values: "
"""What the error of an execution begins with whose outputs cannot be rendered."""

OUTPUT_IGNORED = "Failed to render optional flow output '{}'. Output is ignored."
"""What the log says when that happens to an output that is not `required`."""

_NAME = re.compile(r"['\"]?([\w$-]+)")
_HINT = re.compile(r"; did you mean '(.+)'\?$")


def error_text(error: BaseException) -> str:
    """Return what a log says about the failure of a task or of an expression.

    An undefined name is told with the whole expression (golden case
    `basics/missing_output_fails`); other expression errors with line, column and a caret.
    """
    if isinstance(error, UndefinedError):
        return _undefined(error)
    try:
        text = str(error)
    except Exception:  # a plugin's own class may be as broken as the rest
        text = ""
    if isinstance(error, TiercelError | ExpressionError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _undefined(error: UndefinedError) -> str:
    lines = error.source.splitlines()
    if not 0 < error.line <= len(lines):
        return str(error)
    found = _NAME.match(lines[error.line - 1][error.column - 1 :])
    if found is None:
        return str(error)
    hint = _HINT.search(error.reason)
    return (
        f"Unable to find `{found[1]}` used in the expression `{error.source}` at line {error.line}"
        + (f"; did you mean `{hint[1]}`?" if hint else "")
    )
