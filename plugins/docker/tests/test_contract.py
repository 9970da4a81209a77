"""The Docker runner keeps the contract of all task runners."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import docker
import pytest

from tiercel.plugin import TaskRunner
from tiercel.testing import TaskRunnerContract


class TestDocker(TaskRunnerContract):
    image = "localhost/tiercel-test:1"
    patience = 60

    @pytest.fixture
    def runner(self, engine: docker.APIClient) -> Mapping[str, Any]:
        self._client = engine
        return {
            "type": "io.kestra.plugin.scripts.runner.docker.Docker",
            "networkMode": "host",
            "pullPolicy": "NEVER",
            "killGracePeriod": "PT0.2S",
        }

    def is_running(self, runner: TaskRunner, pid: int) -> bool:
        """Return whether a container runs: its processes are gone when it is."""
        with suppress(docker.errors.NotFound):
            return bool(self._client.containers(filters={"label": "kestra.io/task-id"}))
        return False
