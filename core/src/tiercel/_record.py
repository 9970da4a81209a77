"""`record`: a frozen dataclass with slots whose class is made in a fraction of the time.

`dataclass(frozen=True, slots=True)` writes and compiles six methods for every class, which takes
longer than most of these classes are ever used in a short run. Here the methods that are the same
for all are shared, and `__init__` is compiled when the first instance is made. What results is
a dataclass in all other respects: `fields`, `replace` and `asdict` of the standard library work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform, overload

__all__ = ["record", "replace"]

T = TypeVar("T")


@overload
def record(cls: type[T], /) -> type[T]: ...
@overload
def record(*, kw_only: bool) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(
    cls: type[T] | None = None, /, *, kw_only: bool = False
) -> type[T] | Callable[[type[T]], type[T]]:
    """Make a class a frozen record of its annotated names; instances compare by their values.

    Args:
        cls: the class, when `record` is used without parentheses.
        kw_only: whether `__init__` takes the class's own fields by keyword only.
    """
    if cls is None:
        return lambda each: _made(each, kw_only)
    return _made(cls, kw_only)


def _made(cls: type[T], kw_only: bool) -> type[T]:
    plain = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)
    made: Any = plain(cls)
    compared = [each.name for each in fields(made) if each.compare]
    made.__record_values__ = attrgetter(*compared) if compared else _nothing
    made.__init__ = _first_init(made)
    made.__record_replace__ = _first_replace(made)
    for name, method in _SHARED.items():
        setattr(made, name, method)
    return made  # type: ignore[no-any-return]


def _nothing(_record: object) -> tuple[()]:
    return ()


def _first_init(cls: Any) -> Callable[..., None]:
    """Return an `__init__` that puts the real one in its own place when it is called."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        cls.__init__ = _compiled_init(cls)
        cls.__init__(self, *args, **kwargs)

    return __init__


def _compiled_init(cls: Any) -> Callable[..., None]:
    positional, keywords, body = ["self"], ["*"], ["pass"]
    names: dict[str, Any] = {"_MISSING": MISSING}
    for each in fields(cls):
        names[f"_set_{each.name}"] = getattr(cls, each.name).__set__
        parameter, value = _parameter(each, names)
        (keywords if each.kw_only else positional).append(parameter)
        body.append(f"_set_{each.name}(self, {value})")
    parameters = ", ".join([*positional, *(keywords if len(keywords) > 1 else ())])
    source = f"def __init__({parameters}):\n " + "\n ".join(body)
    exec(source, names)
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _parameter(each: Field[Any], names: dict[str, Any]) -> tuple[str, str]:
    """Return a field's parameter and its value, as source; defaults go into `names`."""
    name = each.name
    if each.default_factory is not MISSING:
        names[f"_make_{name}"] = each.default_factory
        return f"{name}=_MISSING", f"_make_{name}() if {name} is _MISSING else {name}"
    if each.default is not MISSING:
        names[f"_default_{name}"] = each.default
        return f"{name}=_default_{name}", name
    return name, name


# Changing a record

if TYPE_CHECKING:
    from dataclasses import replace
else:

    def replace(record: T, /, **changes: object) -> T:
        """Return a record with other values in some fields; several times as fast as the library's.

        Raises:
            TypeError: there is no such field.
        """
        return record.__record_replace__(**changes)


def _first_replace(cls: Any) -> Callable[..., Any]:
    """Return the method behind `replace`, which puts the real one in its own place."""

    def __record_replace__(self: Any, **changes: Any) -> Any:
        cls.__record_replace__ = _compiled_replace(cls)
        return cls.__record_replace__(self, **changes)

    return __record_replace__


def _compiled_replace(cls: Any) -> Callable[..., Any]:
    parameters, positional, keywords = [], [], []
    for each in fields(cls):
        name = each.name
        parameters.append(f"{name}=_MISSING")
        value = f"self.{name} if {name} is _MISSING else {name}"
        if each.kw_only:
            keywords.append(f"{name}={value}")
        else:
            positional.append(value)
    names: dict[str, Any] = {"_MISSING": MISSING, "_cls": cls}
    given = ", ".join(["self", "/", *(["*", *parameters] if parameters else ())])
    arguments = ", ".join([*positional, *keywords])
    exec(f"def replaced({given}):\n return _cls({arguments})", names)
    made: Callable[..., Any] = names["replaced"]
    return made


# What all records share


def _values(self: Any) -> Any:
    return type(self).__record_values__(self)


def _repr(self: Any) -> str:
    shown = [f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr]
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _eq(self: Any, other: object) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return bool(_values(self) == _values(other))


def _hash(self: Any) -> int:
    return hash(_values(self))


def _setattr(_self: Any, name: str, _value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(_self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _reduce(self: Any) -> tuple[Any, ...]:
    return _restored, (type(self), {each.name: getattr(self, each.name) for each in fields(self)})


def _restored(cls: type[T], values: dict[str, Any]) -> T:
    return cls(**values)


_SHARED: dict[str, Callable[..., Any]] = {
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
    "__reduce__": _reduce,
}
