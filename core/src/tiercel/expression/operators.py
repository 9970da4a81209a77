"""The operators: arithmetic, comparison, equality, truth, `contains`, `..`, as Pebble defines them.

Two integers make a `long`, which wraps around, at 32 bits where neither was one; a decimal, else a
double, else a float draws the other operand to its side; a text takes part in arithmetic as the
number it holds, but `+` joins. Numbers are compared as doubles.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException, localcontext
from typing import Any

from tiercel.errors import EvaluationError, LimitError
from tiercel.expression.bounded import check_items, check_text, check_tree
from tiercel.expression.number_text import double_text, read_double
from tiercel.expression.printing import java_text
from tiercel.expression.values import (
    INT_MAX,
    INT_MIN,
    LONG_MAX,
    LONG_MIN,
    Array,
    BigInteger,
    Character,
    Float32,
    Long,
    ValueSet,
    is_long,
    is_text,
    wrap32,
    wrap64,
)

__all__ = [
    "add",
    "compare",
    "contains",
    "divide",
    "equal",
    "is_in",
    "is_number",
    "modulo",
    "multiply",
    "negative",
    "positive",
    "range_of",
    "subtract",
    "truth",
    "value_key",
]

# Kestra computes decimals with 34 digits, from the double nearest to each operand.
_DECIMAL128 = Context(prec=34, rounding=ROUND_HALF_EVEN, Emax=6144, Emin=-6143)
# A sum is exact; no two doubles are further apart than this.
_EXACT = Context(prec=700, rounding=ROUND_HALF_EVEN)
_NUMBERS = (int, float, Decimal)
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")


def is_number(value: Any) -> bool:
    """Whether a value is a Java `Number`."""
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def _long(value: int) -> int:
    value = wrap64(value)
    return Long(value) if INT_MIN <= value <= INT_MAX else value


def _operand(value: Any, symbol: str) -> Any:
    """Return the number that an operand stands for."""
    if is_number(value):
        return value
    if is_text(value):
        return _number_in(value)
    raise EvaluationError(f"'{symbol}' takes numbers, not {java_text(value)}")


def _number_in(text: str) -> Any:
    """Read a text that takes part in arithmetic: blanks are for doubles alone."""
    if "." in text or "e" in text or "E" in text:
        double = read_double(text)
        if double is not None:
            return double
    elif _INTEGER.fullmatch(text) and LONG_MIN <= (number := int(text)) <= LONG_MAX:
        return _long(number)
    raise EvaluationError(f"{text!r} is not a number")


def _arithmetic(
    symbol: str,
    integers: Callable[[int, int], int],
    doubles: Callable[[float, float], float],
    decimals: Callable[[Decimal, Decimal], Decimal],
) -> Callable[[Any, Any], Any]:
    """Make one arithmetic operator from what it does to each kind of number."""

    def operate(left: Any, right: Any) -> Any:
        left, right = _operand(left, symbol), _operand(right, symbol)
        if isinstance(left, Decimal) or isinstance(right, Decimal):
            return _decimals(decimals, left, right)
        if isinstance(left, float) or isinstance(right, float):
            return _doubles(doubles, left, right)
        if is_long(left) or is_long(right):
            return _long(integers(wrap64(left), wrap64(right)))
        return Long(wrap32(integers(wrap32(left), wrap32(right))))

    return operate


def _decimals(operation: Callable[[Decimal, Decimal], Decimal], left: Any, right: Any) -> Decimal:
    try:
        first, second = Decimal(double_text(float(left))), Decimal(double_text(float(right)))
        with localcontext(_DECIMAL128):
            result = operation(first, second)
            return result if result else abs(result)
    except (DecimalException, OverflowError, ZeroDivisionError):
        raise EvaluationError(
            f"{java_text(left)} and {java_text(right)} cannot be computed (division by zero?)"
        ) from None


def _doubles(operation: Callable[[float, float], float], left: Any, right: Any) -> float:
    try:
        result = operation(float(left), float(right))
    except OverflowError:
        result = math.inf
    is_double = {type(left), type(right)} & {float}
    return result if is_double else Float32(result)


def _integer_quotient(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationError("Division by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _integer_remainder(left: int, right: int) -> int:
    return left - right * _integer_quotient(left, right)


def _double_quotient(left: float, right: float) -> float:
    if right == 0:
        if left == 0 or math.isnan(left):
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1.0, right)
    return left / right


def _double_remainder(left: float, right: float) -> float:
    if right == 0 or math.isinf(left) or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.fmod(left, right)


def _decimal_remainder(left: Decimal, right: Decimal) -> Decimal:
    """The remainder with as many decimals as Java's `BigDecimal.remainder` keeps."""
    quotient = left // right
    if not quotient:
        return left
    digits = "".join(map(str, quotient.as_tuple().digits))
    zeros = len(digits) - len(digits.rstrip("0"))
    own, other = (-int(number.as_tuple().exponent) for number in (left, right))
    return (left % right).quantize(Decimal((0, (1,), -max(own, other - zeros))))


_sum = _arithmetic("+", int.__add__, float.__add__, _EXACT.add)
_difference = _arithmetic("-", int.__sub__, float.__sub__, _EXACT.subtract)
multiply = _arithmetic("*", int.__mul__, float.__mul__, Decimal.__mul__)
divide = _arithmetic("/", _integer_quotient, _double_quotient, Decimal.__truediv__)
modulo = _arithmetic("%", _integer_remainder, _double_remainder, _decimal_remainder)


def subtract(left: Any, right: Any) -> Any:
    """`left - right`: the difference of numbers, or a list without some items.

    Every item that is in the list `right` goes; of items equal to a single value, the first.
    """
    if not _is_list(left):
        return _difference(left, right)
    check_tree([left, right])
    items = list(left)
    if isinstance(right, list) and not isinstance(right, Array):
        gone = set(map(value_key, right))
        return [item for item in items if value_key(item) not in gone]
    for index, item in enumerate(items):
        if value_key(item) == value_key(right):
            del items[index]
            break
    return items


def _is_list(value: Any) -> bool:
    """Whether a value is a Java `List`: no array, no set."""
    return isinstance(value, list) and not isinstance(value, (Array, ValueSet))


def add(left: Any, right: Any) -> Any:
    """`left + right`: joins texts, appends to a list, adds numbers."""
    if left.__class__ is str or right.__class__ is str:
        first, second = java_text(left), java_text(right)
        check_text(len(first) + len(second))
        return first + second
    if _is_list(left):
        more = right if isinstance(right, list) and not isinstance(right, Array) else [right]
        check_items(len(left) + len(more))
        return [*left, *more]
    return _sum(left, right)


def negative(value: Any) -> Any:
    """`-value`: minus one times it."""
    return multiply(-1, value)


def positive(value: Any) -> Any:
    """`+value`: once the value, which makes a number of a text and a `long` of an integer."""
    return multiply(1, value)


def equal(left: Any, right: Any) -> bool:
    """`left == right`: numbers by value whatever their kind, everything else as Java's `equals`."""
    kind = left.__class__
    if kind is str and right.__class__ is str:
        return bool(left == right)
    if is_number(left) and is_number(right):
        return _compared(left, right) == 0
    if isinstance(left, (list, Mapping)):
        check_tree(left)
    return _same(left, right)


def _same(left: Any, right: Any) -> bool:
    """Java's `equals`: kinds matter, also inside lists and maps."""
    if is_number(left) or is_number(right):
        return _kind(left) is _kind(right) and bool(left == right)
    if isinstance(left, list) and isinstance(right, list):
        return (
            isinstance(left, ValueSet) is isinstance(right, ValueSet)
            and len(left) == len(right)
            and all(_same(one, other) for one, other in zip(left, right, strict=True))
        )
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if type(left) is not type(right):
        return False
    return bool(left == right)


def _kind(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        return type(value)
    if not LONG_MIN <= value <= LONG_MAX:
        return BigInteger
    return Long if is_long(value) else type(value)


def value_key(value: Any) -> tuple[Any, Any]:
    """Return a kind and a key that two values share when Java's `equals` finds them equal."""
    if is_number(value):
        return _kind(value), value
    if isinstance(value, list):
        return ValueSet if isinstance(value, ValueSet) else list, tuple(map(value_key, value))
    if isinstance(value, Mapping):
        return dict, frozenset((value_key(key), value_key(item)) for key, item in value.items())
    return type(value), value


def _compared(left: Any, right: Any) -> float:
    """Negative, zero or positive as the numbers are, taken as doubles; NaN when either is none."""
    first, second = _double(left), _double(right)
    if first != first or second != second:
        return math.nan
    return int(first > second) - int(first < second)


def _double(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


_NAMES = {
    "<": "LESS_THAN",
    "<=": "LESS_THAN_EQUALS",
    ">": "GREATER_THAN",
    ">=": "GREATER_THAN_EQUALS",
}


def compare(symbol: str, left: Any, right: Any) -> bool:
    """`left < right` and the like; with null on either side the answer is no.

    Raises:
        EvaluationError: an operand is no number.
    """
    if left is None or right is None:
        return False
    if not (is_number(left) and is_number(right)):
        raise EvaluationError(
            f"'{symbol}' ({_NAMES[symbol]}) compares numbers, not "
            f"{java_text(left)} with {java_text(right)}"
        )
    order = _compared(left, right)
    if symbol == "<":
        return bool(order < 0)
    if symbol == "<=":
        return bool(order <= 0)
    return bool(order > 0) if symbol == ">" else bool(order >= 0)


def truth(value: Any) -> bool:
    """Whether a condition holds: booleans, numbers and texts only.

    Raises:
        EvaluationError: null, a list, a map, or anything else.
    """
    kind = value.__class__
    if kind is bool:
        return value is True
    if kind is str:
        return bool(value)
    if is_number(value):
        return bool(value != 0)
    if is_text(value):
        return bool(value)
    shown = "null" if value is None else java_text(value)
    raise EvaluationError(f"A condition takes a boolean, number or text, not {shown}")


def contains(container: Any, item: Any) -> bool:
    """`container contains item`: a list's items, a map's keys, a part of a text."""
    if container is None:
        return False
    if is_text(container):
        return java_text(item) in container
    check_tree(container)
    if isinstance(container, Mapping):
        return any(_same_value(key, item) for key in container)
    if isinstance(container, list):
        if (
            isinstance(item, list)
            and not isinstance(container, Array)
            and not isinstance(item, Array)
        ):
            return all(_member(container, part) for part in item)
        return _member(container, item)
    raise EvaluationError(f"'contains' takes a list, map or text, not {java_text(container)}")


def _member(container: list[Any], item: Any) -> bool:
    return any(_same_value(one, item) for one in container)


def _same_value(left: Any, right: Any) -> bool:
    """Equality of members: integers by value, so that a flow need not know an int from a long."""
    if isinstance(left, int) and isinstance(right, int):
        return isinstance(left, bool) is isinstance(right, bool) and left == right
    return _same(left, right)


def is_in(item: Any, container: Any) -> bool:
    """`item isIn container`: whether an item (of a map: a key or value) reads alike.

    Raises:
        EvaluationError: the container holds a null, which has no text.
    """
    if container is None or item is None:
        return False
    text = java_text(item)
    if isinstance(container, Mapping):
        check_tree(container)
        return any(_known_text(one) == text for pair in container.items() for one in pair)
    if isinstance(container, list) and not isinstance(container, Array):
        return text in [_known_text(one) for one in check_tree(container)]
    return False


def _known_text(value: Any) -> str:
    if value is None:
        raise EvaluationError("'isIn' cannot look at a null among the items")
    return java_text(value)


def range_of(start: Any, end: Any, increment: Any = 1, limit: int = 1_000_000) -> list[Any]:
    """`start..end` and `range(start, end, increment)`: both ends included.

    Raises:
        EvaluationError: the ends are neither two integers nor two characters.
        LimitError: the range is longer than `limit`.
    """
    step = _step(increment)
    if is_text(start) and is_text(end):
        if not (len(start) == len(end) == 1 and max(start, end) <= "\uffff"):
            raise EvaluationError(f"A range of texts takes single characters: {start}..{end}")
        return [Character(chr(code)) for code in _steps(ord(start), ord(end), step, limit)]
    if is_number(start) and is_number(end):
        first, last = _whole(start), _whole(end)
        return [Long(number) for number in _steps(first, last, step, limit)]
    raise EvaluationError(
        f"A range takes two integers or two characters, not {java_text(start)}..{java_text(end)}"
    )


def _step(increment: Any) -> int:
    if increment is None:
        return 1
    if not is_number(increment):
        raise EvaluationError(f"A range's increment is a number, not {java_text(increment)}")
    step = _whole(increment)
    if step == 0:
        raise EvaluationError("A range's increment cannot be zero")
    return step


def _whole(number: Any) -> int:
    """The part of a number before the point, as Java's `longValue` has it."""
    if number != number:
        return 0
    if isinstance(number, float):
        return int(max(min(number, LONG_MAX), LONG_MIN))
    return wrap64(int(number))


def _steps(start: int, end: int, increment: int, limit: int) -> range:
    steps = range(start, end + (1 if increment > 0 else -1), increment)
    if len(steps) > limit:
        raise LimitError(f"The range {start}..{end} has more than {limit} items")
    return steps
