"""Plugin defaults: properties that a flow declares once for all tasks of a type.

They are merged into the written mappings before these are validated, as Kestra does it: wherever a
mapping has a `type`, in tasks, triggers, conditions and task runners alike. Golden area:
`flows/plugindefaults`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["apply_defaults"]

_DECLARED = ("pluginDefaults", "taskDefaults")


def apply_defaults(
    flow: Mapping[str, Any],
    canonical: Callable[[str], str],
    extra: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the flow's data with its plugin defaults, and `extra` ones, merged in.

    What the author wrote wins over a default, an earlier default over a later one; a forced default
    wins over all. Mappings are merged key by key, everything else is replaced.

    Args:
        flow: the data as written; not changed.
        canonical: from a type as written to its present name, to see through old names.
        extra: defaults from outside (settings); the flow's own come first.
    """
    declared = [item for key in _DECLARED for item in _usable(flow.get(key))]
    declared += _usable(extra)
    named = [(name, item) for item in declared for name in _names(item["type"], canonical)]
    plain = [entry for entry in named if not _forced(entry[1])]
    forced = [entry for entry in named if _forced(entry[1])]
    # An earlier default wins: what is merged last is on top for forced ones, below for others.
    order = [*plain, *reversed(forced)]
    if not order:
        return dict(flow)
    return {
        key: value if key in _DECLARED else _applied(value, order) for key, value in flow.items()
    }


def _usable(declared: Any) -> list[Any]:
    if not isinstance(declared, list | tuple):
        return []
    return [
        item
        for item in declared
        if isinstance(item, Mapping)
        and isinstance(item.get("type"), str)
        and isinstance(item.get("values"), dict)
    ]


def _names(written: str, canonical: Callable[[str], str]) -> list[str]:
    present = canonical(written)
    return [written] if present == written else [written, present]


def _forced(item: Mapping[str, Any]) -> bool:
    return item.get("forced") in (True, "true")


def _applied(value: Any, defaults: list[tuple[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_applied(item, defaults) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("type")
    if isinstance(kind, str):
        for name, default in defaults:
            if not kind.startswith(name) or default.get("ref") not in (
                None,
                value.get("pluginDefaultsRef"),
            ):
                continue
            values = default["values"]
            value = _merged(value, values) if _forced(default) else _merged(values, value)
    return {key: _applied(item, defaults) for key, item in value.items()}


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        known = result.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            value = _merged(known, value)
        result[key] = value
    return result
