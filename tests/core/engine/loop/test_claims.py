"""The claim of a new execution says under which epoch its attempts run."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from probe import Engine, flow

from tiercel import State
from tiercel._record import replace
from tiercel.errors import ConflictError
from tiercel.executor.inline import InlineExecutor
from tiercel.repository.memory import MemoryRepository


class Claimed(MemoryRepository):
    """A repository whose claims have the epoch 7, or belong to somebody else."""

    taken = False

    @contextmanager
    def transaction(self):
        with super().transaction() as work:
            claim = work.claim

            def claimed(*arguments, **options):
                made = claim(*arguments, **options)
                return None if self.taken else replace(made, epoch=7)

            work.claim = claimed
            work.holds = lambda _execution_id, epoch: epoch == 7
            yield work


class Noting(InlineExecutor):
    """An executor that keeps the epochs of its jobs."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def submit(self, job):
        self.epochs.append(job.epoch)
        super().submit(job)


def test_attempts_carry_the_epoch_of_the_claim():
    executor = Noting()
    engine = Engine(repository=Claimed(), executor=executor)

    @engine.on
    def nothing(_ctx):
        return None

    with engine.tiercel:
        execution = engine.run("nothing")
    assert (execution.state, executor.epochs) == (State.SUCCESS, [7])


def test_an_execution_that_somebody_else_owns_is_not_begun():
    repository = Claimed()
    repository.taken = True
    engine = Engine(repository=repository)
    with engine.tiercel as tiercel, pytest.raises(ConflictError, match="another engine"):
        tiercel.start(flow("id: a, type: test.Call, call: nothing"))
    assert repository.unfinished() == []
