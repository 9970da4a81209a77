"""What compiled templates and the filters and functions they call work with at run time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tiercel.expression.environment import Environment

__all__ = ["EvaluationContext", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one rendering may take before a `LimitError` stops it.

    Attributes:
        seconds: wall time of one rendering, nested renderings included.
        output: characters of result.
        loop_turns: turns of all loops together, and items of one `range`.
        recursion: how deep macros and `render` may call each other, and how often a
            recursive rendering may start over.
        nesting: how deep tags, parentheses and literals may be nested in a template.
        template: characters of a template.
    """

    seconds: float = 30.0
    output: int = 64 * 1024 * 1024
    loop_turns: int = 1_000_000
    recursion: int = 100
    nesting: int = 60
    template: int = 4 * 1024 * 1024


class EvaluationContext:
    """One rendering under way: what filters and functions with `needs_context` receive first.

    Attributes:
        environment: the tables, cache and settings in force.
        variables: what the template can read, by name, at this point of it.
        zone: IANA name of the default time zone.
        locale: default locale, as Java prints it (`en_US`).
        limits: the limits in force.
    """

    __slots__ = ("_clock", "environment", "limits", "locale", "variables", "zone")

    def __init__(self, environment: Environment, variables: Mapping[str, Any]) -> None:
        self.environment = environment
        self.variables = variables
        self._clock: Callable[[], datetime] = environment.clock
        self.zone: str = environment.zone
        self.locale: str = environment.locale
        self.limits: Limits = environment.limits

    def now(self) -> datetime:
        """Return the present as an aware datetime, from the environment's clock."""
        return self._clock()

    def render(self, source: str) -> str:
        """Render a nested template on the same variables; limits carry on."""
        return self.environment.render(source, self.variables)
