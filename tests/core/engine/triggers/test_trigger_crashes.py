"""The engine dies before or after any commit: the next one starts what was missing, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from probe import wait_for
from triggered import HOURLY, World

from tiercel import State
from tiercel.errors import RepositoryError
from tiercel.repository.memory import MemoryRepository
from tiercel.testing import FakeClock

FLOW = "io.kestra.plugin.core.trigger.Flow"
UPSTREAM = "flows: [{namespace: company.team, flowId: hourly}]"
PAIR = "flows: [{namespace: company.team, flowId: hourly}, {namespace: company.team, flowId: down}]"


class Mortal(MemoryRepository):
    """Takes so many transactions, then none: the last one is written, or it is not."""

    def __init__(self, state: Any, life: int, *, written: bool) -> None:
        super().__init__()
        self._state = state
        self._life = life
        self._last_is_written = written
        self.dead = False

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Begin a unit of work, or die."""
        self._life -= 1
        if self._life <= 0 and (self.dead or not self._last_is_written):
            self.dead = True
        if self.dead:
            raise RepositoryError("Dead")
        with super().transaction() as unit:
            yield unit
        if self._life <= 0:
            self.dead = True
            raise RepositoryError("Dead")


@pytest.fixture(scope="module")
def deployed() -> MemoryRepository:
    """A flow that starts every hour, one that starts after it, and one that starts after both."""
    repository = MemoryRepository()
    world = World(repository=repository)
    world.deploy(HOURLY + "}", "hourly")
    world.deploy(f"{{id: t, type: {FLOW}, preconditions: {{id: p, {UPSTREAM}}}}}", "down")
    world.deploy(f"{{id: t, type: {FLOW}, preconditions: {{id: p, {PAIR}}}}}", "last")
    world.tiercel.close()
    return repository


def play(world: World, hours: int) -> None:
    """Let hours pass, as long as the engine lives."""
    for _ in range(hours):
        world.clock.move(timedelta(hours=1))
        settle(world)


def settle(world: World) -> None:
    """Do what is due and all that follows from it, as long as the engine lives."""
    repository: Any = world.tiercel.repository
    known, quiet = -1, False
    while not (quiet or repository.dead):
        with suppress(RepositoryError):
            world.run_due()
        found = world.executions("")
        quiet = known == len(found) and all(each.done for each in found)
        known = len(found)
        wait_for(lambda: repository.dead or all(each.done for each in world.executions("")))


def started(world: World) -> dict[str, list[str]]:
    """Return flow id → what its executions were started for."""
    found: dict[str, list[str]] = {}
    for each in world.executions(""):
        assert each.state is State.SUCCESS
        variables = (each.trigger or {})["variables"]
        occasion = variables.get("date") or variables["executionId"]
        found.setdefault(each.flow_id, []).append(occasion)
    return found


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_whatever_commit_the_engine_dies_at_each_occasion_starts_one_execution(
    deployed: MemoryRepository, written: bool
) -> None:
    deaths = 0
    while True:
        mortal = Mortal(deployed._state, deaths + 1, written=written)
        dying = World(repository=mortal)
        play(dying, 2)
        dying.tiercel.close()
        if not mortal.dead:
            break
        deaths += 1
        found = inherited(mortal, dying.clock)
        hours = found["hourly"]
        assert hours == ["2026-01-01T09:00:00Z", "2026-01-01T10:00:00Z"][: len(hours)]
        assert len(found["down"]) == len(set(found["down"])) == len(hours)
        assert len(found["last"]) == len(set(found["last"])) == len(hours)
    assert deaths > 20


def inherited(mortal: Mortal, clock: FakeClock) -> dict[str, list[str]]:
    """Return what is started in all when another engine goes on with what a dead one left."""
    heir = World(clock, repository=Mortal(mortal._state, 10**6, written=True))
    heir.clock.move(timedelta(seconds=31))  # the dead engine's leases end
    heir.tiercel.recover()
    settle(heir)
    found = started(heir)
    heir.tiercel.close()
    return found
