"""What compiled templates, and the filters and functions they call, work with at run time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

from tiercel._record import record
from tiercel.errors import EvaluationError, LimitError, UndefinedError
from tiercel.expression.access import MISSING, nearest
from tiercel.expression.operators import range_of, truth
from tiercel.expression.printing import java_text
from tiercel.expression.values import Entry, is_text

if TYPE_CHECKING:
    from tiercel.expression.environment import Environment

__all__ = [
    "EvaluationContext",
    "Limits",
    "Loop",
    "Parts",
    "attempt",
    "call_macro",
    "choose",
    "concatenate",
    "firm",
    "forgive",
    "iterate",
    "join_parts",
    "lacks",
    "make_map",
    "refuse",
    "render_block",
    "restore",
    "span",
    "tick",
]


@record
class Limits:
    """How much one rendering may take before a `LimitError` stops it.

    Attributes:
        seconds: wall time of one rendering, nested renderings included.
        output: characters of result, and of any text on the way to it.
        loop_turns: turns of all loops together, and items of one list that an operator makes.
        recursion: how deep macros and `render` may call each other, and how often a
            recursive rendering may start over.
        nesting: how deep expressions and tags may be nested in a template.
        template: characters of a template.
    """

    seconds: float = 30.0
    output: int = 64 * 1024 * 1024
    loop_turns: int = 1_000_000
    recursion: int = 40
    nesting: int = 90
    template: int = 4 * 1024 * 1024


class _Budget:
    """What one rendering has used up, shared with the renderings inside it."""

    __slots__ = ("deadline", "depth", "turns")

    def __init__(self, limits: Limits) -> None:
        self.deadline = monotonic() + limits.seconds
        self.turns = 0
        self.depth = 0


class EvaluationContext:
    """One rendering under way: what filters and functions with `needs_context` receive first.

    Attributes:
        environment: the tables, cache and settings in force.
        variables: what the template can read, by name, at this point of it.
        services: whatever the caller of `render` passed along for the functions it injected.
        guard: takes (value, what a filter made of it) and returns the latter; None for nobody. The
            services' attribute of that name: whoever keeps secrets out of logs wants to know.
    """

    __slots__ = ("_budget", "environment", "guard", "services", "variables")

    def __init__(
        self, environment: Environment, variables: Mapping[str, Any], services: Any = None
    ) -> None:
        self.environment = environment
        self.variables = variables
        self.services = services
        self.guard: Callable[[Any, Any], Any] | None = getattr(services, "guard", None)
        self._budget: _Budget | None = None

    def nested(self) -> EvaluationContext:
        """Return a context for a rendering inside this one; what is used up counts for both."""
        inner = EvaluationContext(self.environment, self.variables, self.services)
        inner._budget = self.budget
        return inner

    @property
    def zone(self) -> str:
        """IANA name of the default time zone."""
        return self.environment.zone

    @property
    def locale(self) -> str:
        """Default locale as Java prints it (`en_US`)."""
        return self.environment.locale

    @property
    def limits(self) -> Limits:
        """The limits in force."""
        return self.environment.limits

    @property
    def budget(self) -> _Budget:
        """What this rendering has used up; counting starts when it is first asked for."""
        if self._budget is None:
            self._budget = _Budget(self.environment.limits)
        return self._budget

    def now(self) -> datetime:
        """Return the present as an aware datetime, from the environment's clock."""
        return self.environment.clock()

    def render(self, source: str, *, recursive: bool = False) -> str:
        """Render a nested template on the same variables; limits carry on.

        Args:
            source: the template.
            recursive: whether to go on until the text no longer changes.

        Raises:
            ExpressionError: as `Environment.render` does; a missing variable inside is an
                `EvaluationError` here, so that `??` around the call does not hide it.
        """
        self.enter()
        try:
            return self.environment.render_in(source, self.nested(), recursive=recursive)
        except UndefinedError as error:
            raise EvaluationError(str(error)) from error
        finally:
            self.leave()

    def enter(self) -> None:
        """Note that a macro or a nested rendering begins.

        Raises:
            LimitError: they are nested too deep, or time is up.
        """
        budget = self.budget
        budget.depth += 1
        if budget.depth > self.limits.recursion:
            raise LimitError(f"Calls are nested deeper than {self.limits.recursion} levels")
        self.check_time()

    def leave(self) -> None:
        """Note that it is over."""
        self.budget.depth -= 1

    def check_time(self) -> None:
        """Raise a `LimitError` when the rendering has taken too long."""
        if monotonic() > self.budget.deadline:
            raise LimitError(f"Rendering took longer than {self.limits.seconds:g} s")

    def check_text(self, text: str) -> str:
        """Return a text, unless it is longer than an output may be (`LimitError`)."""
        if len(text) > self.limits.output:
            raise LimitError(f"A text is longer than {self.limits.output} characters")
        return text


class Parts(list[Any]):
    """The pieces of an output under construction, and how long those counted so far are."""

    __slots__ = ("counted", "length")

    def __init__(self) -> None:
        super().__init__()
        self.counted = 0
        self.length = 0


class Loop:
    """The variable `loop` inside a `for`."""

    __slots__ = ("index", "length")

    def __init__(self, length: int) -> None:
        self.length = length
        self.index = 0

    expression_members: Mapping[str, Callable[[Loop], Any]] = {
        "index": lambda loop: loop.index,
        "length": lambda loop: loop.length,
        "first": lambda loop: loop.index == 0,
        "last": lambda loop: loop.index == loop.length - 1,
        "revindex": lambda loop: loop.length - loop.index - 1,
    }

    def expression_text(self) -> str:
        """Print the loop as Kestra does."""
        shown = ("last", "length", "index", "revindex", "first")
        members = [f"{name}={java_text(self.expression_members[name](self))}" for name in shown]
        return f"{{{', '.join(members)}}}"


def tick(context: EvaluationContext, parts: Parts) -> None:
    """Account for one turn of a loop and what it wrote.

    Raises:
        LimitError: too many turns, too much output, or too much time.
    """
    budget = context.budget
    limits = context.environment.limits
    budget.turns += 1
    if budget.turns > limits.loop_turns:
        raise LimitError(f"Loops turned more than {limits.loop_turns} times")
    count(context, parts)


def count(context: EvaluationContext, parts: Parts) -> None:
    """Add up what was written since the last count, and look at the clock.

    Raises:
        LimitError: it is too much, or took too long.
    """
    for part in parts[parts.counted :]:
        if part.__class__ is str:
            parts.length += len(part)
    parts.counted = len(parts)
    context.check_time()
    if parts.length > context.limits.output:
        raise LimitError(f"The output is longer than {context.limits.output} characters")


def join_parts(context: EvaluationContext, parts: Any) -> str:
    """Join the pieces of an output, unless they are too long together (`LimitError`)."""
    if sum(map(len, parts)) > context.environment.limits.output:
        raise LimitError(f"The output is longer than {context.limits.output} characters")
    return "".join(parts)


def forgive(evaluate: Callable[[], Any]) -> Any:
    """Return a value, or null where a part of it does not exist."""
    try:
        return evaluate()
    except UndefinedError:
        return None


def attempt(evaluate: Callable[[], Any]) -> Any:
    """Return a value, or `MISSING` where a part of it does not exist."""
    try:
        return evaluate()
    except UndefinedError:
        return MISSING


def firm(evaluate: Callable[[], Any]) -> Any:
    """Return what an operator makes of its operands; that a part is missing is a plain error."""
    try:
        return evaluate()
    except UndefinedError as error:
        raise EvaluationError(str(error)) from error


def choose(condition: Any) -> bool:
    """Whether a `? :` takes its first branch; null does not."""
    return condition is not None and truth(condition)


def concatenate(context: EvaluationContext, *values: Any) -> str:
    """`a ~ b ~ …`: texts joined, null is nothing."""
    joined = "".join(
        [
            value if value.__class__ is str else "" if value is None else java_text(value)
            for value in values
        ]
    )
    return context.check_text(joined)


def iterate(iterable: Any) -> list[Any] | None:
    """Return what a `for` walks over; None for null.

    Raises:
        EvaluationError: it is neither a list nor a map.
    """
    if iterable is None:
        return None
    if isinstance(iterable, (list, tuple)):
        return list(iterable)
    if isinstance(iterable, Mapping):
        return [Entry(key, value) for key, value in iterable.items()]
    raise EvaluationError(f"A loop takes a list or a map, not {java_text(iterable)[:200]}")


def restore(scope: dict[str, Any], name: str, value: Any) -> None:
    """Give a variable back the value it had before a loop, or take it away."""
    if value is MISSING:
        scope.pop(name, None)
    else:
        scope[name] = value


def span(context: EvaluationContext, start: Any, end: Any) -> list[Any]:
    """`start..end`."""
    return range_of(start, end, 1, context.limits.loop_turns)


def make_map(*members: tuple[Any, Any]) -> dict[Any, Any]:
    """A map literal whose keys are computed; a list or map as a key is its text."""
    try:
        return dict(members)
    except TypeError:
        return {
            java_text(key) if isinstance(key, (list, dict)) else key: item for key, item in members
        }


def refuse(reason: str, name: str = "", candidates: Any = ()) -> Any:
    """Raise what was found wrong at compile time, now that the place is reached."""
    raise EvaluationError(reason + nearest(name, candidates))


def lacks(value: Any, reason: str) -> None:
    """Tell of an argument that a filter was not given; for null, it does not matter."""
    if value is not None:
        raise EvaluationError(reason)


def call_macro(
    context: EvaluationContext, macro: Callable[..., Parts], arguments: dict[str, Any]
) -> str:
    """Run a macro in a scope of its own and return what it wrote, values as Java text."""
    context.enter()
    outside = context.variables
    context.variables = arguments
    try:
        return join_parts(context, macro(context, arguments))
    finally:
        context.variables = outside
        context.leave()


def render_block(
    context: EvaluationContext, scope: Any, blocks: Mapping[str, Callable[..., None]], name: Any
) -> str:
    """`block(name)`: what a block of this template writes, nothing when there is none."""
    if not is_text(name):
        raise EvaluationError(f"The name of a block is a text, not {java_text(name)}")
    block = blocks.get(name)
    if block is None:
        return ""
    parts = Parts()
    context.enter()
    try:
        block(context, scope, parts, _macro_text)
        return join_parts(context, parts)
    finally:
        context.leave()


def _macro_text(value: Any) -> str:
    return "" if value is None else java_text(value)


macro_text = _macro_text
"""How values print inside macros, filter tags and called blocks."""
