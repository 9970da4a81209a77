"""Checks: what must hold before an execution of a flow begins; asked by whoever begins it.

Golden area: `flows/checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tiercel.engine.wording import error_text
from tiercel.errors import TiercelError
from tiercel.model.flow import Check, CheckBehavior, CheckStyle

if TYPE_CHECKING:
    from tiercel.model.flow import Flow

__all__ = ["failed_checks", "verdict"]

_GRAVEST_FIRST = (
    CheckBehavior.BLOCK_EXECUTION,
    CheckBehavior.FAIL_EXECUTION,
    CheckBehavior.CREATE_EXECUTION,
)


def failed_checks(flow: Flow, render: Callable[[str], Any]) -> list[Check]:
    """Return the checks that do not hold, in order; one that cannot be rendered blocks.

    Args:
        flow: whose checks.
        render: renders a condition on the new execution's inputs, natively; raises TiercelError.
    """
    failed = []
    for check in flow.checks or ():
        try:
            # Kestra: `FlowService.getFailedChecks` takes nothing but the boolean itself for true.
            if render(check.condition) is not True:
                failed.append(check)
        except TiercelError as error:
            reason = f"Failed to evaluate check condition. Cause: {error_text(error)}"
            failed.append(
                check.model_copy(
                    update={
                        "message": reason,
                        "behavior": CheckBehavior.BLOCK_EXECUTION,
                        "style": CheckStyle.ERROR,
                    }
                )
            )
    return failed


def verdict(failed: Sequence[Check]) -> CheckBehavior | None:
    """Return what becomes of the execution: the gravest behaviour; None when all checks hold."""
    behaviors = {check.behavior for check in failed}
    return next((each for each in _GRAVEST_FIRST if each in behaviors), None)
