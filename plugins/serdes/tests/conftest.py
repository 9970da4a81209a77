from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tiercel.testing import TaskResult, run_task

Convert = Callable[..., tuple[TaskResult, bytes]]


@pytest.fixture
def convert() -> Convert:
    """Run a converter on a file; return its result and the file that it made."""

    def run(kind: str, content: bytes | str, **properties: Any) -> tuple[TaskResult, bytes]:
        task = {
            "type": f"io.kestra.plugin.serdes.{kind}",
            "from": "{{ files.source }}",
            **properties,
        }
        result = run_task(task, files={"source": content})
        uri = result.outputs.get("uri")
        return result, result.file(uri) if uri else b""

    return run
