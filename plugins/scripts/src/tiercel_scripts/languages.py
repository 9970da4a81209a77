"""The languages of script tasks: one row each, from which their task classes are made.

Images and commands are those of Kestra's script plugins. Imported at start-up, so it is light.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["LANGUAGES", "Language"]

_SHELL = ("/bin/sh", "-c")
_POWERSHELL = ("pwsh", "-NoProfile", "-NonInteractive", "-Command")


@dataclass(frozen=True, slots=True)
class Language:
    """How scripts of one language are run.

    Attributes:
        name: as in the task's type, `io.kestra.plugin.scripts.<name>.Script`.
        title: for people.
        image: the container image when a task names none.
        suffix: of the file that holds an inline script; empty when the text itself is the command.
        run: what runs such a file; its path is added.
        programs: what to take on this machine when the program that `run` names is missing.
        sample: a script that prints a greeting, for the docs.
        interpreter: what commands are given to.
        stop_on_error: the command that makes it stop at the first failing command.
        env: environment variables that its programs want.
        setup: commands that run before those of the task.
        has_triggers: whether there are triggers that run it, as Kestra has them.
    """

    name: str
    title: str
    image: str
    suffix: str
    run: str
    sample: str
    programs: tuple[str, ...] = ()
    interpreter: tuple[str, ...] = _SHELL
    stop_on_error: str = "set -e"
    env: Mapping[str, str] = field(default_factory=dict)
    setup: tuple[str, ...] = ()
    has_triggers: bool = False

    def type_of(self, kind: str) -> str:
        """Return the task type for `kind`, `Script` or `Commands`."""
        return f"io.kestra.plugin.scripts.{self.name}.{kind}"

    def class_of(self, kind: str) -> str:
        """Return the name of the class behind that type."""
        return f"{self.name.capitalize()}{kind}"


LANGUAGES = (
    Language(
        "python",
        "Python",
        "python:3.13-slim",
        ".py",
        "python",
        'print("Hello from Python")',
        programs=("python3", sys.executable),
        env={
            "PYTHONUNBUFFERED": "true",
            "PIP_ROOT_USER_ACTION": "ignore",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        },
        has_triggers=True,
    ),
    Language("shell", "shell", "ubuntu", "", "", 'echo "Hello from the shell"', has_triggers=True),
    Language(
        "node",
        "Node.js",
        "node",
        ".js",
        "node",
        'console.log("Hello from Node.js")',
        has_triggers=True,
    ),
    Language("r", "R", "r-base", ".R", "Rscript", 'cat("Hello from R\\n")'),
    Language("julia", "Julia", "julia", ".jl", "julia", 'println("Hello from Julia")'),
    Language(
        "powershell",
        "PowerShell",
        "ghcr.io/kestra-io/powershell:latest",
        ".ps1",
        "&",
        'Write-Output "Hello from PowerShell"',
        interpreter=_POWERSHELL,
        stop_on_error="$ErrorActionPreference = 'Stop'",
    ),
    Language("ruby", "Ruby", "ruby", ".rb", "ruby", 'puts "Hello from Ruby"', has_triggers=True),
    Language(
        "go",
        "Go",
        "golang",
        ".go",
        "go run",
        'package main\n\nimport "fmt"\n\nfunc main() {\n    fmt.Println("Hello from Go")\n}',
        has_triggers=True,
    ),
    Language("perl", "Perl", "perl", ".pl", "perl", 'print "Hello from Perl\\n";'),
    Language("deno", "Deno", "denoland/deno", ".ts", "deno run", 'console.log("Hello from Deno")'),
    Language("bun", "Bun", "oven/bun", ".ts", "bun run", 'console.log("Hello from Bun")'),
    Language("php", "PHP", "php", ".php", "php", '<?php echo "Hello from PHP\\n";'),
    Language("lua", "Lua", "nickblah/lua", ".lua", "lua", 'print("Hello from Lua")'),
    Language(
        "dotnet",
        ".NET",
        "mcr.microsoft.com/dotnet/sdk:10.0",
        ".csx",
        "dotnet-script",
        'Console.WriteLine("Hello from .NET");',
        setup=(
            'export PATH="$PATH:$HOME/.dotnet/tools"',
            "command -v dotnet-script > /dev/null || dotnet tool install -g dotnet-script",
        ),
    ),
    Language("groovy", "Groovy", "groovy", ".groovy", "groovy", 'println "Hello from Groovy"'),
    Language(
        "jbang",
        "JBang",
        "jbangdev/jbang-action",
        ".java",
        "jbang",
        'void main() {\n    System.out.println("Hello from JBang");\n}',
    ),
)
"""Every language that has tasks."""
