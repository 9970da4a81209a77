"""`tiercel plugins new`: the project of a plugin, made from the files of `testing/template`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

    from tiercel.plugin.registry import Registry

__all__ = ["new"]

# Of distributions (PEP 508); how they are compared is PEP 503.
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.I | re.ASCII)


@click.command()
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    metavar="DIR",
    help="Where the project's folder is made  [default: the current folder]",
)
def new(name: str, into: Path) -> None:
    """Write the project of a new plugin, complete: task, tests, docs, CI.

    NAME is that of the package to be published; its folder is called the same.
    Nothing that exists is touched.

    \b
    Example:
      tiercel plugins new acme-words
    """
    distribution = _distribution(name)
    names = _names(distribution)
    project = into / distribution
    try:
        project.mkdir(parents=True)
    except FileExistsError:
        raise click.ClickException(
            f"{str(project)!r} exists already; nothing was written"
        ) from None
    for path, text in _files(names):
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    _write_docs(project, names)
    _tell(project)


def _distribution(name: str) -> str:
    """Return the name of a distribution as package indexes write it.

    Raises:
        click.BadParameter: it is none, or its module would not be importable.
    """
    if not _NAME.fullmatch(name):
        raise _bad(f"{name!r} is no name of a package: letters, digits and '-', as in 'acme-words'")
    distribution = re.sub(r"[-_.]+", "-", name).lower()
    module = distribution.replace("-", "_")
    from importlib.util import find_spec
    from keyword import iskeyword

    if not module.isidentifier():
        raise _bad(f"the module of {name!r} would begin with a digit: {module!r}")
    if iskeyword(module):
        raise _bad(f"{module!r} is a word of Python, so no module can be called that")
    if find_spec(module) is not None:
        raise _bad(f"a module {module!r} exists already, and yours would hide it")
    if _is_installed(distribution):
        raise _bad(f"a package {distribution!r} is installed already, and yours would replace it")
    return distribution


def _is_installed(distribution: str) -> bool:
    from importlib import metadata

    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _bad(reason: str) -> click.BadParameter:
    return click.BadParameter(reason, param_hint="'NAME'")


def _names(distribution: str) -> dict[str, str]:
    """Return what the template's placeholders stand for."""
    from importlib.metadata import version

    major, minor = version("tiercel-core").split(".")[:2]
    # Before 1.0 a minor version may change what plugins see.
    until = f"0.{int(minor) + 1}" if major == "0" else str(int(major) + 1)
    return {
        "distribution": distribution,
        "package": distribution.replace("-", "_"),
        # Parts of a type's name are names themselves, so none begins with a digit.
        "prefix": re.sub(r"-(?=[a-z])", ".", distribution).replace("-", "_"),
        "core": f">={major}.{minor},<{until}",
    }


def _files(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each file of a project."""
    from importlib.resources import files
    from string import Template

    class Text(Template):
        delimiter = "%"  # `$` and `{{` are words of workflows

    for path, file in _walk(files("tiercel.testing") / "template"):
        text = file.read_text(encoding="utf-8")
        yield path.replace("PACKAGE", names["package"]), Text(text).substitute(names)


def _walk(folder: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        # Hidden files are not always packed, and not always noticed.
        name = re.sub(r"^dot\.", ".", each.name)
        if each.is_dir():
            yield from _walk(each, f"{above}{name}/")
        elif name.endswith(".template"):
            yield above + name.removesuffix(".template"), each


def _write_docs(project: Path, names: dict[str, str]) -> None:
    """Write the pages of the project's types, made from their classes."""
    from tiercel.cli.plugin_pages import only_pages, write_pages

    before = set(sys.modules)
    source = str((project / "src").resolve())
    sys.path.insert(0, source)
    try:
        write_pages(project / "docs", only_pages(_registry(names), names["distribution"]))
    finally:
        sys.path.remove(source)
        for module in set(sys.modules) - before:
            if module.partition(".")[0] == names["package"]:
                del sys.modules[module]


def _registry(names: dict[str, str]) -> Registry:
    from importlib import import_module

    from tiercel.plugin.registry import Plugin, Registry

    hooks = f"{names['package']}.hooks"
    plugin = Plugin(names["distribution"], hooks, names["distribution"], "0.1.0")
    return Registry([(plugin, lambda: import_module(hooks))])


def _tell(project: Path) -> None:
    click.echo(f"A new plugin is in {project}. Install it, so that flows find it, and try it:\n")
    for command in (
        f"cd {project}",
        "python -m venv .venv && . .venv/bin/activate",
        "pip install --upgrade pip && pip install --group dev --editable .",
        "pytest",
        "tiercel run examples/count.yaml",
    ):
        click.echo(f"    {command}")
    click.echo(f"\nThen make {project / 'src'} your own; README.md tells of checks and publishing.")
