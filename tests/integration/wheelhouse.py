"""Wheels of this workspace, and new environments that know nothing of it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

__all__ = ["MEMBERS", "ROOT", "STANDARD", "build_wheels", "install", "output_of"]

ROOT = Path(__file__).parents[2]
MEMBERS = [ROOT, ROOT / "core", *sorted(p.parent for p in ROOT.glob("plugins/*/pyproject.toml"))]


def _standard() -> list[Path]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {each.partition("[")[0] for each in project["dependencies"]}
    return [p for p in MEMBERS if p in (ROOT, ROOT / "core") or f"tiercel-{p.name}" in names]


STANDARD = _standard()
"""The folders of what `pip install tiercel` brings."""


def output_of(*argv: str | Path, **env: str) -> str:
    """Run a command in the root folder and return its output; a failure shows all of it."""
    done = subprocess.run(
        list(map(str, argv)),
        cwd=ROOT,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def build_wheels(folder: Path, members: Iterable[Path] = MEMBERS) -> list[Path]:
    """Build a wheel for each of some distributions of the workspace."""
    pip = [sys.executable, "-m", "pip"]
    output_of(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, *members)
    return sorted(folder.glob("*.whl"))


def install(python: Path, wheels: list[Path], *more: str | Path) -> None:
    """Install wheels with the dependencies that they declare, as far as the lock pins them.

    The packages come from the cache that the bootstrap filled, or else from the network.

    Args:
        python: that of the environment.
        wheels: those to install, or with `more` those to choose from.
        more: further arguments of pip; names of packages, for instance.
    """
    uv = Path(sys.executable).with_name("uv")
    # A plugin may be built on another one of ours.
    ours = ["--find-links", wheels[0].parent]
    pinned = ["-c", "requirements.lock", *ours]
    command = [uv, "pip", "install", "--python", python, *pinned, *(more or wheels)]
    try:
        output_of(*command, "--offline")
    except AssertionError:
        output_of(*command)
