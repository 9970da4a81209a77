"""Pages of one package's types, and how pages become files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tiercel.cli import exits

if TYPE_CHECKING:
    from tiercel.plugin.registry import Registry
    from tiercel.schema.docs import Pages

__all__ = ["only_pages", "package_pages", "write_pages"]


def package_pages(package: str) -> Pages:
    """Return the pages of a package's types, and its index, without folders.

    Raises:
        Missing: no installed package of this name is a plugin.
    """
    from tiercel.plugin.registry import Registry, installed

    sources = installed()
    own = [(plugin, load) for plugin, load in sources if plugin.package == package]
    if not own:
        known = ", ".join(sorted({plugin.package for plugin, _ in sources})) or "none"
        raise exits.Missing(f"No installed plugin is of the package {package!r}; known: {known}")
    return only_pages(Registry(own), package)


def only_pages(registry: Registry, package: str) -> Pages:
    """Return the pages of a registry whose types are all of one package, without folders."""
    from tiercel.schema.docs import Pages, all_pages

    pages = all_pages(registry)
    folder = f"{package}/"
    texts = {
        path.removeprefix(folder): text
        for path, text in pages.texts.items()
        if path.startswith(folder)
    }
    return Pages(texts, pages.problems)


def write_pages(folder: Path, pages: Pages) -> None:
    """Write pages below a folder, which is made if need be."""
    for path, text in pages.texts.items():
        page = folder / path
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
