"""The kinds of value that expressions tell apart and Python does not.

Kestra's expressions run on Java values, and flows can see the difference: a literal `1` is a
`Long` while a JSON `1` is an `Integer`, `date` refuses the one and takes the other, a `Float`
prints fewer digits than a `Double`. Each such kind is a thin subclass of the nearest Python type,
so that everything which does not care keeps working:

| Java                  | here                                   |
|-----------------------|----------------------------------------|
| `Integer`             | `int` that fits 32 bits                |
| `Long`                | `Long`, or an `int` beyond 32 bits     |
| `BigInteger`          | `BigInteger`, or an `int` beyond 64 bits |
| `Double`, `Float`     | `float`, `Float32`                     |
| `BigDecimal`          | `decimal.Decimal`                      |
| `String`, `Character` | `str`, `Character`                     |
| `URI`                 | `Uri`                                  |
| `List`, array, `Set`  | `list`, `Array`, `ValueSet`            |
| `Map`, `Map.Entry`    | `dict`, `Entry`                        |
| `java.time`           | the classes of `temporal`              |
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

__all__ = [
    "INT_MAX",
    "INT_MIN",
    "LONG_MAX",
    "LONG_MIN",
    "Array",
    "BigInteger",
    "Character",
    "Entry",
    "Float32",
    "Long",
    "Uri",
    "ValueSet",
    "class_name",
    "is_long",
    "is_text",
    "utf16_length",
    "wrap32",
    "wrap64",
]

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1


class Long(int):
    """A 64-bit integer that fits 32 bits too, and must not be taken for an `Integer`."""

    __slots__ = ()


class BigInteger(int):
    """An integer without bounds."""

    __slots__ = ()


class Float32(float):
    """A 32-bit floating-point number, held as the nearest double of its 32-bit value."""

    __slots__ = ()

    def __new__(cls, value: Any) -> Float32:
        """Round to the nearest 32-bit number; too large a one becomes infinite."""
        number = float(value)
        try:
            number = struct.unpack("f", struct.pack("f", number))[0]
        except OverflowError:
            number = float("inf") if number > 0 else float("-inf")
        return super().__new__(cls, number)


class Uri(str):
    """A `java.net.URI`: text everywhere, but no `String` to Java's type tests."""

    __slots__ = ()


class Character(str):
    """One character of a text, as `first` and `last` give it: no `String` to Java's type tests."""

    __slots__ = ()


class Array(list[Any]):
    """A Java array (what `split` gives): prints like a list, yet is refused where a list is due.

    Attributes:
        texts: whether Java knows that its items are texts, so that it can be sorted.
    """

    __slots__ = ("texts",)

    def __init__(self, items: Iterable[Any] = (), *, texts: bool = False) -> None:
        super().__init__(items)
        self.texts = texts


class ValueSet(list[Any]):
    """A Java set or collection view (what `keys` gives): ordered, without positions."""

    __slots__ = ()


class Entry:
    """One member of a map, as a loop over the map gives it.

    Attributes:
        key: the member's name.
        value: what the map holds under it.
    """

    __slots__ = ("key", "value")

    def __init__(self, key: Any, value: Any) -> None:
        self.key = key
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and (self.key, self.value) == (other.key, other.value)

    def __hash__(self) -> int:
        return hash(self.key)


def is_text(value: Any) -> bool:
    """Whether a value is a Java `String`: a `str`, but no URI and no character."""
    return isinstance(value, str) and not isinstance(value, Uri | Character)


def utf16_length(text: str) -> int:
    """Return how long a text is to Java, which counts UTF-16 units."""
    return len(text) + (not text.isascii() and sum(character > "\uffff" for character in text))


def is_long(value: Any) -> bool:
    """Whether a value is a Java `Long`: what a literal is, and a JSON integer beyond 32 bits."""
    if value.__class__ is Long:
        return True
    return value.__class__ is int and LONG_MIN <= value <= LONG_MAX and wrap32(value) != value


def wrap32(number: int) -> int:
    """Fold an integer into 32 bits the way Java's `int` overflows."""
    return (number + 2**31) % 2**32 - 2**31


def wrap64(number: int) -> int:
    """Fold an integer into 64 bits the way Java's `long` overflows."""
    return (number + 2**63) % 2**64 - 2**63


_CLASS_NAMES: dict[type, str] = {
    Long: "java.lang.Long",
    BigInteger: "java.math.BigInteger",
    float: "java.lang.Double",
    Float32: "java.lang.Float",
    Decimal: "java.math.BigDecimal",
    bool: "java.lang.Boolean",
    str: "java.lang.String",
    Character: "java.lang.Character",
    Uri: "java.net.URI",
    list: "java.util.ArrayList",
    Array: "[Ljava.lang.Object;",
    ValueSet: "java.util.LinkedHashSet",
    dict: "java.util.LinkedHashMap",
    Entry: "java.util.Map$Entry",
}


def class_name(value: Any) -> str:
    """Return the Java class that Kestra would report for a value.

    A value type of another module names its class in a class attribute `java_class`.
    """
    kind = type(value)
    if kind is int:
        if INT_MIN <= value <= INT_MAX:
            return "java.lang.Integer"
        return "java.lang.Long" if LONG_MIN <= value <= LONG_MAX else "java.math.BigInteger"
    if kind is Array and value.texts:
        return "[Ljava.lang.String;"
    name = _CLASS_NAMES.get(kind)
    return name if name else str(getattr(kind, "java_class", kind.__name__))
