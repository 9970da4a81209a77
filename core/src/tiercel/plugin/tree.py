"""Every task of a flow, those inside flowable tasks too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tiercel.plugin.task import FlowableTask

if TYPE_CHECKING:
    from tiercel.model.flow import Flow
    from tiercel.model.task import TaskBase

__all__ = ["every_task", "find_task"]


def every_task(flow: Flow) -> Iterator[TaskBase]:
    """Yield the tasks of a flow in the order in which they are written, parents first."""
    for _, tasks in flow.all_lists():
        yield from _below(tasks)


def find_task(flow: Flow, task_id: str) -> TaskBase:
    """Return the task with an id, wherever in the flow it stands.

    Raises:
        StopIteration: the flow has no such task.
    """
    return next(task for task in every_task(flow) if task.id == task_id)


def _below(tasks: Iterable[TaskBase]) -> Iterator[TaskBase]:
    for task in tasks:
        yield task
        if isinstance(task, FlowableTask):
            yield from _below(task.children())
            yield from _below(task.errors or ())
            yield from _below(task.finally_ or ())
