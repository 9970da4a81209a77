"""Events and commands as JSON text, for the event log and the outbox.

Written compactly: fields that have their default are left out, and a field that a later version
adds must have one, so that old logs can be read for ever.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, Field, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tiercel.engine.machine.commands import COMMANDS, Command
from tiercel.engine.machine.events import EVENTS, AnyEvent, Event
from tiercel.errors import EngineBug
from tiercel.model.execution import State

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["decode_command", "decode_event", "encode", "micros", "moment"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=True)
T = TypeVar("T")


def encode(item: Event | Command) -> tuple[str, str]:
    """Return an event's or command's kind and its payload."""
    payload = {}
    for name, default in _defaults(cast(Any, type(item))):
        value = getattr(item, name)
        if value != default:
            payload[name] = micros(value) if isinstance(value, datetime) else value
    return type(item).__name__, _encoder.encode(payload)


def decode_event(kind: str, payload: str) -> AnyEvent:
    """Return the event that `encode` wrote.

    Raises:
        EngineBug: no event is called `kind`: a newer version wrote it.
    """
    return _decode(EVENTS, kind, payload)


def decode_command(kind: str, payload: str) -> Command:
    """Return the command that `encode` wrote.

    Raises:
        EngineBug: no command is called `kind`: a newer version wrote it.
    """
    return _decode(COMMANDS, kind, payload)


def _decode(table: dict[str, type[T]], kind: str, payload: str) -> T:
    if kind not in table:
        raise EngineBug(f"Unknown record {kind!r}; a newer version wrote it")
    cls = table[kind]
    values = json.loads(payload)
    for name, convert in _converters(cast(Any, cls)):
        if values.get(name) is not None:
            values[name] = convert(values[name])
    return cls(**values)


@cache
def _defaults(cls: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, _default(field)) for field in fields(cls))


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


@cache
def _converters(cls: Any) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    by_name: dict[str, Callable[[Any], Any]] = {
        "at": moment,
        "started": moment,
        "due": moment,
        "first_at": moment,
        "schedule_date": moment,
        "state": State,
        "labels": _pairs,
    }
    return tuple(
        (field.name, by_name[field.name]) for field in fields(cls) if field.name in by_name
    )


def _pairs(value: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((key, text) for key, text in value)


def micros(value: datetime) -> int:
    """Return a moment as it is written: microseconds since 1970."""
    return (value - _EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """Return the moment that `micros` wrote."""
    return _EPOCH + timedelta(microseconds=value)
