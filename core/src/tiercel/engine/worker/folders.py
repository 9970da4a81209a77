"""`SharedFolders`: the working folders that several task runs have together.

A folder's name is made of the ids of the execution and of the flowable task run, so that whoever
goes on after a crash of this machine's engine finds the files again.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tiercel.plugin.task import FlowableTask

if TYPE_CHECKING:
    from tiercel.model.execution import Execution

__all__ = ["SharedFolders"]


class SharedFolders:
    """The shared folders of the executions of one engine.

    Args:
        root: where they are made; None for the system's temporary folder.
    """

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._used: dict[str, dict[str, Path]] = {}
        self._removers: list[threading.Thread] = []

    def of(self, execution: Execution, task_run_id: str) -> Path | None:
        """Return the folder that a task run works in; None when it has one of its own."""
        parent_id = execution.task_runs[task_run_id].parent_id
        while parent_id is not None:
            scope = execution.scopes[parent_id]
            if isinstance(scope.task, FlowableTask) and scope.task.shares_folder:
                root = self._root or Path(tempfile.gettempdir())
                folder = root / f"tiercel-{execution.id}-{parent_id}"
                self._used.setdefault(execution.id, {})[parent_id] = folder
                return folder
            parent_id = execution.task_runs[parent_id].parent_id
        return None

    def tidy(self, execution: Execution) -> None:
        """Remove the folders of flowables that have ended; all of them when nothing more comes."""
        used = self._used.get(execution.id)
        if used is None:
            return
        for task_run_id, folder in list(used.items()):
            if execution.done or execution.task_runs[task_run_id].state.is_terminal:
                # It may hold very many files, and the engine's loop goes on.
                remover = threading.Thread(target=shutil.rmtree, args=(folder, True))
                remover.start()
                self._removers = [each for each in self._removers if each.is_alive()] + [remover]
                del used[task_run_id]
        if not used:
            del self._used[execution.id]

    def close(self) -> None:
        """Return when what was to be removed is."""
        for remover in self._removers:
            remover.join()
