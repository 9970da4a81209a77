"""What all script tasks have in common: `ExecTask`.

What a task does: put files into the working folder, hand a command line to a task runner, listen to
what it prints, store the files it leaves. Behaviour: golden area `flows/script`, properties:
`io.kestra.plugin.scripts.exec.AbstractExecScript`.
"""

from __future__ import annotations

import os
import shutil
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BeforeValidator, Field, PrivateAttr

from tiercel.plugin import (
    AnyTaskRunner,
    ContainerOptions,
    Mirrors,
    NamespaceFiles,
    Output,
    Property,
    RunContext,
    RunnerCommand,
    State,
    Task,
    TaskError,
    TaskRunner,
    Text,
    UnknownTypeError,
    load_namespace_files,
    localize,
    render_with,
    scratch_file,
    store_output_files,
    write_input_files,
)
from tiercel_scripts.languages import Language
from tiercel_scripts.process import PROCESS, Process
from tiercel_scripts.protocol import Transcript

__all__ = ["DockerOptions", "ExecTask", "Place", "ScriptOutput"]

_DOCKER = "io.kestra.plugin.scripts.runner.docker.Docker"
_DEFAULT_RUNNER = "TIERCEL_TASK_RUNNER"
_SHELLS = {"sh", "ash", "bash", "busybox", "dash", "ksh", "mksh", "zsh"}
# Linux takes no single argument of 128 KiB or more.
_LONGEST_ARGUMENT = 100_000
_GLOB = frozenset("*?[{")
T = TypeVar("T")


class ScriptOutput(Output):
    """What a script leaves behind."""

    vars: dict[str, Any] = Field(default_factory=dict)
    """Outputs that the script printed as `::{"outputs": {…}}::`, by name."""
    exit_code: int = 0
    """The exit code of the last command."""
    output_files: Annotated[dict[str, str], Mirrors("outputFiles")] = Field(default_factory=dict)
    """Stored files: path in the working folder → URI."""
    task_runner: Mapping[str, Any] | None = None
    """What the task runner says of the run: the container's id, say."""

    _warned: bool = PrivateAttr(default=False)

    def state(self) -> State | None:
        """Return WARNING when the author asked for it and something came on standard error."""
        return State.WARNING if self._warned else None


class DockerOptions(ContainerOptions):
    """Options of the container, as flows gave them before there were task runners."""

    image: Property[str]
    """The image; `containerImage` in the task is the same."""
    entry_point: Property[list[Text]] | None = None
    """The image's entry point is replaced by this one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one attempt of a task runs, and what its expressions see there.

    Attributes:
        ctx: what the task was given.
        runner: what runs the commands.
        variables: seen beside the execution's own: `workingDir`, `outputDir`, `outputFiles`.
    """

    ctx: RunContext
    runner: TaskRunner
    variables: dict[str, Any]

    def render(self, value: Property[T]) -> T:
        """Return a property's value."""
        return render_with(self.ctx, value, self.variables)

    def texts(self, value: Property[list[str]] | None) -> list[str]:
        """Return texts in which the URI of each stored file is the path of a local copy."""
        return [localize(self.ctx, text) for text in self.render(value)] if value else []


class ExecTask(Task[ScriptOutput]):
    """Runs commands: what all script tasks have in common."""

    language: ClassVar[Language]
    extra_variables: ClassVar[Mapping[str, str]] = {
        "outputDir": "The folder whose files are stored afterwards, with `outputDirectory`.",
        "outputFiles": "The path of each output file in the working folder, by its name.",
    }

    task_runner: AnyTaskRunner | None = None
    """Where the commands run. By default in a container when `tiercel-docker` is installed, and
    otherwise as processes of this machine; the environment variable `TIERCEL_TASK_RUNNER`
    (`docker`, `process`, a runner's type) says otherwise."""
    container_image: Property[str]
    """The image to run in, for task runners that use containers."""
    interpreter: Property[list[Text]]
    """The program that the commands are given to, with its options."""
    before_commands: Property[list[Text]] | None = None
    """Commands that run first, to prepare the environment."""
    env: Property[dict[str, Text]] | None = None
    """Environment variables."""
    input_files: Property[Any] | None = None
    """Files to put into the working folder: name → content, or URI of a stored file."""
    output_files: Property[list[Text]] | None = None
    """Glob patterns of files in the working folder that are stored afterwards."""
    namespace_files: NamespaceFiles | None = None
    """Namespace files to put into the working folder."""
    fail_fast: Property[bool] = Property.of(True)
    """Stop at the first command that fails; otherwise the last command's exit code counts."""
    target_os: Property[Literal["LINUX", "WINDOWS", "AUTO"]] = Field(
        default=Property.of("AUTO"), alias="targetOS"
    )
    """The operating system that the commands are written for."""
    warning_on_std_err: Property[bool] | None = Field(default=None, deprecated="leave it out")
    """End in WARNING when anything came on standard error."""
    output_directory: Property[bool] | None = Field(default=None, deprecated="write `outputFiles`")
    """Make a folder `{{ outputDir }}`; all its files are stored. Use `outputFiles` instead."""
    runner: Annotated[
        Literal["PROCESS", "DOCKER"] | None,
        BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
    ] = Field(default=None, deprecated="write `taskRunner`")
    """Use `taskRunner` instead."""
    docker: DockerOptions | None = Field(
        default=None, deprecated="write `taskRunner` and `containerImage`"
    )
    """Use `taskRunner` and `containerImage` instead."""

    _default_runner: TaskRunner | None = PrivateAttr(default=None)
    _missing: str = PrivateAttr(default="")

    def model_post_init(self, context: Any, /) -> None:
        """Choose the task runner of a task that names none, while the plugins can be asked."""
        if self.task_runner is not None or not context:
            return
        kind = self._kind_of_runner()
        try:
            cls = context["resolve"](kind, "task runner")
        except UnknownTypeError as error:
            self._missing = str(error)
            return
        given = self._old("docker")
        options = given.model_dump(by_alias=True, exclude_unset=True) if given else {}
        options.pop("image", None)
        self._default_runner = cls.model_validate(
            {**(options if kind == _DOCKER else {}), "type": kind}, context=context
        )

    def run(self, ctx: RunContext) -> ScriptOutput:
        """Run the commands.

        Raises:
            TaskError: a command failed, or could not be started.
        """
        place = Place(ctx, self._runner(ctx), {"workingDir": str(ctx.working_dir)})
        self._make_output_folder(place)
        patterns = place.render(self.output_files) if self.output_files else []
        place.variables["outputFiles"] = {
            name: str(ctx.working_dir / name) for name in patterns if not _GLOB & set(name)
        }
        if self.namespace_files is not None:
            load_namespace_files(ctx, self.namespace_files)
        write_input_files(ctx, self.input_files, place.variables)
        transcript = Transcript(ctx)
        env = self._env(place)
        with self._commands(place) as commands:
            command = RunnerCommand(
                argv=self._argv(place, commands),
                cwd=ctx.working_dir,
                env=env,
                container_image=self._image(place),
                on_line=transcript.accept,
            )
            result = place.runner.run(ctx, command)
        output = ScriptOutput(
            vars=transcript.variables,
            exit_code=result.exit_code,
            output_files=self._store(place, patterns),
            task_runner=result.details,
        )
        if result.exit_code != 0:
            raise TaskError(
                f"Command failed with exit code {result.exit_code}",
                outputs=output.model_dump(by_alias=True, exclude_none=True),
            )
        warning = self._old("warning_on_std_err")
        output._warned = bool(warning and ctx.render(warning) and transcript.error_lines)
        return output

    @abstractmethod
    def _commands(self, place: Place) -> AbstractContextManager[list[str]]:
        """Return a context manager that gives the task's own commands, ready to run."""

    def local_program(self) -> str:
        """Return the language's program as this machine has it."""
        program = self.language.run.split()[0]
        candidates = (program, *self.language.programs)
        return next(filter(shutil.which, candidates), program)

    def _old(self, name: str) -> Any:
        """Return a deprecated property without the warning that reading it gives."""
        return self.__dict__.get(name)

    def _kind_of_runner(self) -> str:
        old = self._old("runner") or os.environ.get(_DEFAULT_RUNNER) or "docker"
        return {"docker": _DOCKER, "process": PROCESS}.get(old.lower(), old)

    def _runner(self, ctx: RunContext) -> TaskRunner:
        runner = self.task_runner or self._default_runner
        if runner is None and os.environ.get(_DEFAULT_RUNNER) and self._missing:
            raise TaskError(
                f"The default task runner, {_DEFAULT_RUNNER}, cannot be used: {self._missing}",
                retryable=False,
            )
        if runner is None:
            runner = Process(type=PROCESS)
            if self._old("runner") != "PROCESS":
                ctx.log(
                    "WARN",
                    "No container plugin is installed (tiercel-docker is one): the script runs as "
                    f"a process of this machine. Set `taskRunner.type` to {PROCESS} if that is "
                    "what you want",
                )
        return runner

    def _make_output_folder(self, place: Place) -> None:
        wanted = self._old("output_directory")
        # Old flows that name a `runner` expect the output folder without asking for it.
        if place.ctx.render(wanted) if wanted is not None else self._old("runner") is not None:
            # The same in every attempt: one may go on in the container of the one before.
            folder = place.ctx.working_dir / f"output-{place.ctx.variables['taskrun']['id']}"
            folder.mkdir(exist_ok=True)
            place.variables["outputDir"] = str(folder)

    def _image(self, place: Place) -> str:
        docker: DockerOptions | None = self._old("docker")
        return place.render(docker.image if docker else self.container_image)

    def _env(self, place: Place) -> dict[str, str]:
        """Return the environment variables of the commands, the author's own among them."""
        env = {**self.language.env, "WORKING_DIR": place.variables["workingDir"]}
        if "outputDir" in place.variables:
            env["OUTPUT_DIR"] = place.variables["outputDir"]
        return env | (place.render(self.env) if self.env else {})

    def _argv(self, place: Place, commands: list[str]) -> list[str]:
        ctx = place.ctx
        interpreter = ctx.render(self.interpreter) or list(self.language.interpreter)
        lines = [
            *self._stop_on_error(ctx, interpreter),
            *place.texts(self.before_commands),
            *commands,
        ]
        target = ctx.render(self.target_os)
        local = place.runner.is_local
        windows = target == "WINDOWS" or (target == "AUTO" and local and os.name == "nt")
        text = ("\r\n" if windows else "\n").join(lines)
        if interpreter[-1] == "-c" and len(text.encode()) > _LONGEST_ARGUMENT:
            path = scratch_file(ctx, ".sh")
            path.write_text(text, encoding="utf-8")
            return [*interpreter[:-1], str(path)]
        return [*interpreter, text]

    def _stop_on_error(self, ctx: RunContext, interpreter: list[str]) -> list[str]:
        known = interpreter == list(self.language.interpreter)
        if known or any(PurePath(word).name in _SHELLS for word in interpreter):
            return [self.language.stop_on_error] if ctx.render(self.fail_fast) else []
        # Another interpreter, Python say, would take `set -e` for an error.
        return []

    def _store(self, place: Place, patterns: list[str]) -> dict[str, str]:
        ctx = place.ctx
        stored: dict[str, str] = {}
        if "outputDir" in place.variables:
            folder = Path(place.variables["outputDir"])
            files = (path for path in sorted(folder.rglob("*")) if path.is_file())
            # Under their own names: Kestra's `ScriptService.uploadOutputFiles`.
            names = {path.relative_to(folder).as_posix(): path for path in files}
            stored = {name: ctx.storage.put(path, name) for name, path in names.items()}
        return stored | (store_output_files(ctx, patterns) if patterns else {})
