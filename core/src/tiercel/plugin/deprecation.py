"""Old names that still work: renamed and deprecated properties, deprecated types.

    class Reverse(Task[Reversed]):
        text: Property[str]
        \"\"\"The text to reverse.\"\"\"
        content: Property[str] | None = deprecated_alias("text", since="0.2")
        \"\"\"What `text` was called.\"\"\"
        strict: bool = deprecated_property("Leave it out", since="0.3", default=False)
        \"\"\"Does nothing any more.\"\"\"

    class Flip(Reverse):
        deprecated: ClassVar[str | None] = deprecated_type("com.acme.Reverse", since="0.2")

Whoever uses one is told so by `tiercel check` and editors, at its place in the flow, and once in
the log of each execution; the schema, the docs and completion know it, too. A type that has only
another name now needs none of it: registrations take former names as aliases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field
from pydantic.alias_generators import to_camel

from tiercel.model.base import RENAMED

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["Notice", "deprecated_alias", "deprecated_property", "deprecated_type", "old_value"]


class Notice(str):
    """What to do instead of something old: executions that use it say so in their log.

    A plain text in its place is told by checks and editors alone, as Kestra does with its own.
    """

    __slots__ = ()


def deprecated_alias(name: str, *, since: str = "") -> Any:
    """Return the default of a property that has another name now; its value goes there.

    A flow gives one of the two; with both, they must be the same.

    Args:
        name: the field that has its value, as Python calls it. It may be a required one.
        since: the version that renamed it.
    """
    return Field(
        default=None,
        deprecated=_said(f"Write `{to_camel(name)}`", since),
        json_schema_extra={RENAMED: name},
    )


def deprecated_property(instead: str, *, since: str = "", default: Any = None) -> Any:
    """Return the default of a property that is not to be used any more; it works as ever.

    Reading it as an attribute gives Python's `DeprecationWarning`; `old_value` does not.

    Args:
        instead: what to do instead, as a sentence: "Write `options.timeout`".
        since: the version that deprecated it.
        default: its value when it is not written.
    """
    return Field(default=default, deprecated=_said(instead, since))


def deprecated_type(instead: str, *, since: str = "") -> Notice:
    """Return what a type's `deprecated` says.

    Args:
        instead: the type to use, or what to do, as a sentence.
        since: the version that deprecated it.
    """
    return _said(instead if " " in instead else f"Use {instead}", since)


def old_value(model: BaseModel, name: str) -> Any:
    """Return a deprecated property's value without the warning that reading it gives."""
    return model.__dict__[name]


def _said(instead: str, since: str) -> Notice:
    text = instead.rstrip(".")
    return Notice(f"{text} (deprecated since {since})" if since else text)
