"""The executors of the core, by the contract that every one must keep."""

from __future__ import annotations

import pytest

from tiercel.executor.inline import InlineExecutor
from tiercel.executor.threads import ThreadExecutor
from tiercel.testing import ExecutorContract


class TestThreadExecutor(ExecutorContract):
    @pytest.fixture
    def executor(self) -> ThreadExecutor:
        return ThreadExecutor(self.room)


class TestThreadExecutorWithOneThread(ExecutorContract):
    room = 1

    @pytest.fixture
    def executor(self) -> ThreadExecutor:
        return ThreadExecutor(self.room)


class TestInlineExecutor(ExecutorContract):
    runs_while_submitting = True

    @pytest.fixture
    def executor(self) -> InlineExecutor:
        return InlineExecutor()
