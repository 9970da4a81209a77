"""Five kinds of template, each for Tiercel and, with the same output, for its two peers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """One kind of template.

    Attributes:
        name: what it is.
        ours: the template as Tiercel reads it.
        theirs: the same for Jinja2 and minijinja.
    """

    name: str
    ours: str
    theirs: str


_WORDS = (
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor "
    "incididunt ut labore et dolore magna aliqua ut enim ad"
)
_ITEM = '{"id": {{ outputs.t%d.id }}, "name": "{{ outputs.t%d.name | upper }}", "note": "%s"}'


def body(items: int) -> str:
    """Return a JSON body of about 200 characters and two expressions an item."""
    return (
        '{"items": ['
        + ",\n".join(_ITEM % (number, number, _WORDS) for number in range(items))
        + "]}"
    )


_NESTED = "{{ user.addr.city | upper }} {{ user.tags | join(', ') }} {{ name | lower | trim }}"
KINDS = (
    Kind("plain text", _WORDS, _WORDS),
    Kind("one variable", "Hello {{ name }}!", "Hello {{ name }}!"),
    Kind("nested access with filters", _NESTED, _NESTED),
    Kind(
        "date formatting",
        "on {{ when | date('yyyy-MM-dd HH:mm') }}",
        "on {{ when | date('%Y-%m-%d %H:%M') }}",
    ),
    Kind("2-KB JSON body, 20 expressions", body(10), body(10)),
)


def variables(items: int = 10) -> dict[str, Any]:
    """Return what the templates read."""
    return {
        "name": "World",
        "user": {"addr": {"city": "oslo"}, "tags": ["a", "b"]},
        "when": datetime(2024, 3, 5, 7, 8, 9, tzinfo=UTC),
        "outputs": {f"t{i}": {"id": i * 7, "name": f"item {i}"} for i in range(items)},
    }


def strftime(moment: Any, pattern: str) -> str:
    """Format a date for the peers, which have no such filter; minijinja passes dates as text."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return str(moment.strftime(pattern))
