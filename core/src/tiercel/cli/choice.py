"""Which executions a command is about: those named, or all that match."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tiercel.cli import options
from tiercel.model.execution import State

if TYPE_CHECKING:
    from tiercel.embed import Tiercel
    from tiercel.model.execution import Execution

__all__ = ["ENDED", "OPEN", "Choice", "choosing"]

F = TypeVar("F", bound=Callable[..., Any])
ENDED = tuple(state for state in State if state.is_terminal)
OPEN = tuple(state for state in State if not state.is_terminal)


@dataclass(frozen=True)
class Choice:
    """Executions that a user chose.

    Attributes:
        ids: those that were named; empty when the rest says which ones.
        namespace: exactly this one.
        flow_id: exactly this flow.
        states: one of these.
        labels: all of these.
        dry_run: whether to tell only which ones they are.
    """

    ids: tuple[str, ...]
    namespace: str | None
    flow_id: str | None
    states: tuple[State, ...]
    labels: dict[str, str]
    dry_run: bool

    @property
    def one(self) -> bool:
        """Whether it is about a single execution, by its name."""
        return len(self.ids) == 1

    def executions(self, engine: Tiercel) -> list[Execution]:
        """Return them, the newest first, or in the order in which they were named.

        Raises:
            NotFoundError: there is none of a name.
        """
        from tiercel.repository.spi import ExecutionQuery

        if self.ids:
            return [engine.execution(each) for each in dict.fromkeys(self.ids)]
        query = ExecutionQuery(
            tenant=engine.tenant,
            namespace=self.namespace,
            flow_id=self.flow_id,
            states=frozenset(self.states),
            labels=tuple(self.labels.items()),
        )
        return list(engine.operations.matching(query))


def choosing(states: Collection[State] = ()) -> Callable[[F], F]:
    """Add what chooses executions to a command, which gets it as `choice`.

    Args:
        states: the states that count unless the user names some.
    """

    def decorate(command: F) -> F:
        @wraps(command)
        def chosen(
            *args: Any,
            execution_ids: tuple[str, ...],
            namespace: str | None,
            flow_id: str | None,
            wanted: tuple[str, ...],
            where: dict[str, str],
            dry_run: bool,
            **others: Any,
        ) -> Any:
            if bool(execution_ids) == bool(namespace or flow_id or wanted or where):
                raise click.UsageError(
                    "Name executions, or say which ones with --namespace, --flow, --state or "
                    "--label"
                )
            named = tuple(map(State, wanted)) or tuple(states)
            choice = Choice(execution_ids, namespace, flow_id, named, where, dry_run)
            return command(*args, choice=choice, **others)

        return _with_options(chosen)  # type: ignore[return-value]  # click replaces it anyway

    return decorate


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.argument("execution_ids", nargs=-1, metavar="[EXECUTION]..."),
            click.option("-n", "--namespace", help="All of this namespace."),
            click.option("-f", "--flow", "flow_id", help="All of this flow."),
            click.option(
                "-s",
                "--state",
                "wanted",
                multiple=True,
                type=click.Choice([state.value for state in State], case_sensitive=False),
                metavar="STATE",
                help="All in this state.",
            ),
            click.option(
                "-l",
                "--label",
                "where",
                multiple=True,
                callback=options.pairs,
                metavar="KEY=VALUE",
                help="All with this label.",
            ),
            click.option("--dry-run", is_flag=True, help="Only list which ones it would be."),
        )
    ):
        command = option(command)
    return command
