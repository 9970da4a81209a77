"""Import rules that import-linter cannot state: what the source says, read from its syntax tree.

The contracts between the core's rooms stand in the root `pyproject.toml`; here are the rules about
purity, about libraries with one home, and about what a plugin may see of the core.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core/src/tiercel"
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))

STDLIB_ONLY = [CORE / "errors.py", *sorted(CORE.glob("_[a-z]*.py"))]
IMPURE_MODULES = {
    "asyncio",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "uuid",
}
IMPURE_CALLS = {"input", "now", "open", "print", "today", "utcnow", "uuid4"}

# Library -> the only places that may import it, as path prefixes from the root.
HOMES = {
    "lark": ["core/src/tiercel/expression/parser.py"],
    # It holds the interpreter's lock while it runs: only in a process of its own.
    "jq": ["core/src/tiercel/expression/jq/worker.py"],
    "pluggy": ["core/src/tiercel/plugin/"],
    "click": ["core/src/tiercel/cli/"],
    "rich": ["core/src/tiercel/cli/"],
    "pygls": ["core/src/tiercel/lsp/"],
    "lsprotocol": ["core/src/tiercel/lsp/"],
    # What records the exchanges of others has to know what they use.
    "httpx": ["plugins/http/", "core/src/tiercel/testing/recorded_http.py"],
    "vcr": ["core/src/tiercel/testing/recorded_http.py"],
    # The storage tasks keep the keys of large files in a scratch database.
    "sqlite3": ["plugins/sql/", "plugins/jdbc/", "plugins/storage/src/tiercel_storage/items.py"],
    "psycopg": ["plugins/sql/", "plugins/jdbc/"],
    "sqlalchemy": [],
    "docker": ["plugins/docker/"],
    "duckdb": ["plugins/duckdb/"],
    # Converters of files, each with a library of its own.
    "fastavro": ["plugins/serdes/"],
    "openpyxl": ["plugins/serdes/"],
    "pyarrow": ["plugins/serdes/"],
    "boto3": ["plugins/aws/"],
    "botocore": ["plugins/aws/"],
    "google": ["plugins/gcp/"],
    "azure": ["plugins/azure/"],
    "asyncssh": ["plugins/fs/"],
    "dulwich": ["plugins/git/"],
    "smart_open": ["plugins/aws/", "plugins/azure/", "plugins/gcp/"],
    # Plugins may read identifiers; the core makes its own in one place.
    "uuid": ["core/src/tiercel/_ids.py", "core/src/tiercel/expression/", "plugins/"],
}


def is_module(package: str, name: str) -> bool:
    """Return whether a package of the core has a module of that name."""
    return (CORE.parent / package.replace(".", "/") / f"{name}.py").is_file()


def modules_imported(path: Path) -> set[str]:
    """Return the absolute names of all modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                found.update(name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                found.add(module)
                found.update(f"{module}.{n.name}" for n in names if is_module(module, n.name))
    return found


def names_called(path: Path) -> set[str]:
    """Return the last name of everything that a file calls: `now` for `datetime.now()`."""
    called = (
        node.func
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    )
    return {
        func.attr if isinstance(func, ast.Attribute) else func.id
        for func in called
        if isinstance(func, ast.Attribute | ast.Name)
    }


def top_level(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


# The state machine: what decides the next state of an execution.
PURE = sorted((CORE / "engine/machine").glob("*.py"))


@pytest.mark.parametrize("path", STDLIB_ONLY, ids=lambda path: path.stem)
def test_the_lowest_modules_need_the_standard_library_only(path: Path) -> None:
    assert top_level(modules_imported(path)) <= sys.stdlib_module_names | {"tiercel"}


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.stem)
def test_the_state_machine_imports_nothing_that_touches_the_world(path: Path) -> None:
    assert top_level(modules_imported(path)).isdisjoint(IMPURE_MODULES)


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.stem)
def test_the_state_machine_calls_nothing_that_touches_the_world(path: Path) -> None:
    assert names_called(path).isdisjoint(IMPURE_CALLS)


@pytest.mark.parametrize("library", HOMES)
def test_a_heavy_library_has_one_home(library: str) -> None:
    sources = [*ROOT.glob("core/src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")]
    importers = (p for p in sources if library in top_level(modules_imported(p)))
    strays = [
        path
        for path in (p.relative_to(ROOT).as_posix() for p in importers)
        if not path.startswith(tuple(HOMES[library]))
    ]
    assert strays == []


def needed_plugins(plugin: Path) -> set[str]:
    """Return the packages of other plugins that a plugin's metadata depends on."""
    project = tomllib.loads((plugin / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[\[<>=~! ]", each)[0] for each in project["dependencies"]}
    others = names & {f"tiercel-{each.name}" for each in PLUGINS}
    return {name.replace("-", "_") for name in others}


def foreign_imports(plugin: Path, folder: str, allowed: set[str]) -> dict[str, set[str]]:
    """Return what the files of a plugin's folder import of Tiercel beyond the allowed modules."""
    own = {f"tiercel_{plugin.name}", *needed_plugins(plugin)}
    strays = {
        path.relative_to(ROOT).as_posix(): {
            module
            for module in modules_imported(path)
            if module.startswith("tiercel")
            and module.partition(".")[0] not in own
            and module not in allowed
        }
        for path in plugin.glob(f"{folder}/**/*.py")
    }
    return {path: modules for path, modules in strays.items() if modules}


DOORS = {"tiercel.plugin", "tiercel.plugin.ion", "tiercel.plugin.spi"}


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_enters_the_core_by_the_public_doors_only(plugin: Path) -> None:
    # The web server serves a Tiercel that it is handed, so it may name that class.
    allowed = DOORS | {"tiercel"} if plugin.name == "webserver" else DOORS
    assert foreign_imports(plugin, "src", allowed) == {}


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_the_tests_of_a_plugin_need_the_public_doors_and_the_test_kit_only(plugin: Path) -> None:
    assert foreign_imports(plugin, "tests", DOORS | {"tiercel", "tiercel.testing"}) == {}
