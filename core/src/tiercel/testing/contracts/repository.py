"""What every repository must do.

    from tiercel.testing import RepositoryContract

    class TestMyRepository(RepositoryContract):
        @pytest.fixture
        def repository(self):
            return MyRepository()       # empty, used by one test

The suite is one class; its parts, by theme, are in the modules beside this one.
"""

from __future__ import annotations

from tiercel.testing.contracts._repository_executions import ExecutionTests
from tiercel.testing.contracts._repository_queue import QueueTests
from tiercel.testing.contracts._repository_rest import FlowTests, KvTests, LogTests
from tiercel.testing.contracts._repository_transactions import TransactionTests
from tiercel.testing.contracts._repository_triggers import TriggerTests

__all__ = ["RepositoryContract"]


class RepositoryContract(
    TransactionTests, ExecutionTests, QueueTests, LogTests, FlowTests, KvTests, TriggerTests
):
    """Tests for a `Repository`; a subclass gives a fixture `repository`."""
