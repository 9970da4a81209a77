"""`TriggerBench`: a deployed flow whose triggers follow a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tiercel.engine.flows.flows import FlowBook
from tiercel.model.execution import Execution
from tiercel.repository.spi import ExecutionQuery
from tiercel.testing.fakes import FakeClock, clock_at
from tiercel.testing.flow_tests.bench import Bench, Setup
from tiercel.testing.flow_tests.library import Library
from tiercel.testing.flow_tests.mocks import UnavailableTrigger
from tiercel.testing.flow_tests.run import mocks_of, source_of

if TYPE_CHECKING:
    from tiercel.model.flow import Flow
    from tiercel.plugin.registry import Registry

__all__ = ["TriggerBench"]


class TriggerBench:
    """A flow that was deployed, in memory: its triggers start executions as time is let pass.

        bench = TriggerBench("flow.yaml", clock=datetime(2024, 1, 31, 22, tzinfo=UTC))
        (execution,) = bench.move(hours=3)
        assert execution.trigger["variables"]["date"] == "2024-02-01T00:00:00Z"

    Everything happens in the caller's thread, and nothing by itself. What a flow's tasks wait for
    takes as long as it would, on the bench's clock.

    Args:
        flow: a file's path, a flow's text (more than one line), or a loaded flow.
        mocks: tasks that are not to run, as for `run_flow`.
        namespace_files: content of the namespace's files by path.
        secrets: secrets by name; no others are there.
        kv: key-value pairs of the flow's namespace.
        clock: what the clock shows at the beginning, 2024 in UTC by default; or the clock itself.
        flows: files of subflows, and folders to look for them.
        registry: which plugins there are, instead of the installed ones.

    Raises:
        FlowError: the flow is wrong.

    Attributes:
        clock: what the engine looks at.
    """

    def __init__(  # noqa: PLR0913  # all but the first are by keyword, and most tests give none
        self,
        flow: str | Path | Flow,
        *,
        mocks: Mapping[str, Any] | None = None,
        namespace_files: Mapping[str, bytes | str] | None = None,
        secrets: Mapping[str, str] | None = None,
        kv: Mapping[str, Any] | None = None,
        clock: FakeClock | datetime | None = None,
        flows: Iterable[str | Path] = (),
        registry: Registry | None = None,
    ) -> None:
        text, file = source_of(flow)
        places = [*map(Path, flows), *([Path(file).parent] if file else [])]
        self.clock = clock_at(clock)
        self._bench = Bench(
            Setup(
                mocks=mocks_of(mocks),
                namespace_files=namespace_files or {},
                secrets=secrets or {},
                kv=kv or {},
                clock=self.clock,
                library=Library(places),
                registry=registry,
            )
        )
        deployed = self._bench.deploy(text, file)
        if any(isinstance(each, UnavailableTrigger) for each in deployed.triggers or ()):
            # Which tells where it stands: it would never start anything.
            FlowBook.load(self._bench.engine.flows, text, file)
        self.settle()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self.close()

    @property
    def executions(self) -> list[Execution]:
        """Every execution that there is, the first one first."""
        engine = self._bench.engine
        begun = engine.executions(ExecutionQuery(limit=100_000))
        return [engine.execution(each.id) for each in reversed(begun)]

    def move(self, by: timedelta | None = None, **length: float) -> list[Execution]:
        """Let time pass, and have done whatever is due meanwhile, each at its time.

        Args:
            by: how long.
            length: the same in words: `hours=1`, `minutes=30`.

        Returns:
            The executions that began, of any flow, as they are now; the first one first.
        """
        known = {each.id for each in self.executions}
        until = self.clock.now() + (by or timedelta()) + timedelta(**length)
        while (due := self._next_due(until)) is not None:
            self._go_to(due)
        self._go_to(until)
        return [each for each in self.executions if each.id not in known]

    def settle(self) -> None:
        """Have everything done that is due by now, and all that follows from it."""
        engine = self._bench.engine
        busy = True
        while busy:
            engine.triggers.scheduler.run_due()
            busy = False
            while engine.driver.turn():
                busy = True

    def restart_engine(self) -> None:
        """Have the engine die, and another one go on."""
        self._bench.replace_engine()
        self.settle()

    def messages(self, execution: Execution, level: str = "INFO") -> list[str]:
        """Return the messages that an execution logged at a level."""
        lines = self._bench.engine.logs(execution.id)
        return [line.message for line in lines if line.level == level]

    def close(self) -> None:
        """Stop everything."""
        self._bench.engine.close()

    def _go_to(self, moment: datetime) -> None:
        self.clock.move(max(moment - self.clock.now(), timedelta()))
        self.settle()

    def _next_due(self, until: datetime) -> datetime | None:
        """Return the next moment after this one, and before `until`, at which something is due."""
        engine, now = self._bench.engine, self.clock.now()
        dates = [each.next_date for each in engine.triggers.list() if not each.disabled]
        due = [date for date in (*dates, engine.driver.next_due()) if date and now < date <= until]
        return min(due, default=None)
