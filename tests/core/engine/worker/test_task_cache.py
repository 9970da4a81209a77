"""`taskCache`: when outputs of an earlier run are used again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tiercel import Tiercel
from tiercel.testing import FakeClock

RETURN = "io.kestra.plugin.core.debug.Return"
USED = "Skipping task execution for task 'a' as there is an existing cache entry for it"
MADE = "Uploading a cache entry for task 'a'"


class World:
    """Runs a task on one engine, again and again."""

    def __init__(self):
        self.clock = FakeClock()
        self.tiercel = Tiercel(environ={}, clock=self.clock)

    def run(self, options="enabled: true", fmt="{{ inputs.x }}", x="1", flow="caching"):
        """Run it; return its output and its messages."""
        execution = self.tiercel.run(
            f"id: {flow}\nnamespace: company.team\ninputs: [{{id: x, type: STRING}}]\ntasks:\n"
            f"  - {{id: a, type: {RETURN}, format: '{fmt}', taskCache: {{{options}}}}}\n",
            {"x": x},
            timeout=20,
        )
        (task_run,) = execution.task_runs.values()
        logs = self.tiercel.logs(execution.id)
        return task_run.outputs, [each.message for each in logs if each.level != "DEBUG"]


@pytest.fixture
def world():
    world = World()
    with world.tiercel:
        yield world


def test_the_same_task_is_run_once(world):
    first, logs = world.run(fmt="{{ inputs.x }}")
    assert logs == [MADE]
    assert world.run(fmt="{{ inputs.x }}") == (first, [USED])


def test_what_a_task_says_differs_when_its_rendered_properties_do(world):
    world.run(x="1")
    assert world.run(x="2") == ({"value": "2"}, [MADE])
    assert world.run(x="1") == ({"value": "1"}, [USED])


@pytest.mark.parametrize("options", ["enabled: true", "enabled: true, ttl: PT1H"])
def test_an_entry_lives_as_long_as_it_may(world, options):
    world.run(options)
    world.clock.move(timedelta(minutes=59))
    assert world.run(options)[1] == [USED]
    world.clock.move(timedelta(minutes=2))
    assert world.run(options)[1] == [MADE if "ttl" in options else USED]


def test_another_flow_has_entries_of_its_own(world):
    world.run()
    assert world.run(flow="other")[1] == [MADE]


def test_a_cache_that_is_not_enabled_does_nothing(world):
    assert world.run("enabled: false")[1] == []
    assert list(world.tiercel.storage.list()) == []


def test_a_task_that_fails_is_not_remembered(world):
    for _ in range(2):
        outputs, logs = world.run(fmt="{{ 1 / 0 }}")
        assert outputs is None
        assert USED not in logs
        assert MADE not in logs


def test_a_damaged_entry_is_replaced(world):
    world.run()
    (stored,) = world.tiercel.storage.list()
    writer = world.tiercel.storage.create(stored.key)
    writer.write(b"{")
    writer.commit()
    assert world.run() == ({"value": "1"}, [MADE])
    assert world.run()[1] == [USED]
