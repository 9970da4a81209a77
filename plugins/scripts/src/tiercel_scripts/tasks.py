"""`Script` and `Commands` tasks: one implementation, a pair of classes for every language.

The classes (`PythonScript`, `ShellCommands`, …) are made from the table in `languages` when they
are first asked for. What a task does: put files into the working folder, hand a command line to a
task runner, listen to what it prints, store the files it leaves. Behaviour: golden area
`flows/script`, properties: `io.kestra.plugin.scripts.exec.AbstractExecScript`.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, create_model

from tiercel.plugin import (
    AnyTaskRunner,
    Example,
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
    store_file,
    store_output_files,
    write_input_files,
)
from tiercel_scripts.languages import LANGUAGES, Language
from tiercel_scripts.process import Process
from tiercel_scripts.protocol import Transcript

__all__ = ["CommandsTask", "ExecTask", "ScriptOutput", "ScriptTask"]

_DOCKER = "io.kestra.plugin.scripts.runner.docker.Docker"
_PROCESS = "io.kestra.plugin.core.runner.Process"
_SHELLS = {"sh", "ash", "bash", "busybox", "dash", "ksh", "mksh", "zsh"}
# Linux takes no single argument of 128 KiB or more.
_LONGEST_ARGUMENT = 100_000


class ScriptOutput(Output):
    """What a script leaves behind."""

    vars: dict[str, Any] = Field(default_factory=dict)
    """Outputs that the script printed as `::{"outputs": {…}}::`, by name."""
    exit_code: int = 0
    """The exit code of the last command."""
    output_files: dict[str, str] = Field(default_factory=dict)
    """Stored files: path in the working folder → URI."""
    task_runner: Mapping[str, Any] | None = None
    """What the task runner says of the run."""

    _warned: bool = PrivateAttr(default=False)

    def state(self) -> State | None:
        """Return WARNING when the author asked for it and something came on standard error."""
        return State.WARNING if self._warned else None


class ExecTask(Task[ScriptOutput]):
    """What all script tasks have in common."""

    language: ClassVar[Language]

    task_runner: AnyTaskRunner | None = None
    """Where the commands run. By default in a container; as processes of this machine when no
    container plugin is installed."""
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
    warning_on_std_err: Property[bool] | None = Field(default=None, deprecated=True)
    """End in WARNING when anything came on standard error."""
    output_directory: Property[bool] | None = Field(default=None, deprecated=True)
    """Make a folder `{{ outputDir }}`; all its files are stored. Use `outputFiles` instead."""
    runner: Annotated[
        Literal["PROCESS", "DOCKER"] | None,
        BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
    ] = Field(default=None, deprecated=True)
    """Use `taskRunner` instead."""
    docker: dict[str, Any] | None = Field(default=None, deprecated=True)
    """Use `taskRunner` and `containerImage` instead."""

    _default_runner: TaskRunner | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        """Choose the task runner of a task that names none, while the plugins can be asked."""
        if self.task_runner is None and self._old("runner") != "PROCESS" and context:
            try:
                cls = context["resolve"](_DOCKER, "task runner")
            except UnknownTypeError:
                return
            options = {k: v for k, v in (self._old("docker") or {}).items() if k != "image"}
            self._default_runner = cls.model_validate({**options, "type": _DOCKER})

    def run(self, ctx: RunContext) -> ScriptOutput:
        """Run the commands.

        Raises:
            TaskError: a command failed, or could not be started.
        """
        runner = self._runner(ctx)
        variables = self._variables(ctx)
        if self.namespace_files is not None:
            load_namespace_files(ctx, self.namespace_files)
        write_input_files(ctx, self.input_files, variables)
        transcript = Transcript(ctx)
        env = self._env(ctx, variables)
        with self._commands(ctx, variables, runner) as commands:
            argv = self._argv(ctx, variables, commands, runner)
            image = (self._old("docker") or {}).get("image")
            result = runner.run(
                ctx,
                RunnerCommand(
                    argv=argv,
                    cwd=ctx.working_dir,
                    env=env,
                    container_image=image or ctx.render(self.container_image),
                    on_line=transcript.accept,
                ),
            )
        output = ScriptOutput(
            vars=transcript.variables,
            exit_code=result.exit_code,
            output_files=self._store(ctx, variables),
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
    def _commands(self, ctx: RunContext, variables: Mapping[str, Any], runner: TaskRunner) -> Any:
        """Return a context manager that gives the task's own commands, ready to run."""

    def _old(self, name: str) -> Any:
        """Return a deprecated property without the warning that reading it gives."""
        return self.__dict__.get(name)

    def _runner(self, ctx: RunContext) -> TaskRunner:
        runner = self.task_runner or self._default_runner
        if runner is None:
            runner = Process(type=_PROCESS)
            if self._old("runner") != "PROCESS":
                ctx.log(
                    "WARN",
                    "No container plugin is installed: the script runs as a process of this "
                    f"machine. Set `taskRunner.type` to {_PROCESS} if that is what you want",
                )
        return runner

    def _variables(self, ctx: RunContext) -> dict[str, Any]:
        variables = {"workingDir": str(ctx.working_dir)}
        wanted = self._old("output_directory")
        # Old flows that name a `runner` expect the output folder without asking for it.
        if ctx.render(wanted) if wanted is not None else self._old("runner") is not None:
            folder = ctx.working_dir / f"output-{secrets.token_hex(8)}"
            folder.mkdir()
            variables["outputDir"] = str(folder)
        return variables

    def _env(self, ctx: RunContext, variables: Mapping[str, Any]) -> dict[str, str]:
        env = {**self.language.env, "WORKING_DIR": variables["workingDir"]}
        if "outputDir" in variables:
            env["OUTPUT_DIR"] = variables["outputDir"]
        return env | (render_with(ctx, self.env, variables) if self.env else {})

    def _argv(
        self,
        ctx: RunContext,
        variables: Mapping[str, Any],
        commands: list[str],
        runner: TaskRunner,
    ) -> list[str]:
        interpreter = ctx.render(self.interpreter) or list(self.language.interpreter)
        before = render_with(ctx, self.before_commands, variables) if self.before_commands else []
        lines = [
            *self._stop_on_error(ctx, interpreter),
            *(localize(ctx, text) for text in before),
            *commands,
        ]
        target = ctx.render(self.target_os)
        windows = target == "WINDOWS" or (target == "AUTO" and runner.is_local and os.name == "nt")
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

    def _store(self, ctx: RunContext, variables: Mapping[str, Any]) -> dict[str, str]:
        stored: dict[str, str] = {}
        if "outputDir" in variables:
            folder = Path(variables["outputDir"])
            files = (path for path in sorted(folder.rglob("*")) if path.is_file())
            stored = {path.relative_to(folder).as_posix(): store_file(ctx, path) for path in files}
        if self.output_files is not None:
            patterns = render_with(ctx, self.output_files, variables)
            stored |= store_output_files(ctx, patterns)
        return stored


class CommandsTask(ExecTask):
    """Run commands."""

    commands: Property[list[Text]]
    """The commands, one after the other."""

    @contextmanager
    def _commands(
        self, ctx: RunContext, variables: Mapping[str, Any], runner: TaskRunner
    ) -> Iterator[list[str]]:
        yield [localize(ctx, text) for text in render_with(ctx, self.commands, variables)]


class ScriptTask(ExecTask):
    """Run an inline script."""

    script: Property[str]
    """The script's text."""

    @contextmanager
    def _commands(
        self, ctx: RunContext, variables: Mapping[str, Any], runner: TaskRunner
    ) -> Iterator[list[str]]:
        text = localize(ctx, render_with(ctx, self.script, variables))
        if not self.language.suffix:
            yield [text]
            return
        # Beside the input files, so that the script can import them by name.
        path = ctx.working_dir / f"{secrets.token_hex(8)}{self.language.suffix}"
        path.write_text(text, encoding="utf-8")
        try:
            yield [f"{self._program(runner)} {shlex.quote(str(path))}"]
        finally:
            path.unlink(missing_ok=True)

    def _program(self, runner: TaskRunner) -> str:
        program, *options = self.language.run.split()
        if runner.is_local and not shutil.which(program):
            found = (name for name in self.language.programs if shutil.which(name))
            program = next(found, program)
        return " ".join([program, *options])


def __getattr__(name: str) -> Any:
    for language in LANGUAGES:
        for base, kind in ((ScriptTask, "Script"), (CommandsTask, "Commands")):
            if name == language.class_of(kind):
                globals()[name] = cls = _make(language, base, kind)
                return cls
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _make(language: Language, base: type[ExecTask], kind: str) -> type[ExecTask]:
    if kind == "Script":
        what = f"Run a {language.title} script."
    else:
        what = f"Run commands where {language.title} is installed."
    fields: dict[str, Any] = {
        "container_image": (Property[str], Property.of(language.image)),
        "interpreter": (Property[list[Text]], Property.of(list(language.interpreter))),
    }
    cls = create_model(
        language.class_of(kind), __base__=base, __doc__=what, __module__=__name__, **fields
    )
    cls.language = language
    cls.examples = (_example(language, kind),)
    return cls


def _example(language: Language, kind: str) -> Example:
    if kind == "Script":
        body = ["script: |", *(f"  {line}".rstrip() for line in language.sample.split("\n"))]
    else:
        body = ["commands:", '  - echo "Hello"']
    lines = [
        f"id: {language.name}",
        "namespace: company.team",
        "",
        "tasks:",
        "  - id: hello",
        f"    type: {language.type_of(kind)}",
        "    taskRunner:",
        f"      type: {_PROCESS}",
        *(f"    {line}".rstrip() for line in body),
    ]
    return Example(f"Print a greeting with {language.title}.", "\n".join(lines) + "\n")
