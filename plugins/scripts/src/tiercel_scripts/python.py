"""What Python tasks have beside the others: packages, a version of Python, JSON's names."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path
from typing import ClassVar

from tiercel.plugin import Example, Property, Text, scratch_file
from tiercel_scripts.base import ExecTask, Place
from tiercel_scripts.dependencies import Installation, PackageManager, find_python, installed
from tiercel_scripts.kinds import CommandsTask, ScriptTask
from tiercel_scripts.literals import with_json_names

__all__ = ["PythonCommandsTask", "PythonScriptTask", "PythonTask"]

# As Kestra reads it: `python:3.12-slim`, but not `python:latest`.
_OF_IMAGE = re.compile(r"python:([23](?:\.\d+)*)")
_DEFAULT_VERSION = "3.13"


class PythonTask(ExecTask):
    """Runs Python: the properties that only Python tasks have."""

    dependencies: Property[list[Text]] | None = None
    """Packages to install before it runs, as pip names them, such as `requests>=2.28`. They are
    kept for later runs that ask for the same."""
    python_version: Property[str] | None = None
    """The version of Python, such as `3.12`. By default what the image's name says, or the Python
    of this machine."""
    dependency_cache_enabled: Property[bool] = Property.of(True)
    """Keep installed packages, and use those that were kept."""
    package_manager: Property[PackageManager] = Property.of("UV")
    """What installs packages; it is pip also where there is no uv."""
    uv_auto_install_enabled: Property[bool] | None = None
    """Accepted for compatibility: uv is used where it is installed."""
    uv_installer_version: Property[str] | None = None
    """Accepted for compatibility."""
    uv_installer_sha256: Property[str] | None = None
    """Accepted for compatibility."""

    def _env(self, place: Place) -> dict[str, str]:
        """Put the packages on PYTHONPATH and, on this machine, their programs on PATH."""
        env = super()._env(place)
        python = self._chosen_python(place)
        packages = self._packages(place, env, python)
        paths = [str(packages)] if packages else []
        if packages:
            env["PYTHONPATH"] = os.pathsep.join([*paths, *_set(env, "PYTHONPATH")])
        if place.runner.is_local and (packages or python):
            programs = [str(_programs(place, python))] if python else []
            programs += [f"{path}/bin" for path in paths]
            inherited = _set(env, "PATH") or _set(os.environ, "PATH")
            env["PATH"] = os.pathsep.join([*programs, *inherited])
        return env

    def _chosen_python(self, place: Place) -> str | None:
        """Return the Python of this machine that the author wants, or None for any."""
        if not place.runner.is_local or self.python_version is None:
            return None
        version = place.render(self.python_version)
        return find_python(place.ctx, version, place.render(self.package_manager))

    def _packages(self, place: Place, env: dict[str, str], python: str | None) -> Path | None:
        requirements = place.render(self.dependencies) if self.dependencies else []
        if not requirements:
            return None
        local = place.runner.is_local
        wanted = Installation(
            requirements,
            place.render(self.package_manager),
            env,
            python=(python or self.local_program()) if local else None,
            version=None if local else self._version(place),
        )
        cached = place.render(self.dependency_cache_enabled)
        folder = installed(place.ctx, wanted, cached=cached)
        if local or folder.is_relative_to(place.ctx.working_dir):
            return folder
        # What a runner takes along is the working folder.
        return Path(shutil.copytree(folder, scratch_file(place.ctx, "-python")))

    def _version(self, place: Place) -> str:
        """Return the version of the Python in the container."""
        if self.python_version is not None:
            return place.render(self.python_version)
        image = self._image(place)
        found = _OF_IMAGE.search(image)
        if found:
            return found[1]
        place.ctx.log(
            "WARN",
            f"Image {image!r} does not tell its version of Python: packages are those for "
            f"{_DEFAULT_VERSION}. Set `pythonVersion` if it is another one",
        )
        return _DEFAULT_VERSION


class PythonScriptTask(PythonTask, ScriptTask):
    """Run a Python script."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Install packages, and hand files and values on.",
            """\
id: prices
namespace: company.team

inputs:
  - id: url
    type: STRING

tasks:
  - id: fetch
    type: io.kestra.plugin.scripts.python.Script
    containerImage: python:3.13-slim
    dependencies:
      - requests
    outputFiles:
      - prices.json
    script: |
      import json
      import requests

      prices = requests.get("{{ inputs.url }}", timeout=30).json()
      with open("prices.json", "w") as file:
          json.dump(prices, file)
      print("::" + json.dumps({"outputs": {"count": len(prices)}}) + "::")

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.fetch.vars.count }} prices"
""",
        ),
    )

    def _source(self, text: str) -> str:
        return with_json_names(text)


class PythonCommandsTask(PythonTask, CommandsTask):
    """Run commands where Python is installed."""


def _set(env: dict[str, str] | os._Environ[str], name: str) -> list[str]:
    return [env[name]] if env.get(name) else []


def _programs(place: Place, python: str) -> Path:
    """Return a new folder in which `python` and `python3` are one of this machine."""
    folder = scratch_file(place.ctx, "-bin")
    folder.mkdir()
    for name in ("python", "python3"):
        # A link would not do: a Python looks around itself for what belongs to it.
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(python)} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    return folder
