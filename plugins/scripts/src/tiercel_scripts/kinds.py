"""The two kinds of script tasks: `CommandsTask` and `ScriptTask`, whatever the language."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from tiercel.plugin import Property, Text, localize
from tiercel_scripts.base import ExecTask, Place

__all__ = ["CommandsTask", "JbangScriptTask", "ScriptTask"]


class CommandsTask(ExecTask):
    """Run commands."""

    commands: Property[list[Text]]
    """The commands, one after the other."""

    @contextmanager
    def _commands(self, place: Place) -> Iterator[list[str]]:
        yield place.texts(self.commands)


class ScriptTask(ExecTask):
    """Run an inline script."""

    script: Property[str]
    """The script's text."""

    @contextmanager
    def _commands(self, place: Place) -> Iterator[list[str]]:
        text = self._source(localize(place.ctx, place.render(self.script)))
        suffix = self._suffix(place)
        if not suffix:
            yield [text]
            return
        # Beside the input files, so that the script can import them by name.
        path = place.ctx.working_dir / f"{secrets.token_hex(8)}{suffix}"
        path.write_text(text, encoding="utf-8")
        try:
            yield [*self.language.setup, f"{self._call(place)} {shlex.quote(str(path))}"]
        finally:
            path.unlink(missing_ok=True)

    def _source(self, text: str) -> str:
        """Return the rendered script as it is written to its file."""
        return text

    def _suffix(self, place: Place) -> str:
        """Return the end of the file's name; empty when the text itself is the command."""
        return self.language.suffix

    def _call(self, place: Place) -> str:
        """Return the command that runs the file, but for the file's path."""
        program, *options = self.language.run.split()
        if place.runner.is_local:
            program = self.local_program()
        return " ".join([program, *options])


class JbangScriptTask(ScriptTask):
    """Run a JBang script."""

    extension: Property[str] = Property.of(".java")
    """What the script is written in: `.java`, `.jsh`, `.kt`, `.groovy` or `.md`."""
    quiet: Property[bool] = Property.of(True)
    """Log nothing of JBang's own but errors."""

    def _suffix(self, place: Place) -> str:
        return place.render(self.extension)

    def _call(self, place: Place) -> str:
        call = super()._call(place)
        return f"{call} --quiet" if place.render(self.quiet) else call
