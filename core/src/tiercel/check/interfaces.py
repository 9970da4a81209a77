"""What flows show each other: the inputs they take and the outputs they give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tiercel._record import record
from tiercel.check.scope import flow_outputs
from tiercel.check.types import Member, Path
from tiercel.errors import FlowSyntaxError
from tiercel.model import yaml

__all__ = ["Declared", "Interface", "Interfaces", "declared_inputs"]


@record
class Declared:
    """An input as a flow declares it.

    Attributes:
        id: its full id; `form.child` inside a form.
        entry: what is written.
        path: where.
    """

    id: str
    entry: Mapping[str, Any]
    path: Path

    @property
    def is_needed(self) -> bool:
        """Whether an execution cannot begin without a value for it."""
        entry = self.entry
        return (
            entry.get("required", True) not in (False, "false")
            and entry.get("defaults") is None
            and "dependsOn" not in entry
            and not entry.get("autoSelectFirst")
        )


@record
class Interface:
    """What a flow shows others.

    Attributes:
        namespace: its namespace.
        id: its id.
        inputs: the inputs it takes.
        outputs: the outputs it gives, as members.
        file: the file it is in; empty when it is in none.
    """

    namespace: str
    id: str
    inputs: tuple[Declared, ...]
    outputs: Mapping[str, Member]
    file: str = ""

    @classmethod
    def of(cls, data: Any, file: str = "") -> Interface | None:
        """Return what a flow's data show, or None when they are no flow's."""
        if not isinstance(data, dict):
            return None
        namespace, name = data.get("namespace"), data.get("id")
        if not isinstance(namespace, str) or not isinstance(name, str):
            return None
        inputs = tuple(declared_inputs(data.get("inputs"), ("inputs",)))
        return cls(namespace, name, inputs, flow_outputs(data), file)


class Interfaces:
    """The flows that are known, by namespace and id."""

    def __init__(self, known: Iterable[Interface] = ()) -> None:
        self._known = {(each.namespace, each.id): each for each in known}

    @classmethod
    def of_texts(cls, texts: Iterable[tuple[str, str]]) -> Interfaces:
        """Return those of flows' texts, given with their files' names; what is no YAML is none."""
        found = []
        for text, file in texts:
            try:
                interface = Interface.of(yaml.parse(text), file)
            except FlowSyntaxError:
                continue
            if interface is not None:
                found.append(interface)
        return cls(found)

    def __iter__(self) -> Iterator[Interface]:
        return iter(self._known.values())

    def with_others(self, others: Iterable[Interface]) -> Interfaces:
        """Return these and others; of one that is in both, the one that is here."""
        return Interfaces([*others, *self])

    def find(self, namespace: Any, name: Any) -> Interface | None:
        """Return a flow, or None when it is not known."""
        if not isinstance(namespace, str) or not isinstance(name, str):
            return None
        return self._known.get((namespace, name))

    def of_namespace(self, namespace: str) -> list[str]:
        """Return the ids of the flows that are known of a namespace."""
        return [name for owner, name in self._known if owner == namespace]


def declared_inputs(entries: Any, path: Path, prefix: str = "") -> Iterator[Declared]:
    """Yield the inputs that a flow's data declare; those of a form in place of the form."""
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, dict):
            continue
        name = entry.get("id", entry.get("name"))
        if not isinstance(name, str):
            continue
        where = (*path, index)
        if entry.get("type") == "FORM":
            inner = entry.get("inputs")
            yield from declared_inputs(inner, (*where, "inputs"), f"{prefix}{name}.")
        else:
            yield Declared(prefix + name, entry, where)
