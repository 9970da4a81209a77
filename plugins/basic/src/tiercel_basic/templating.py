"""`TemplatedTask`: a task whose very description is a template."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, ClassVar

from tiercel.plugin import Example, Output, Property, RunContext, Task, TaskError

__all__ = ["TemplatedTask"]


class TemplatedTask(Task[Output]):
    """Render the YAML of a task and run that task, whose outputs become those of this one."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Choose a property by an input",
            """\
id: templated_task
namespace: company.team

inputs:
  - id: level
    type: STRING
    defaults: WARN

tasks:
  - id: say
    type: io.kestra.plugin.core.templating.TemplatedTask
    spec: |
      type: io.kestra.plugin.core.log.Log
      level: {{ inputs.level }}
      message: Hello
""",
        ),
    )

    spec: Property[str]
    """The task in YAML; an `id` is not needed. Only tasks that do something by themselves can be
    run so: no flowable tasks, and none that change their execution."""

    def run(self, ctx: RunContext) -> Output | Coroutine[Any, Any, Output] | None:
        """Run the task.

        Raises:
            TaskError: the text is no task, or one that cannot be run so.
        """
        task = ctx.load_task(ctx.render(self.spec))
        if isinstance(task, TemplatedTask):
            raise TaskError(
                "The templated task cannot be of type "
                "'io.kestra.plugin.core.templating.TemplatedTask'",
                retryable=False,
            )
        if not isinstance(task, Task):
            raise TaskError("The templated task must be a runnable task", retryable=False)
        result: Output | Coroutine[Any, Any, Output] | None = task.run(ctx)
        return result
