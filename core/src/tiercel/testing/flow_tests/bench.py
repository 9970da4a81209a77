"""`Bench`: the world of one flow test, and the engine that works in it, on a clock that jumps.

Nothing runs beside the caller's thread: when there is nothing left to do for now, the clock goes to
the next moment at which something is due.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from tiercel.errors import (
    CheckError,
    ExpressionError,
    InputError,
    TiercelError,
)
from tiercel.model.execution import Execution, State, TaskRun
from tiercel.model.problems import nearest
from tiercel.plugin.registry import Registry
from tiercel.repository.memory import MemoryRepository
from tiercel.storage import uri as uris
from tiercel.storage.memory import MemoryStorage
from tiercel.testing.fakes import FakeClock, SequentialIds
from tiercel.testing.flow_tests.crashes import (
    Crash,
    Crashed,
    DoomedExecutor,
    DoomedRepository,
    Faults,
)
from tiercel.testing.flow_tests.engine import MockedFlows, SteppedEngine
from tiercel.testing.flow_tests.library import Library
from tiercel.testing.flow_tests.mocks import Mock

if TYPE_CHECKING:
    from tiercel.model.flow import Flow

__all__ = ["Bench", "Fired", "Resume", "Setup"]

T = TypeVar("T")

_JUMPS = 2_000
_POLL = timedelta(seconds=1)


@dataclass(frozen=True)
class Resume:
    """Somebody who resumes a paused task.

    Attributes:
        task: the id of the task that paused.
        inputs: values for its `onResume`.
        after: how long after the pause began.
        state: what the task ends in, instead of SUCCESS.
    """

    task: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    after: timedelta = timedelta()
    state: str | None = None


@dataclass(frozen=True)
class Fired:
    """A trigger that starts the execution: its id, its variables, the date that it fires for."""

    id: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    date: datetime | None = None


@dataclass(frozen=True)
class Setup:
    """The world that a flow finds itself in; `run_flow` tells what they are."""

    inputs: Mapping[str, Any] = field(default_factory=dict)
    mocks: Mapping[str, Sequence[Mock]] = field(default_factory=dict)
    files: Mapping[str, bytes | str] = field(default_factory=dict)
    namespace_files: Mapping[str, bytes | str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    kv: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    trigger: Fired | None = None
    resumes: Sequence[Resume] = ()
    clock: FakeClock = field(default_factory=FakeClock)
    crashes: Sequence[Crash] = ()
    library: Library = field(default_factory=Library)
    registry: Registry | None = None


class Bench:
    """One test's world, and the engine that works in it.

    Args:
        setup: what is there from the start.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.clock = setup.clock
        self._start = setup.clock.now()
        self.faults = Faults(setup.crashes)
        self.extra: dict[str, Any] = {"files": {}}
        self.seen: set[str] = set()
        self._repository = MemoryRepository()
        self._storage = MemoryStorage()
        self._ids = SequentialIds()
        self._registry = setup.registry or _installed()
        self._orphaned = False
        self._resumed: set[str] = set()
        self.engine = self._new_engine()

    def _new_engine(self) -> SteppedEngine:
        repository: Any = DoomedRepository(self._repository, self.faults)
        return SteppedEngine(
            self._flows,
            repository=repository,
            storage=self._storage,
            executor=DoomedExecutor(self.faults),
            registry=self._registry,
            clock=self.clock,
            ids=self._ids,
            environ={f"TIERCEL_SECRET_{key}": text for key, text in self.setup.secrets.items()},
        )

    def _flows(self, engine: SteppedEngine) -> MockedFlows:
        flows = MockedFlows(engine.repository, engine.registry, engine.clock, engine.tenant)
        flows.mocks, flows.extra = self.setup.mocks, self.extra
        flows.library, flows.seen = self.setup.library, self.seen
        return flows

    def play(self, text: str, file: str) -> tuple[Execution | None, str | None]:
        """Run a flow to its end.

        Returns:
            its execution, or the last one of those that repeat it; or why there is none.

        Raises:
            FlowError: the flow is wrong.
            TiercelError: the test is.
        """
        flow = self.engine.flows.save(self.engine.load_flow(text, file))
        self._check_mocks()
        execution_id = self._ids.new()
        self._furnish(flow, execution_id)
        try:
            self._surviving(lambda engine: self._begin(engine, flow, execution_id))
        except (InputError, CheckError, ExpressionError) as refusal:
            return None, self.engine.mask(str(refusal))
        execution = self._end_of(execution_id)
        while (successor := self.engine.successor(execution)) is not None:
            execution = self._end_of(successor)
        for other in self.engine.repository.unfinished():  # nobody waited for it
            self._end_of(other)
        return execution, None

    def deploy(self, text: str, file: str) -> Flow:
        """Store a flow whose triggers are to work; raises as `play` does."""
        flow = self.engine.flows.save(self.engine.load_flow(text, file), deploy=True)
        self._check_mocks()
        self._furnish(flow, self._ids.new())
        return flow

    def replace_engine(self) -> None:
        """Have the engine die, and another one go on with what it left."""
        self.engine = self._new_engine()
        self.engine.adopt_all()

    def _check_mocks(self) -> None:
        """See to it that no task runs for real because its mock is written in another way."""
        for task_id in self.setup.mocks:
            if task_id not in self.seen and not self.setup.library.mentions(task_id):
                hint = nearest(task_id, self.seen)
                advice = f"; did you mean {hint!r}?" if hint else ""
                raise TiercelError(f"There is no task {task_id!r} to be mocked{advice}")

    def _furnish(self, flow: Flow, execution_id: str) -> None:
        """Store what the flow finds: files, key-value pairs."""
        engine, setup = self.engine, self.setup
        # Among the files of the execution: expressions read no others.
        folder = uris.execution_folder(flow.namespace, flow.id, execution_id)
        for name, content in setup.files.items():
            path = uris.input_path(folder, "fixtures", name)
            self.extra["files"][name] = engine.files.put(path, _stream(content))
        files = uris.namespace_files(flow.namespace)
        for name, content in setup.namespace_files.items():
            engine.files.put(uris.check_path(f"{files}/{name.lstrip('/')}"), _stream(content))
        store = engine.services.kv_store(flow.namespace)
        for key, value in setup.kv.items():
            store.set(key, value)

    def _begin(self, engine: SteppedEngine, flow: Flow, execution_id: str) -> None:
        setup = self.setup
        inputs = {key: engine.render(value, self.extra) for key, value in setup.inputs.items()}
        fired = setup.trigger
        trigger = (fired.id, fired.variables, fired.date or self._start) if fired else None
        engine.begin(flow, execution_id, inputs, setup.labels, trigger)

    # To the end

    def _surviving(self, action: Callable[[SteppedEngine], T]) -> T:
        """Do something; when the engine dies of it, another one goes on."""
        while True:
            try:
                if self._orphaned:
                    self.engine.adopt_all()
                    self._orphaned = False
                return action(self.engine)
            except Crashed:
                self.engine = self._new_engine()
                self._orphaned = True

    def _end_of(self, execution_id: str) -> Execution:
        for _ in range(_JUMPS):
            if self._surviving(lambda engine: self._rest(engine, execution_id)):
                return self.engine.execution(execution_id)
        raise TiercelError(
            f"The execution does not come to an end: the clock was moved {_JUMPS} times, "
            f"to {self.clock.now()}"
        )

    def _rest(self, engine: SteppedEngine, execution_id: str) -> bool:
        """Work until nothing is left to do for now, and go to when there is; return if that is
        never."""
        if engine.driver.wait(execution_id):
            return True
        due = engine.driver.next_due()
        answer = self._next_resume(engine)
        if answer is not None and (due is None or answer[0] <= due):
            self._move_to(answer[0])
            _, paused_id, task_run, resume = answer
            state = State(resume.state) if resume.state else None
            engine.resume(paused_id, resume.inputs, state=state)
            self._resumed.add(task_run.id)
            return False
        if due is not None:
            self._move_to(due)
            return False
        before = self.clock.now()
        self._move_to(before + _POLL)  # the last chance for a message between executions
        return not engine.driver.turn()

    def _move_to(self, moment: datetime) -> None:
        self.clock.move(max(moment - self.clock.now(), timedelta()))

    def _next_resume(self, engine: SteppedEngine) -> tuple[datetime, str, TaskRun, Resume] | None:
        """Return who resumes what next: when, which execution, which task run."""
        resumes = {each.task: each for each in self.setup.resumes}
        if not resumes:
            return None
        found = [
            (run.history.entries[-1][1] + resumes[run.task_id].after, execution_id, run)
            for execution_id in engine.repository.unfinished()
            for run in engine.execution(execution_id).task_runs.values()
            if run.state is State.PAUSED and run.task_id in resumes and run.id not in self._resumed
        ]
        if not found:
            return None
        at, execution_id, run = min(found, key=lambda each: each[0])
        return at, execution_id, run, resumes[run.task_id]


@lru_cache(maxsize=1)
def _installed() -> Registry:
    """Return the plugins of this environment; finding them takes longer than most tests."""
    return Registry()


def _stream(content: bytes | str) -> io.BytesIO:
    return io.BytesIO(content.encode() if isinstance(content, str) else content)
