"""Ids and random numbers.

The libraries behind them are imported where first used: every run loads this module.
"""

from __future__ import annotations

from typing import Any

from tiercel.errors import EvaluationError
from tiercel.expression.runtime import EvaluationContext
from tiercel.expression.table import FUNCTIONS
from tiercel.expression.values import is_long, is_text, wrap32

__all__ = ["identifier", "ksuid", "nano_id", "random_int", "random_port", "uuid"]

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NANO_ALPHABET = _BASE62 + "-_"
_NANO_LENGTH = 21
_NANO_LONGEST = 1000
# A KSUID counts seconds from 13 May 2014.
_KSUID_EPOCH = 1_400_000_000
_KSUID_LENGTH = 27


def _base62(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits or "0"


@FUNCTIONS.add("uuid")
def uuid() -> str:
    """Return a random UUID (version 4)."""
    from uuid import uuid4

    return str(uuid4())


@FUNCTIONS.add("id")
def identifier() -> str:
    """Return a short random id: a UUID in letters and digits, as executions have."""
    from uuid import uuid4

    return _base62(uuid4().int)


@FUNCTIONS.add("ksuid", needs_context=True)
def ksuid(context: EvaluationContext) -> str:
    """Return an id of 27 letters and digits that sorts by the second it was made in."""
    from secrets import randbits

    seconds = int(context.now().timestamp()) - _KSUID_EPOCH
    number = (seconds % 2**32 << 128) | randbits(128)
    return _base62(number).rjust(_KSUID_LENGTH, "0")


@FUNCTIONS.add("nanoId", "length", "alphabet")
def nano_id(length: Any = _NANO_LENGTH, alphabet: Any = _NANO_ALPHABET) -> str:
    """Return a random text.

    Args:
        length: how long, up to 1000; anything but a long is as if it were left out.
        alphabet: the letters to choose from.

    Raises:
        EvaluationError: the length is negative or too large, or there are no letters.
    """
    size = int(length) if is_long(length) else _NANO_LENGTH
    letters = alphabet if is_text(alphabet) else _NANO_ALPHABET
    if not 0 <= size <= _NANO_LONGEST:
        raise EvaluationError(
            f"The 'nanoId()' function field 'length' must be from 0 to {_NANO_LONGEST}, not {size}"
        )
    if size and not letters:
        raise EvaluationError("The 'nanoId()' function field 'alphabet' must not be empty")
    from secrets import choice

    return "".join(choice(letters) for _ in range(size))


@FUNCTIONS.add("randomInt", "lower", "upper")
def random_int(lower: Any, upper: Any) -> int:
    """Return a random integer from `lower` up to, but not including, `upper`.

    Raises:
        EvaluationError: an argument is no long, or they stand the wrong way round.
    """
    for name, bound in (("lower", lower), ("upper", upper)):
        if not is_long(bound):
            raise EvaluationError(
                f"The 'randomInt()' function expects an argument '{name}' of type Long, "
                f"not {bound!r}"
            )
    if upper < lower:
        raise EvaluationError(f"In 'randomInt()' upper {upper} is less than lower {lower}")
    from secrets import randbelow

    return wrap32(int(lower) + randbelow(max(int(upper) - int(lower), 1)))


@FUNCTIONS.add("randomPort")
def random_port() -> int:
    """Return the number of a TCP port that nobody listens on right now."""
    from socket import socket

    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
