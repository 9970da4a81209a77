"""What tests of the command line share: `tiercel` as users start it, and plugins of strangers."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Servers that a plugin's own tests start are started here, too.
for plugin in ("aws", "azure", "gcp"):
    sys.path.append(str(Path(__file__).parents[2] / f"plugins/{plugin}/tests"))

TIERCEL = str(Path(sys.executable).with_name("tiercel"))


class CommandLine:
    """`tiercel` on a home folder of its own, in a working folder of its own.

    Attributes:
        folder: where it runs; `file` writes there.
        env: its environment.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            **{key: value for key, value in os.environ.items() if "SECRET_" not in key},
            "TIERCEL_HOME": str(folder / "home"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "COLUMNS": "100",
        }

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [TIERCEL, *arguments],
            cwd=self.folder,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Begin a command and return at once."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(
            [TIERCEL, *arguments], cwd=self.folder, env=self.env, text=True, **pipes
        )

    def file(self, name: str, text: str) -> str:
        """Write a file in the working folder and return its name."""
        (self.folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
        return name

    def plugin(self, name: str, hooks: str) -> None:
        """Install a plugin of a stranger: a package `name` whose hook module has this text."""
        site = self.folder / "site"
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (site / f"{name}.py").write_text(textwrap.dedent(hooks), encoding="utf-8")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[tiercel]\n{name} = {name}\n")
        self.env["PYTHONPATH"] = str(site)

    def wait_for(self, condition: Callable[[], Any], what: str) -> None:
        """Return when a condition of the outside world holds."""
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not happen"
            time.sleep(0.02)


@pytest.fixture
def tiercel(tmp_path: Path) -> CommandLine:
    """`tiercel` on an empty home folder."""
    return CommandLine(tmp_path)
