"""`TaskRunner`: where a script task's command runs: as a process, in a container, elsewhere."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import PlainSerializer

from tiercel._record import record
from tiercel.model.base import Text
from tiercel.model.task import TypedModel, kind_schema, typed_field

if TYPE_CHECKING:
    from pathlib import Path

    from tiercel.plugin.context import RunContext

__all__ = ["AnyTaskRunner", "RunnerCommand", "RunnerResult", "TaskRunner"]


@record
class RunnerCommand:
    """What a task runner is to run.

    Attributes:
        argv: program and arguments.
        cwd: the folder it runs in; holds the input files, and receives the output files.
        env: environment variables beside the runner's own.
        container_image: the image, for runners that use one.
        on_line: called with (is_stderr, line) for each line of output, as it comes.
    """

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    container_image: str | None = None
    on_line: Callable[[bool, str], None] = lambda _stderr, _line: None


@record
class RunnerResult:
    """How a command ended.

    Attributes:
        exit_code: 0 for success, 128 + n for signal n.
        details: what is worth knowing of the run, such as `{"containerId": "…"}`; the task's output
            `taskRunner`. None for nothing.
    """

    exit_code: int
    details: Mapping[str, Any] | None = None


class TaskRunner(TypedModel):
    """Runs a command somewhere: subclass it and write `run`."""

    version: Text | None = None
    """Accepted for compatibility; the plugin's installed version runs."""
    plugin_defaults_ref: Text | None = None
    """Which of the flow's named plugin defaults apply."""

    is_local: ClassVar[bool] = False
    """Whether commands run with the programs of this machine, rather than those of an image."""

    @abstractmethod
    def run(self, ctx: RunContext, command: RunnerCommand) -> RunnerResult:
        """Run the command to its end and say how it ended.

        A runner that has no view of this machine's files copies `command.cwd` to where the command
        runs, under the same path, and back afterwards.

        It must end soon after `ctx.on_kill` calls back, with everything it started gone.
        """


AnyTaskRunner = Annotated[
    TaskRunner,
    typed_field("task runner", TaskRunner),
    kind_schema("task runner"),
    PlainSerializer(lambda runner: runner.model_dump(by_alias=True, exclude_unset=True)),
]
"""A task runner of whatever type its `type` names."""
