"""Plays a page of the documentation: makes its files, runs its commands and its code.

`tests/test_docs_examples.py` tells what each kind of block means.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

__all__ = ["FENCE", "ROOT", "Block", "Page", "blocks"]

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^(?P<mark>```+)(?P<info>[^\n]*)\n(?P<text>.*?)^(?P=mark)$", re.M | re.S)
VARIABLE = re.compile(r"[A-Z_]+=")
TITLE = re.compile(r'title="([^"]+)"')
VARYING = re.compile(r"\b(\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d(\.\d+)?|\d+\.\d+ s|[0-9A-Za-z]{22})\b")
COMMANDS = {
    "tiercel": ["tiercel"],
    "pytest": [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
    "mv": ["mv"],
    "rm": ["rm"],
}
PIP = [
    *(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"),
    *("--no-input", "--no-cache-dir"),
]
OFFLINE = ["--no-index", "--no-deps", "--no-build-isolation"]
SHOWN_ONLY = {"", "text", "toml", "json", "ini", "make"}


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    title: str | None
    text: str
    where: str


def blocks(page: str) -> Iterator[Block]:
    source = (ROOT / page).read_text(encoding="utf-8")
    for match in FENCE.finditer(source):
        line = source.count("\n", 0, match.start()) + 1
        title = TITLE.search(match["info"])
        language = match["info"].strip().split(" ")[0]
        yield Block(language, title and title[1], match["text"], f"{page}:{line}")


def steady(line: str) -> str:
    """Return a line of output without what differs from run to run."""
    return " ".join(VARYING.sub("*", line).split())


class Page:
    """Plays the blocks of one page in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.working = folder
        self.names: dict[str, Any] = {"__name__": "documentation"}
        scripts = Path(sys.executable).parent
        self.env = {
            **os.environ,
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(folder / "site"),
            "TIERCEL_HOME": str(folder / "home"),
            "NO_COLOR": "1",
            "COLUMNS": "100",
        }
        (folder / "examples").symlink_to(ROOT / "examples")

    def play(self, block: Block) -> None:
        """Check one block.

        Raises:
            AssertionError: it does not hold; the message names page and line.
        """
        if block.title and block.language != "console":
            self.file(block)
        match block.language:
            case "yaml":
                self.yaml(block)
            case "python" if not block.title:
                text = "\n" * int(block.where.rpartition(":")[2]) + block.text
                # As readers run it: without this module's own `from __future__ import …`.
                code = compile(text, block.where, "exec", dont_inherit=True)
                exec(code, self.names)
            case "console" if not block.title:
                self.console(block)
            case "console":
                self.elsewhere(block)
            case other:
                assert block.title or other in SHOWN_ONLY, f"{block.where}: what is {other!r}?"

    def file(self, block: Block) -> None:
        assert block.title is not None
        original = ROOT / block.title
        if original.is_file():
            text = original.read_text(encoding="utf-8")
            assert block.text in text, f"{block.where}: not what stands in {block.title}"
            return
        path = self.folder / block.title
        if not path.is_file() or block.text not in path.read_text(encoding="utf-8"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")

    def yaml(self, block: Block) -> None:
        document = yaml.safe_load(block.text)
        is_flow = isinstance(document, dict) and {"id", "namespace", "tasks"} <= document.keys()
        if is_flow and not block.title:
            path = self.folder / "flow.yaml"
            path.write_text(block.text, encoding="utf-8")
            self.run(f"tiercel flow validate {path}", [], block.where)

    def elsewhere(self, block: Block) -> None:
        """Play commands that need more than this environment: a test of their own does."""

    def console(self, block: Block) -> None:
        command, expected = "", list[str]()
        for line in [*block.text.splitlines(), "$ "]:
            if not line.startswith("$ "):
                expected.append(line)
                continue
            if command:
                self.run(command, expected, block.where)
            command, expected = line[2:].strip(), []

    def run(self, command: str, expected: list[str], where: str) -> None:
        words = shlex.split(command)
        given = dict(word.split("=", 1) for word in itertools.takewhile(VARIABLE.match, words))
        program, *arguments = words[len(given) :]
        if program == "cd":
            self.working = self.folder / arguments[0]
            return
        done = subprocess.run(
            self.argv(program, arguments, where),
            cwd=self.working,
            env=self.env | given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=180,
        )
        code = 0
        if expected and (exit_line := re.fullmatch(r"\[exit (\d+)\]", expected[-1])):
            code, expected = int(exit_line[1]), expected[:-1]
        said = f"{where}: $ {command}\n{done.stdout}"
        assert done.returncode == code, f"{said}\nexit {done.returncode}, not {code}"
        rest = map(steady, done.stdout.splitlines())
        for line in expected:
            parts = steady(line).split("…")
            wanted = re.compile(".*".join(map(re.escape, parts)))
            assert any(wanted.search(shown) for shown in rest), f"{said}\ndoes not show: {line}"

    def argv(self, program: str, arguments: list[str], where: str) -> list[str]:
        """Return what is run for a command of the page."""
        if program == "pip":
            return [*PIP, *self.pip(*arguments)]
        assert program in COMMANDS, f"{where}: nobody runs {program!r}"
        return [*COMMANDS[program], *arguments]

    def pip(self, action: str, *arguments: str) -> list[str]:
        """Return what pip is told: to install for this page alone, from what is here."""
        if action != "install":
            return [action, *arguments, *OFFLINE]
        if arguments[0] == "--editable":
            # There is no such thing in a folder of PYTHONPATH: the sources come before it.
            source = self.folder / arguments[1] / "src"
            self.env["PYTHONPATH"] = f"{source}{os.pathsep}{self.env['PYTHONPATH']}"
            arguments = arguments[1:]
        return [action, *arguments, *OFFLINE, "--upgrade", "--target", "site"]
