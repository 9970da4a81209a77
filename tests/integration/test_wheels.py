"""What a user installs: wheels, in an environment that knows nothing of this workspace."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from products_api import server

sys.path.insert(0, str(Path(__file__).parent))

from wheelhouse import MEMBERS, build_wheels, install, output_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One wheel for each distribution of the workspace."""
    return build_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def scripts(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a new environment with all wheels installed, and nothing else."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment)
    install(environment / "bin/python", wheels)
    return environment / "bin"


def test_the_command_comes_from_the_wheel(scripts: Path) -> None:
    where = output_of(scripts / "python", "-c", "import tiercel; print(tiercel.__file__)")
    assert where.startswith(str(scripts.parent))


def test_the_wheels_bring_every_plugin_of_the_workspace(scripts: Path) -> None:
    program = "from tiercel import Registry; print(*(p.package for p in Registry().plugins()))"
    found = output_of(scripts / "python", "-c", program).split()
    assert found == [f"tiercel-{path.name}" for path in MEMBERS[2:]]


def test_the_wheels_run_the_getting_started_flow(scripts: Path, tmp_path: Path) -> None:
    flow = "examples/flows/getting_started.yaml"
    with server.serving() as url:
        said = output_of(
            *(scripts / "tiercel", "run", flow, "--input", f"api_url={url}/products"),
            TIERCEL_HOME=str(tmp_path),
        )
    assert "SUCCESS" in said.splitlines()[-1]


# Rooms for those who ask for them: the test kit needs pytest, the language server an extra.
IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not module.name.startswith(("tiercel.testing.", "tiercel.lsp.")):
        importlib.import_module(module.name)
        print(module.name)
"""


@pytest.mark.parametrize("package", [path.name for path in MEMBERS[1:]])
def test_a_package_declares_all_that_its_modules_import(
    wheels: list[Path], tmp_path: Path, package: str
) -> None:
    venv.create(tmp_path)
    install(tmp_path / "bin/python", named(wheels, "core", package))
    module = "tiercel" if package == "core" else f"tiercel_{package}"
    assert module in output_of(tmp_path / "bin/python", "-c", IMPORT_ALL, module)


@pytest.fixture(scope="module")
def bare(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment with the core and one plugin."""
    environment = tmp_path_factory.mktemp("bare")
    venv.create(environment)
    install(environment / "bin/python", named(wheels, "core", "log"))
    return environment / "bin"


def named(wheels: list[Path], *names: str) -> list[Path]:
    return [each for each in wheels if each.name.startswith(tuple(f"tiercel_{n}-" for n in names))]


def said_in(bare: Path, folder: Path, *arguments: str | Path, **env: str) -> str:
    """Return what a command says that ends with an error."""
    done = subprocess.run(
        list(map(str, [bare / "tiercel", *arguments])),
        env={**os.environ, "TIERCEL_HOME": str(folder / "home"), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode not in (0, None), done.stdout
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


FLOW = """\
id: bare
namespace: company.team
tasks:
  - {id: t, type: TYPE, message: "MESSAGE"}
"""


@pytest.mark.parametrize(
    ("arguments", "package"),
    [
        (["lsp"], "'tiercel-core[lsp]'"),
        (["run", "flow.yaml"], "`pip install tiercel-sql`"),
        (["executions", "list"], "`pip install tiercel-sql`"),
        (["plugins", "show", "io.kestra.plugin.core.flow.If"], "`pip install tiercel-flow`"),
        (["check", "http.yaml"], "`pip install tiercel-http`"),
        (["test", "sealed.test.yaml"], "'tiercel-core[crypto]'"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_is_not_installed_is_told_by_its_package(
    arguments: list[str], package: str, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = FLOW.replace("TYPE", "io.kestra.plugin.core.log.Log")
    Path("flow.yaml").write_text(log)
    Path("sealed.yaml").write_text(log.replace("MESSAGE", "{{ encrypt('eA==', 'x') }}"))
    Path("http.yaml").write_text(FLOW.replace("TYPE", "io.kestra.plugin.core.http.Request"))
    Path("sealed.test.yaml").write_text(
        "{id: s, namespace: company.team, flowId: bare, flow: sealed.yaml, testCases: [{id: one, "
        "assertions: [{value: '{{ execution.state }}', equalTo: SUCCESS}]}]}"
    )
    assert package in said_in(bare, tmp_path, *arguments)


def test_the_language_server_comes_with_its_extra(wheels: list[Path], tmp_path: Path) -> None:
    venv.create(tmp_path)
    (core,) = named(wheels, "core")
    install(tmp_path / "bin/python", wheels, f"{core}[lsp]")
    output_of(tmp_path / "bin/python", "-c", "import tiercel.lsp.server")
