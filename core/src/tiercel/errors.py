"""Every error Tiercel raises, grouped by who can mend it.

TiercelError
├── FlowError                the flow's author: the YAML is wrong; carries file:line:column problems
│   └── FlowSyntaxError          not even YAML
├── InputError               whoever starts the execution: an input is missing or invalid
├── CheckError               whoever starts the execution: the flow's `checks` refuse it
├── ExpressionError          the flow's author: a template is wrong; with line and column
│   ├── ExpressionSyntaxError    it does not parse
│   ├── UndefinedError           a variable, key or index does not exist
│   ├── EvaluationError          a filter, function or operator refused its operands
│   └── LimitError               it ran too long, or made too much
├── PluginError              the operator: a plugin is broken, missing, or clashes with another
│   └── UnknownTypeError         no installed plugin brings this type
├── TaskError                a task failed; `retryable` tells whether another attempt can help
│   ├── TaskTimeoutError         it ran longer than its `timeout`
│   ├── TaskKilledError          it was stopped because its execution was killed
│   └── OutboundError            the operator's outbound policy refuses a server
├── StorageError             the store refused or lost a file
│   ├── StoredFileNotFoundError  no file at that URI
│   └── StorageUriError          the URI is malformed, or escapes its root
├── RepositoryError          the database refused
│   ├── NotFoundError            no such flow, execution, key
│   ├── ConflictError            somebody else changed it first
│   └── SchemaVersionError       the database is newer than this program
└── EngineBug                Tiercel is wrong: please report it
"""

from __future__ import annotations

from typing import Any

from tiercel._record import record

__all__ = [
    "CheckError",
    "ConflictError",
    "EngineBug",
    "EvaluationError",
    "ExpressionError",
    "ExpressionSyntaxError",
    "FlowError",
    "FlowSyntaxError",
    "InputError",
    "LimitError",
    "NotFoundError",
    "OutboundError",
    "PluginError",
    "Problem",
    "RepositoryError",
    "SchemaVersionError",
    "StorageError",
    "StorageUriError",
    "StoredFileNotFoundError",
    "TaskError",
    "TaskKilledError",
    "TaskTimeoutError",
    "TiercelError",
    "UndefinedError",
    "UnknownTypeError",
]


class TiercelError(Exception):
    """The root: catch this to catch everything Tiercel raises on purpose."""


@record
class Problem:
    """One thing wrong with a flow.

    Attributes:
        message: what is wrong and what would be right, without a full stop.
        path: where in the flow, dotted, by task id where there is one (`tasks.api.uri`).
        file: the file's name as the user gave it; empty for a text.
        line: one-based; 0 when unknown.
        column: one-based; 0 when unknown.
        code: a stable short name of the kind of problem (`unknown-property`).
        suggestion: the nearest valid spelling, or None.
    """

    message: str
    path: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    code: str = "invalid"
    suggestion: str | None = None

    def __str__(self) -> str:
        place = ":".join(
            str(part) for part in (self.file, self.line or None, self.column or None) if part
        )
        where = f" ({self.path})" if self.path else ""
        hint = f"; did you mean {self.suggestion!r}?" if self.suggestion else ""
        return f"{place + ': ' if place else ''}{self.message}{where}{hint}"


class FlowError(TiercelError):
    """A flow that cannot be used; `problems` lists everything wrong with it at once."""

    def __init__(self, problems: list[Problem] | tuple[Problem, ...]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class FlowSyntaxError(FlowError):
    """A flow's text that is not acceptable YAML."""


class InputError(TiercelError):
    """An execution's input is missing, of the wrong type, or refused by its validator."""

    def __init__(self, message: str, *, input_id: str = "") -> None:
        self.input_id = input_id
        super().__init__(message)


class CheckError(TiercelError):
    """A flow's `checks` block an execution with these inputs; `failed` are those checks."""

    def __init__(self, message: str, failed: tuple[Any, ...] = ()) -> None:
        self.failed = failed
        super().__init__(message)


class ExpressionError(TiercelError):
    """A template that cannot be parsed or rendered.

    Attributes:
        reason: what is wrong, without position.
        source: the template's text; empty when unknown.
        line: one-based line in the template; 0 when unknown.
        column: one-based column; 0 when unknown.
        name: what the template is called (`tasks.api.uri`); empty when it has no name.
    """

    def __init__(
        self, reason: str, *, source: str = "", line: int = 0, column: int = 0, name: str = ""
    ) -> None:
        self.reason = reason
        self.source = source
        self.line = line
        self.column = column
        self.name = name
        super().__init__(reason)

    def __str__(self) -> str:
        place = f"{self.name or 'template'}:{self.line}:{self.column}" if self.line else self.name
        lines = [f"{place}: {self.reason}" if place else self.reason]
        texts = self.source.splitlines()
        if 0 < self.line <= len(texts):
            text = texts[self.line - 1]
            lines.append(f"  {text}")
            if 0 < self.column <= len(text) + 1:
                lines.append("  " + " " * (self.column - 1) + "^")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.reason, self.__dict__.copy()))


class ExpressionSyntaxError(ExpressionError):
    """The template does not parse."""


class UndefinedError(ExpressionError):
    """A variable, attribute, key or index of the template does not exist.

    Attributes:
        step: in a path like `a.b.c`, which name it is: 0 for the variable.
    """

    step: int = 0


class EvaluationError(ExpressionError):
    """A filter, function, test or operator refused what it was given."""


class LimitError(ExpressionError):
    """The template ran into a limit: time, output size, loop turns, recursion or nesting."""


def _rebuild(cls: type[ExpressionError], reason: str, state: dict[str, object]) -> ExpressionError:
    error = cls(reason)
    error.__dict__.update(state)
    return error


class PluginError(TiercelError):
    """A plugin is broken, or two plugins claim the same name; the message names the package."""


class UnknownTypeError(PluginError):
    """No installed plugin brings this type.

    Attributes:
        type_name: the type as written.
        suggestion: the nearest installed type, or None.
        package: the package to install for it, or None when no package is known.
    """

    def __init__(
        self, type_name: str, *, suggestion: str | None = None, package: str | None = None
    ) -> None:
        self.type_name = type_name
        self.suggestion = suggestion
        self.package = package
        hint = ""
        if package:
            hint = f"; install it with `pip install {package}`"
        elif suggestion:
            hint = f"; did you mean {suggestion!r}?"
        super().__init__(f"Unknown type {type_name!r}{hint}")


class TaskError(TiercelError):
    """A task failed.

    Attributes:
        retryable: whether another attempt can help.
        outputs: what the task had produced by then, shown on the failed task run.
    """

    def __init__(
        self, message: str, *, retryable: bool = True, outputs: dict[str, object] | None = None
    ) -> None:
        self.retryable = retryable
        self.outputs = outputs
        super().__init__(message)


class TaskTimeoutError(TaskError):
    """A task ran longer than its `timeout` allows."""


class TaskKilledError(TaskError):
    """A task was stopped because its execution was killed."""


class OutboundError(TaskError, OSError):
    """The operator's outbound policy refuses a server; to network libraries a failed connection."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)


class StorageError(TiercelError):
    """The store refused or lost a file."""


class StoredFileNotFoundError(StorageError):
    """There is no file at that URI."""


class StorageUriError(StorageError):
    """A storage URI is malformed, or leaves the place it may reach."""


class RepositoryError(TiercelError):
    """The repository refused."""


class NotFoundError(RepositoryError):
    """There is no such flow, execution, key or file."""


class ConflictError(RepositoryError):
    """Somebody else changed it first, or a unique key is taken."""


class SealError(TiercelError):
    """A value cannot be encrypted or decrypted: a key is missing, or what is stored is damaged."""


class SchemaVersionError(RepositoryError):
    """The database was written by a newer Tiercel; this one refuses to touch it."""


class EngineBug(TiercelError):
    """Tiercel itself is wrong here; please report it with the message."""
