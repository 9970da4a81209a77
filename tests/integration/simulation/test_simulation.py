"""Random crashes, by the thousand: nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from simulator import World

STEPS = 120


@pytest.mark.parametrize("seed", range(25))
def test_the_rules_hold_whatever_crashes(seed: int) -> None:
    World(seed).play(STEPS)


def test_a_seed_tells_one_story() -> None:
    first, second = World(7), World(7)
    for world in (first, second):
        world.play(STEPS)
    assert first._states() == second._states()
    logs = [
        [world.repository.events(each) for each in world.acknowledged] for world in (first, second)
    ]
    assert logs[0] == logs[1]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_rules_hold_a_thousand_times() -> None:
    for seed in range(1000, 2200):
        try:
            World(seed).play(STEPS)
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
