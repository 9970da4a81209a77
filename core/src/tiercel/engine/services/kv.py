"""`NamespaceKv`: the key-value pairs of one namespace, kept in the repository."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tiercel import _duration
from tiercel.engine.plain import plain
from tiercel.errors import NotFoundError
from tiercel.repository.spi import KvRecord

if TYPE_CHECKING:
    from tiercel._time import Clock
    from tiercel.repository.spi import Repository

__all__ = ["NamespaceKv", "find"]


_BEGINNING = datetime.min.replace(tzinfo=UTC)


class NamespaceKv:
    """One namespace's keys.

    Args:
        repository: where they are.
        clock: says what has expired.
        namespace: whose they are.
    """

    def __init__(self, repository: Repository, clock: Clock, namespace: str) -> None:
        self._repository = repository
        self._clock = clock
        self._namespace = namespace

    def get(self, key: str) -> Any:
        """Return a value; dates, times and durations as such.

        Raises:
            NotFoundError: there is no such key, or it expired.
        """
        record = self._repository.kv(self._namespace, key, self._clock.now())
        return _decode(record)

    def set(
        self,
        key: str,
        value: Any,
        *,
        ttl: timedelta | None = None,
        overwrite: bool = True,
        description: str | None = None,
    ) -> None:
        """Write a value; `ttl` is how long it lives.

        Raises:
            ConflictError: the key exists and `overwrite` is false.
        """
        now = self._clock.now()
        record = KvRecord(
            namespace=self._namespace,
            key=key,
            value=json.dumps(plain(value), ensure_ascii=False),
            kind=_kind(value),
            created=now,
            updated=now,
            expires=None if ttl is None else now + ttl,
            description=description,
        )
        with self._repository.transaction() as work:
            work.put_kv(record, overwrite=overwrite)

    def delete(self, key: str) -> bool:
        """Delete a key; return whether it was there."""
        with self._repository.transaction() as work:
            return work.delete_kv(self._namespace, key)

    def keys(self, prefix: str = "", *, expired: bool = False) -> Iterator[str]:
        """Return the keys that begin with `prefix`, sorted: the living or the expired ones."""
        now = self._clock.now()
        # At the beginning of time nothing had expired.
        records = self._repository.kv_list(self._namespace, _BEGINNING if expired else now, prefix)
        for record in records:
            if not expired or (record.expires is not None and record.expires <= now):
                yield record.key


def find(repository: Repository, clock: Clock, namespace: str, key: str) -> Any:
    """Return a value from a namespace, or from the nearest of its parents that has the key.

    Raises:
        NotFoundError: none has it.
    """
    now = clock.now()
    names = namespace.split(".")
    for length in range(len(names), 0, -1):
        try:
            return _decode(repository.kv(".".join(names[:length]), key, now))
        except NotFoundError:
            continue
    raise NotFoundError(f"The key '{key}' does not exist in the namespace '{namespace}'.")


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "BOOLEAN"
        case int() | float():
            return "NUMBER"
        case str():
            return "STRING"
        case datetime():
            return "DATETIME"
        case date():
            return "DATE"
        case timedelta():
            return "DURATION"
    return "JSON"


def _decode(record: KvRecord) -> Any:
    value = json.loads(record.value)
    match record.kind:
        case "DATETIME":
            return datetime.fromisoformat(value)
        case "DATE":
            return date.fromisoformat(value)
        case "DURATION":
            return _duration.parse(value)
    return value
