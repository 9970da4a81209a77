"""What `assertions` mean: values that expressions have at the end, and what is expected of them.

Numbers and their texts are equal (`200` and `"200"`), as they are where Kestra renders an
expression to text first; nothing else is converted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tiercel.errors import TiercelError
from tiercel.testing.flow_tests.model import OPERATORS, Assertion

if TYPE_CHECKING:
    from tiercel.testing.flow_tests.run import FlowResult

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True)
class Verdict:
    """How an operator of an assertion turned out.

    Attributes:
        operator: `equalTo`, …; empty when the value could not be found out.
        expected: what it was compared with.
        actual: what the value was.
        problem: what is wrong; None when it holds. Without secrets.
    """

    operator: str
    expected: Any = None
    actual: Any = None
    problem: str | None = None


def judge(assertion: Assertion, result: FlowResult) -> Iterator[Verdict]:
    """Yield a verdict for each operator of an assertion."""
    try:
        actual = result.evaluate(assertion.value, assertion.task_id)
    except TiercelError as error:
        yield Verdict("", problem=_told(assertion, result, f"{assertion.value}: {error}"))
        return
    for name, operator in OPERATORS.items():
        expected = getattr(assertion, name)
        if expected is not None:
            yield _verdict(assertion, result, operator, expected, actual)


def _verdict(
    assertion: Assertion, result: FlowResult, operator: str, expected: Any, actual: Any
) -> Verdict:
    problem: str | None
    try:
        expected = result.evaluate(expected)
        holds = _TESTS[operator](actual, expected)
    except (TiercelError, TypeError, ValueError, re.error) as error:
        problem = f"{assertion.value} {operator} {expected!r}: {error}"
    else:
        problem = None if holds else _difference(assertion, operator, expected, actual)
    told = problem and _told(assertion, result, problem)
    return Verdict(operator, result.mask(expected), result.mask(actual), told)


def _difference(assertion: Assertion, operator: str, expected: Any, actual: Any) -> str:
    if operator in ("isNull", "isNotNull"):
        return f"{assertion.value} {operator} {str(expected).lower()}, but it is {actual!r}"
    return f"{assertion.value} {operator} {expected!r}, but it is {actual!r}"


def _told(assertion: Assertion, result: FlowResult, problem: str) -> str:
    texts = (assertion.description, assertion.error_message, problem)
    return result.mask(": ".join(text for text in texts if text))


def _equal(actual: Any, expected: Any) -> bool:
    if isinstance(actual, bool) or isinstance(expected, bool):
        return bool(_word(actual) == _word(expected))
    kinds = {type(actual), type(expected)}
    if str in kinds and kinds & {int, float}:
        try:
            return bool(float(actual) == float(expected))
        except ValueError:
            return False
    return bool(actual == expected)


def _word(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _contains(actual: Any, expected: Any) -> bool:
    if isinstance(actual, str):
        return str(expected) in actual
    if isinstance(actual, list):
        return any(_equal(item, expected) for item in actual)
    if isinstance(actual, Container):
        return expected in actual
    raise TypeError(f"{actual!r} is no text, list or map")


def _is_in(actual: Any, expected: Any) -> bool:
    if not isinstance(expected, list):
        raise TypeError(f"{expected!r} is no list")
    return any(_equal(actual, item) for item in expected)


def _null(actual: Any, expected: Any) -> bool:
    return (actual is None) == _flag(expected)


def _flag(value: Any) -> bool:
    return str(value).lower() == "true"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"{value!r} is no number")
    try:
        return float(value)
    except ValueError:
        raise TypeError(f"{value!r} is no number") from None


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "isNull": _null,
    "isNotNull": lambda actual, expected: not _null(actual, expected),
    "equalTo": _equal,
    "notEqualTo": lambda actual, expected: not _equal(actual, expected),
    "contains": _contains,
    "startsWith": lambda actual, expected: _text(actual).startswith(str(expected)),
    "endsWith": lambda actual, expected: _text(actual).endswith(str(expected)),
    "matches": lambda actual, expected: re.search(str(expected), _text(actual)) is not None,
    "in": _is_in,
    "notIn": lambda actual, expected: not _is_in(actual, expected),
    "greaterThan": lambda actual, expected: _number(actual) > _number(expected),
    "greaterThanOrEqualTo": lambda actual, expected: _number(actual) >= _number(expected),
    "lessThan": lambda actual, expected: _number(actual) < _number(expected),
    "lessThanOrEqualTo": lambda actual, expected: _number(actual) <= _number(expected),
}
