"""A world in which engines crash: one seed, one story, the same each time.

Two engines share a repository in memory, a clock that stands still until it is moved, and nothing
runs by itself: a seeded random source decides which engine works next, which task ends, when time
passes, who asks for what, and at which commit an engine dies or is frozen past its lease. After
every commit the rules are checked; at the end everything is let run, and checked again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any

from tiercel import Registry, Tiercel
from tiercel.engine.machine.codec import decode_event
from tiercel.engine.machine.reduce import create, reduce
from tiercel.engine.machine.transitions import ENDS, EXECUTION_TRANSITIONS, TASK_RUN_TRANSITIONS
from tiercel.errors import TiercelError
from tiercel.executor.spi import Job, Outcome
from tiercel.model.execution import Execution
from tiercel.repository.memory import MemoryRepository
from tiercel.repository.spi import RUNNING_STATES
from tiercel.storage.memory import MemoryStorage
from tiercel.testing.fakes import FakeClock

__all__ = ["Broken", "World"]

REGISTRY = Registry()
LIMIT = 2
_T = "io.kestra.plugin.core"
FLOWS = [
    f"""
id: limited
namespace: sim
concurrency: {{limit: {LIMIT}}}
tasks:
  - {{id: a, type: {_T}.debug.Return, format: a}}
  - {{id: p, type: {_T}.flow.Pause, pauseDuration: PT20S}}
  - {{id: b, type: {_T}.debug.Return, format: b}}
""",
    f"""
id: broad
namespace: sim
tasks:
  - id: each
    type: {_T}.flow.ForEach
    values: [x, y, z]
    concurrencyLimit: 2
    tasks:
      - {{id: a, type: {_T}.debug.Return, format: "{{{{ taskrun.value }}}}"}}
      - id: beside
        type: {_T}.flow.Parallel
        tasks: [{{id: b, type: {_T}.debug.Return}}, {{id: c, type: {_T}.debug.Return}}]
finally: [{{id: last, type: {_T}.debug.Return, format: "{{{{ outputs.a['x'].value }}}}"}}]
""",
    f"""
id: failing
namespace: sim
tasks:
  - id: f
    type: {_T}.execution.Fail
    retry: {{type: constant, interval: PT15S, maxAttempts: 3}}
errors: [{{id: e, type: {_T}.debug.Return}}]
""",
    f"""
id: parent
namespace: sim
tasks:
  - {{id: one, type: {_T}.flow.Subflow, namespace: sim, flowId: limited}}
  - {{id: two, type: {_T}.flow.Subflow, namespace: sim, flowId: broad, wait: false}}
""",
    f"""
id: pauses
namespace: sim
tasks:
  - id: beside
    type: {_T}.flow.Parallel
    allowFailure: true
    tasks:
      - {{id: p, type: {_T}.flow.Pause, pauseDuration: PT20S}}
      - {{id: q, type: {_T}.flow.Pause, pauseDuration: PT9S, behavior: WARN}}
      - id: f
        type: {_T}.execution.Fail
        retry: {{type: constant, interval: PT9S, maxAttempts: 2}}
  - {{id: b, type: {_T}.debug.Return, format: b}}
""",
]


class Crash(BaseException):
    """An engine dies here."""


class Broken(AssertionError):
    """A rule does not hold."""


class Doomed:
    """One engine's way to the repository, on which it may die at a commit.

    Attributes:
        fate: `before` or `after` the next commit that decides something; None to live on.
    """

    def __init__(self, world: World, owner: Callable[[], str]) -> None:
        self._world = world
        self._owner = owner
        self.fate: str | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.repository, name)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Begin a unit of work."""
        written: set[str] = set()
        with self._world.repository.transaction() as work:
            append = work.append_events

            def noting(events: Any) -> None:
                events = list(events)
                written.update(event.execution_id for event in events)
                append(events)

            work.append_events = noting
            yield work
            if written and self.fate == "before":
                raise Crash
            self._world.check_owner(work, written, self._owner())
        self._world.check()
        if written and self.fate == "after":
            raise Crash


class Jobs:
    """An executor whose jobs end when they are told to."""

    def __init__(self) -> None:
        self.waiting: list[Job] = []

    def start(self, run: Callable[[Job], Outcome], report: Callable[[Job, Outcome], None]) -> None:
        """Get ready."""
        self._run, self._report = run, report

    def submit(self, job: Job) -> None:
        """Take a job."""
        self.waiting.append(job)

    def abandon(self, job: Job) -> None:
        """Forget a job."""
        with suppress(ValueError):
            self.waiting.remove(job)

    def end(self, job: Job) -> None:
        """Run a job, and report what came of it."""
        self.waiting.remove(job)
        self._report(job, self._run(job))

    def close(self) -> None:
        """Nothing is held."""


class Engine:
    """An engine that works when it is told to."""

    def __init__(self, world: World) -> None:
        self.jobs = Jobs()
        self.doom = Doomed(world, lambda: self.tiercel._owner)
        self.tiercel = Tiercel(
            repository=self.doom,
            storage=world.storage,
            executor=self.jobs,
            registry=REGISTRY,
            clock=world.clock,
            ids=world,
            environ={},
            stepped=True,
        )
        self.tiercel.driver.turn()


class World:
    """Engines, and everything around them.

    Args:
        seed: decides all that happens.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.clock = FakeClock()
        self.repository = MemoryRepository()
        self.storage = MemoryStorage()
        self.acknowledged: list[str] = []
        self._killed: set[str] = set()
        self._ids = 0
        with Tiercel(repository=self.repository, registry=REGISTRY, clock=self.clock) as setup:
            for source in FLOWS:
                setup.save_flow(setup.load_flow(source))
        self.engines = [Engine(self), Engine(self)]

    def new(self) -> str:
        """Return the next id."""
        self._ids += 1
        return f"{self._ids:022}"

    def play(self, steps: int) -> None:
        """Let things happen, then let everything come to its end, and check it."""
        actions = [
            (self._work, 30),
            (self._end_job, 25),
            (self._pass_time, 15),
            (self._ask, 10),
            (self._adopt, 6),
            (self._kill, 2),
            (self._resume, 3),
            (self._force, 2),
            (self._restart, 2),
            (self._crash, 8),
            (self._freeze, 1),
        ]
        for _ in range(steps):
            (action,) = self._random.choices(*zip(*actions, strict=True))
            self._survive(action)
        self._settle()

    def _survive(self, action: Callable[[Engine], None]) -> None:
        """Do something with an engine; a new one takes the place of one that dies of it."""
        place = self._random.randrange(len(self.engines))
        try:
            action(self.engines[place])
        except Crash:
            self.engines[place] = Engine(self)

    # What happens

    def _work(self, engine: Engine) -> None:
        engine.tiercel.driver.turn()

    def _end_job(self, engine: Engine) -> None:
        if engine.jobs.waiting:
            job = self._random.choice(engine.jobs.waiting)
            self._check_job(engine, job)
            engine.jobs.end(job)

    def _pass_time(self, _engine: Engine) -> None:
        self.clock.move(timedelta(seconds=self._random.choice([0.6, 2, 7])))
        for each in self.engines:  # whoever lives renews its leases
            each.tiercel.driver.wake()

    def _ask(self, engine: Engine) -> None:
        name = self._random.choice(["limited", "limited", "broad", "failing", "parent", "pauses"])
        later = self._random.choice([None, None, None, timedelta(seconds=5), timedelta(hours=1)])
        date = None if later is None else self.clock.now() + later
        with suppress(TiercelError):
            flow = engine.tiercel.flow("sim", name)
            self.acknowledged.append(engine.tiercel.start(flow, schedule_date=date))

    def _adopt(self, engine: Engine) -> None:
        for execution_id in engine.tiercel.interrupted():
            with suppress(TiercelError):
                engine.tiercel.recover([execution_id])

    def _kill(self, engine: Engine) -> None:
        if self.acknowledged:
            execution_id = self._random.choice(self.acknowledged)
            with suppress(TiercelError):
                engine.tiercel.kill(execution_id)
                self._killed.add(execution_id)

    def _resume(self, engine: Engine) -> None:
        if self.acknowledged:
            with suppress(TiercelError):
                engine.tiercel.resume(self._random.choice(self.acknowledged))

    def _force(self, engine: Engine) -> None:
        """Force an execution, but none whose number is checked: it may exceed the limit."""
        known = [self.repository.execution(each) for each in self.acknowledged]
        if forced := [each.id for each in known if each.flow_id != "limited"]:
            with suppress(TiercelError):
                engine.tiercel.operations.force_run(self._random.choice(forced))

    def _restart(self, engine: Engine) -> None:
        if self.acknowledged:
            with suppress(TiercelError):
                engine.tiercel.operations.restart(self._random.choice(self.acknowledged))

    def _crash(self, engine: Engine) -> None:
        engine.doom.fate = self._random.choice(["before", "after"])

    def _freeze(self, engine: Engine) -> None:
        """Let an engine's leases end while it stands still, and somebody else take over."""
        self.clock.move(timedelta(seconds=31))
        for other in self.engines:
            if other is not engine:
                self._adopt(other)

    # The end

    def _settle(self) -> None:
        """Let everything come to its end: no more crashes."""
        self.clock.move(timedelta(seconds=31))
        self.engines = [Engine(self), Engine(self)]
        for _ in range(2000):
            for engine in self.engines:
                self._adopt(engine)
                while engine.tiercel.driver.turn() or engine.jobs.waiting:
                    while engine.jobs.waiting:
                        self._end_job(engine)
            if not self.repository.unfinished():
                break
            self.clock.move(timedelta(seconds=5))
        else:
            raise Broken(f"Never over: {self._states()}")
        for execution_id in self.acknowledged:
            self.repository.execution(execution_id)  # NotFoundError: it was lost
        for each in self._executions():
            self._check_log(each)
        if left := list(self.repository._state.inbox.values()):
            raise Broken(f"Nobody read {left}")

    def _states(self) -> dict[str, str]:
        return {each.id: f"{each.flow_id} {each.state}" for each in self._executions()}

    def _executions(self) -> list[Execution]:
        ids = list(self.repository._state.executions)
        return [self.repository.execution(execution_id) for execution_id in ids]

    # The rules

    def check_owner(self, work: Any, written: set[str], owner: str) -> None:
        """Only whoever holds the claim may write about an execution."""
        for execution_id in written:
            claim = work._state.claims.get(execution_id)
            ended = work._state.executions[execution_id][1].done
            if not ended and (claim is None or claim.owner != owner):
                raise Broken(f"{owner} wrote about {execution_id}, which belongs to {claim}")

    def check(self) -> None:
        """No more executions run than may."""
        rows = [row for _, row in self.repository._state.executions.values()]
        running = [r for r in rows if r.flow_id == "limited" and r.state in RUNNING_STATES]
        if len(running) > LIMIT:
            raise Broken(f"{len(running)} run where {LIMIT} may")

    def _check_job(self, engine: Engine, job: Job) -> None:
        """What has ended is not run again."""
        stored = self.repository.execution(job.execution_id)
        claim = next((c for c in self.repository.claims() if c.execution_id == stored.id), None)
        run = stored.task_runs.get(job.task_run_id)
        owned = claim is not None and claim.epoch == job.epoch
        runs = owned and job in engine.tiercel.driver._attempts
        if runs and run is not None and run.state in ENDS:
            raise Broken(f"{job} is to run, and has ended")

    def _check_log(self, execution: Execution) -> None:
        """The event log leads to what is stored, and every move in it is one that exists."""
        log = self.repository.events(execution.id)
        if [each.sequence for each in log] != list(range(1, len(log) + 1)):
            raise Broken(f"The log of {execution.id} has gaps")
        first, *rest = [decode_event(each.kind, each.payload) for each in log]
        flow = self.engines[0].tiercel.flow("sim", execution.flow_id)
        replayed = create(first, flow).execution  # type: ignore[arg-type]
        for event in rest:
            replayed = reduce(replayed, event).execution
        seen = {key: run for key, run in replayed.task_runs.items() if not run.hidden}
        if (replayed.history, replayed.outputs) != (execution.history, execution.outputs):
            raise Broken(
                f"{execution.id}: {replayed.history} by its log, {execution.history} stored"
            )
        if seen != dict(execution.task_runs.items()):
            raise Broken(f"{execution.id}: other task runs by its log than stored")
        self._check_moves(execution)

    def _check_moves(self, execution: Execution) -> None:
        histories = [(EXECUTION_TRANSITIONS, execution.history.states)]
        histories += [
            (TASK_RUN_TRANSITIONS, r.history.states) for r in execution.task_runs.values()
        ]
        for table, states in histories:
            for before, after in pairwise(states):
                if after not in table[before]:
                    raise Broken(f"{execution.id}: no move from {before} to {after}")
        if execution.state not in ENDS:
            raise Broken(f"{execution.id} ended {execution.state}")
        if not all(run.state.is_terminal for run in execution.task_runs.values()):
            raise Broken(f"{execution.id} left task runs open")
