"""What the checker reports: its codes, and a finding with its place."""

from __future__ import annotations

from enum import StrEnum

from tiercel._record import record
from tiercel.check.types import Path

__all__ = ["RULES", "STRUCTURE", "Finding", "Rule", "Severity"]


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """It fails the flow, or an execution that gets there."""
    WARNING = "warning"
    """It is hardly meant, or fails some executions."""


@record
class Rule:
    """A kind of finding.

    Attributes:
        code: its stable code, `TC103`.
        name: its short name, `unknown-output`.
        severity: how bad it is, unless the finding itself says else.
        summary: what it means, in one line.
    """

    code: str
    name: str
    severity: Severity
    summary: str


@record
class Finding:
    """One thing wrong with a flow.

    Attributes:
        code: which rule it is of.
        message: what is wrong and what would be right, without a full stop.
        severity: how bad it is.
        path: the keys and indexes that lead to the value it is in.
        file: the file's name as the user gave it; empty for a text.
        line: one-based line of its first character; 0 when it has no place.
        column: one-based.
        end_line: line of its end.
        end_column: column after its last character.
        suggestion: what would be right in place of exactly these characters, or None.
    """

    code: str
    message: str
    severity: Severity
    path: Path = ()
    file: str = ""
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    suggestion: str | None = None

    @property
    def rule(self) -> Rule:
        """The rule it is of."""
        return RULES[self.code]

    @property
    def dotted_path(self) -> str:
        """Its path as one text: `tasks[0].message`."""
        parts = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.path)
        return "".join(parts).lstrip(".")

    @property
    def is_error(self) -> bool:
        """Whether it is an error."""
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        place = ":".join(str(each) for each in (self.file, self.line, self.column) if each)
        hint = f"; did you mean {self.suggestion!r}?" if self.suggestion else ""
        label = f"{self.severity} {self.code}"
        return f"{place + ': ' if place else ''}{label}: {self.message}{hint}"


_E, _W = Severity.ERROR, Severity.WARNING
_LISTED = (
    ("TC001", "invalid-yaml", _E, "The text is no YAML that a flow can be read from"),
    ("TC002", "unknown-property", _E, "A type has no such property"),
    ("TC003", "unknown-type", _E, "No installed plugin brings the type"),
    ("TC004", "missing-property", _E, "A property that a type needs is not written"),
    ("TC005", "invalid-value", _E, "A value is none that the property takes"),
    ("TC006", "duplicate-id", _E, "Two things of one flow have the same id"),
    ("TC007", "invalid-flow", _E, "The flow as a whole cannot be"),
    ("TC008", "failing-value", _W, "A value that is accepted, and fails the task when it runs"),
    ("TC009", "deprecated", _W, "A type or property that has a better successor"),
    ("TC100", "expression-syntax", _E, "An expression that does not parse"),
    ("TC101", "unknown-variable", _E, "Expressions at this place see no such variable"),
    ("TC102", "unknown-task", _E, "The flow has no task of which these could be the outputs"),
    ("TC103", "unknown-output", _E, "The task gives no such output"),
    ("TC104", "unknown-input", _E, "The flow declares no such input"),
    ("TC105", "unknown-member", _E, "There is no such member or index"),
    ("TC106", "unknown-filter", _E, "There is no such filter"),
    ("TC107", "unknown-function", _E, "There is no such function"),
    ("TC108", "unknown-test", _E, "There is no such test after `is`"),
    ("TC109", "wrong-arguments", _E, "Arguments that are missing, too many, or not known"),
    ("TC201", "output-too-early", _E, "Outputs of a task that cannot have run before"),
    ("TC202", "parallel-output", _W, "Outputs of a task that may still be running"),
    ("TC203", "uncertain-output", _W, "Outputs of a task that may not have run"),
    ("TC204", "loop-output", _E, "Outputs of a task in a loop, read without the loop's value"),
    ("TC205", "optional-input", _W, "An input that executions may leave out"),
    ("TC206", "unrendered-variable", _W, "A variable with an expression that nobody renders"),
    ("TC301", "wrong-operand", _E, "A value that a filter, function or test refuses"),
    ("TC302", "wrong-operator", _E, "A value that an operator refuses"),
    ("TC303", "wrong-condition", _E, "A condition that is neither true nor false"),
    ("TC304", "never-equal", _W, "A comparison of values that are never equal"),
    ("TC305", "wrong-value", _E, "An expression whose value the property does not take"),
    ("TC306", "wrong-default", _E, "A default that the input itself refuses"),
    ("TC401", "unknown-flow", _W, "A flow that is not among those known of its namespace"),
    ("TC402", "unknown-flow-input", _W, "An input that the other flow does not declare"),
    ("TC403", "missing-flow-input", _E, "An input that the other flow needs"),
    ("TC404", "wrong-flow-input", _E, "A value that the other flow's input refuses"),
    ("TC501", "logged-secret", _W, "A secret that goes to the log"),
)

RULES: dict[str, Rule] = {code: Rule(code, *rest) for code, *rest in _LISTED}  # type: ignore[arg-type]  # rows of one shape
"""All rules by code."""

STRUCTURE = {
    "yaml": "TC001",
    "unknown-property": "TC002",
    "unknown-type": "TC003",
    "missing": "TC004",
    "duplicate-id": "TC006",
    **dict.fromkeys(
        (
            "reserved-id",
            "system-label",
            "recursive-call",
            "unknown-input",
            "cycle",
            "dashed-reference",
            "flow",
            "timeout",
        ),
        "TC007",
    ),
    "literal": "TC008",
    "unknown-flow": "TC401",
}
"""Code of a problem that loading a flow finds → its code here; `TC005` for all others."""
