"""Runs of a flow in which the test says which task ends next, and how: for flowable tasks."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from tiercel._record import replace
from tiercel.embed import Tiercel
from tiercel.executor.spi import Job, Outcome
from tiercel.model.execution import Execution, State
from tiercel.plugin import task as spi
from tiercel.repository.memory import MemoryRepository
from tiercel.storage.memory import MemoryStorage
from tiercel.testing.fakes import FakeClock, SequentialIds

if TYPE_CHECKING:
    import pytest

    from tiercel.plugin.registry import Registry

__all__ = ["Choices", "Run", "Watch", "many_choices", "no_world"]

_STEPS = 500
_ENDS = (State.SUCCESS, State.FAILED, State.WARNING)
_DECISIONS = (spi.Open, spi.Wait, spi.Pause, spi.Evaluate, spi.RunFlow, spi.Finish)


class Choices:
    """Decides what happens next in a run; the same choices make the same run.

    Args:
        pick: (how many possibilities) → which one.
        ends: the states that tasks may end in.
    """

    def __init__(self, pick: Callable[[int], int], ends: Sequence[State] = _ENDS) -> None:
        self._pick = pick
        self._ends = ends

    def next_of(self, waiting: Sequence[Job]) -> tuple[Job, State]:
        """Return which of the running tasks ends next, and how."""
        return waiting[self._pick(len(waiting))], self._ends[self._pick(len(self._ends))]


def many_choices(limit: int) -> Iterator[Choices]:
    """Yield choices for so many runs: all there are if these are enough, or else a sample."""
    path: list[list[int]] = []
    for _ in range(limit):
        odometer = _Odometer(path)
        yield Choices(odometer.pick)
        del path[odometer.position :]
        while path and path[-1][0] + 1 == path[-1][1]:
            path.pop()
        if not path:
            return
        path[-1][0] += 1
    for seed in range(limit):
        yield Choices(random.Random(seed).randrange)


class _Odometer:
    """Takes the choices written down, and the first possibility from there on."""

    def __init__(self, path: list[list[int]]) -> None:
        self._path = path
        self.position = 0

    def pick(self, options: int) -> int:
        if self.position == len(self._path):
            self._path.append([0, options])
        self.position += 1
        return self._path[self.position - 1][0]


class HeldExecutor:
    """Runs no task before it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Job] = []
        self._run: Callable[[Job], Outcome]
        self._report: Callable[[Job, Outcome], None]

    def start(self, run: Callable[[Job], Outcome], report: Callable[[Job, Outcome], None]) -> None:
        """Get ready."""
        self._run, self._report = run, report

    def submit(self, job: Job) -> None:
        """Keep a job."""
        self.waiting.append(job)

    def end(self, job: Job, state: State) -> None:
        """Run a job, and report that it ended in a state."""
        self.waiting.remove(job)
        outcome = self._run(job)
        if outcome.state is State.SUCCESS and state is not State.SUCCESS:
            error = "As the test wants it" if state is State.FAILED else None
            outcome = replace(outcome, state=state, error=error)
        self._report(job, outcome)

    def abandon(self, job: Job) -> None:
        """Forget a job."""
        if job in self.waiting:
            self.waiting.remove(job)

    def close(self) -> None:
        """Nothing is held."""


class Run:
    """One execution of a flow on an engine that works when it is told to.

    Args:
        text: the flow.
        registry: which plugins there are.
        flows: texts of further flows.
        inputs: values by input id.
    """

    def __init__(
        self,
        text: str,
        registry: Registry,
        flows: Iterable[str] = (),
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        self._parts: dict[str, Any] = {
            "registry": registry,
            "repository": MemoryRepository(),
            "storage": MemoryStorage(),
            "clock": FakeClock(),
            "ids": SequentialIds(),
            "environ": {},
        }
        self._begin_engine()
        for each in flows:
            self.engine.save_flow(self.engine.load_flow(each))
        self.id = self.engine.start(text, inputs)

    def _begin_engine(self) -> None:
        self.executor = HeldExecutor()
        self.engine = Tiercel(stepped=True, executor=self.executor, **self._parts)

    def die(self) -> None:
        """Have the engine die, and another one go on."""
        self._begin_engine()
        for execution_id in self.engine.repository.unfinished():
            self.engine.driver.adopt(execution_id, force=True).wait()

    @property
    def execution(self) -> Execution:
        """The execution as it is."""
        return self.engine.execution(self.id)

    @property
    def states(self) -> list[tuple[str, str | None, str]]:
        """What is left of the execution: task, loop value and state of each of its task runs."""
        runs = self.execution.task_runs.values()
        return sorted((run.task_id, str(run.value), str(run.state)) for run in runs)

    def play(self, choices: Choices, between: Callable[[int], object] = lambda _step: None) -> bool:
        """Go on until the execution ends; return whether it does.

        Args:
            choices: what happens next.
            between: called before a task ends, with the number of tasks that have ended.
        """
        for step in range(_STEPS):
            while self.engine.driver.turn():
                pass
            if self.execution.done:
                return True
            between(step)
            while self.engine.driver.turn():
                pass
            if not self._go_on(choices):
                return self.execution.done
        return False

    def _go_on(self, choices: Choices) -> bool:
        """Let one thing happen; return whether there was any."""
        if self.executor.waiting:
            self.executor.end(*choices.next_of(self.executor.waiting))
            return True
        due = self.engine.driver.next_due()
        clock: FakeClock = self._parts["clock"]
        if due is not None:
            clock.move(max(due - clock.now(), timedelta()))
            return True
        if self.execution.state is State.PAUSED:
            self.engine.operations.resume(self.id)
            return True
        clock.move(timedelta(seconds=2))  # the last chance for a message between executions
        return self.engine.driver.turn()


class Watch:
    """Looks at every answer of a flowable task's `next`, and notes what is wrong with it.

    Attributes:
        wrong: what is.
        asked: how often it was asked.
    """

    def __init__(self, cls: type[spi.FlowableTask], monkeypatch: pytest.MonkeyPatch) -> None:
        self.wrong: list[str] = []
        self.asked = 0
        self._next = cls.next

        def watched(task: spi.FlowableTask, view: spi.FlowableView) -> spi.Decision:
            return self._ask(task, view)

        monkeypatch.setattr(cls, "next", watched)

    def _ask(self, task: spi.FlowableTask, view: spi.FlowableView) -> spi.Decision:
        self.asked += 1
        before = _insides(task)
        with no_world(self._note):
            decision = self._next(task, view)
            again = self._next(task, view)
        if again != decision:
            self._note(f"To one view it answers {decision!r}, then {again!r}")
        if _insides(task) != before:
            self._note("It changes itself while it decides")
        self._judge(task, view, decision)
        return decision

    def _judge(self, task: spi.FlowableTask, view: spi.FlowableView, decision: Any) -> None:
        if not isinstance(decision, _DECISIONS):
            self._note(f"{decision!r} is no decision")
        elif isinstance(decision, spi.Open):
            self._judge_lanes(task, view, decision.lanes)
        elif isinstance(decision, spi.Finish) and not decision.state.is_terminal:
            self._note(f"It finishes in {decision.state}, in which nothing ends")
        elif isinstance(decision, spi.RunFlow) and decision.key in view.children:
            self._note(f"It begins the execution {decision.key!r} twice")

    def _judge_lanes(
        self, task: spi.FlowableTask, view: spi.FlowableView, lanes: Sequence[spi.Lane]
    ) -> None:
        if not lanes:
            self._note("It opens no lane at all")
        known = {each.id for each in task.children()}
        keys = [lane.key for lane in lanes]
        for lane in lanes:
            strange = [each.id for each in lane.tasks if each.id not in known]
            if strange and not lane.hidden:
                self._note(f"Lane {lane.key!r} has {strange}, of which `children` knows nothing")
            if lane.key in view.open_lanes or lane.key in view.lanes or keys.count(lane.key) > 1:
                self._note(f"It opens the lane {lane.key!r} twice")

    def _note(self, text: str) -> None:
        if text not in self.wrong:
            self.wrong.append(text)


def _insides(task: spi.FlowableTask) -> tuple[Any, Any]:
    return repr(task.__dict__), repr(task.__pydantic_private__)


_WORLD = (
    "builtins.open",
    "os.open",
    "os.urandom",
    "random.random",
    "random.randrange",
    "socket.socket.connect",
    "subprocess.Popen",
    "time.monotonic",
    "time.sleep",
    "time.time",
    "uuid.uuid4",
)


@contextmanager
def no_world(note: Callable[[str], None]) -> Iterator[None]:
    """Note whoever asks the clock, chance, files or the network inside the block."""
    patches = [patch(name, _noting(name, note)) for name in _WORLD]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in reversed(patches):
            each.stop()


def _noting(name: str, note: Callable[[str], None]) -> Callable[..., Any]:
    module, _, attribute = name.rpartition(".")
    owner: Any = __import__(module.partition(".")[0])
    for part in module.split(".")[1:]:
        owner = getattr(owner, part)
    original = getattr(owner, attribute)

    def noted(*args: Any, **kwargs: Any) -> Any:
        note(f"It calls {name}: it is to know nothing but its properties and the view")
        return original(*args, **kwargs)

    return noted
