"""What every conformance runner yields: one `CaseResult` a case."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["CaseResult"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The verdict on one case of the golden data.

    Attributes:
        area: the category or folder that the case belongs to (`filters_date`).
        id: the case's stable name.
        ok: whether the result is what the golden data ask for.
        expected: the golden result, or a description of it.
        actual: what came out, or the error's text.
        known: name of the class in `known_differences.yaml` that excuses a result that is not
            ok; empty when there is none.
        subject: what was tried (a template, a flow's path), for the reader of a failure.
    """

    area: str
    id: str
    ok: bool
    expected: Any
    actual: Any
    known: str = ""
    subject: str = ""

    @property
    def passed(self) -> bool:
        """Whether the case counts as passed: as asked for, or different on purpose."""
        return self.ok or bool(self.known)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain data for `conformance-failures.jsonl`."""
        return asdict(self)
