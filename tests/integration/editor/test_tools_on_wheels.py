"""The tools for authors as users have them: from wheels, in an environment of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "lsp"))

from client import CURSOR, editor
from language_server import LanguageServer, install_server
from wheelhouse import ROOT, build_wheels, install, output_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SARIF = "@microsoft/jest-sarif@1.0.0-beta.0"
"""A package that has the JSON Schema of SARIF 2.1.0 in it."""
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm brings what is needed")
WRONG = """\
id: wrong
namespace: company.team
tasks:
  - id: api
    type: io.kestra.plugin.core.http.Request
    uri: http://x.test
  - id: tell
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.api.bdy }}"
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One wheel for each distribution of the workspace."""
    return build_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def scripts(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a new environment with all wheels, and the language server's extra."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment)
    install(environment / "bin/python", wheels, *wheels, "tiercel-core[lsp]")
    return environment / "bin"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment with a home and a cache folder of its own."""
    return {"TIERCEL_HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def types_in(schema: Path) -> set[str]:
    """Return the types of tasks that a schema knows."""
    task = json.loads(schema.read_text(encoding="utf-8"))["definitions"]["task"]
    return {each["$ref"].rpartition("/")[2] for each in task["anyOf"]}


def test_the_schema_is_remembered_until_a_plugin_goes_or_comes(
    scripts: Path, wheels: list[Path], env: dict[str, str], tmp_path: Path
) -> None:
    def export(name: str) -> set[str]:
        output_of(scripts / "tiercel", "schema", "export", "--output", tmp_path / name, **env)
        return types_in(tmp_path / name)

    query = "io.kestra.plugin.jdbc.duckdb.Query"
    uv = Path(sys.executable).with_name("uv")
    (wheel,) = (each for each in wheels if each.name.startswith("tiercel_duckdb-"))
    assert query in export("first.json")
    assert query in export("again.json")
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "again.json").read_bytes()
    output_of(uv, "pip", "uninstall", "--python", scripts / "python", "tiercel-duckdb")
    assert query not in export("without.json")
    output_of(uv, "pip", "install", "--no-deps", "--python", scripts / "python", wheel)
    assert query in export("back.json")


@needs_npm
def test_editors_understand_the_schema(scripts: Path, env: dict[str, str], tmp_path: Path) -> None:
    schema = tmp_path / "flow.json"
    output_of(scripts / "tiercel", "schema", "export", "--output", schema, **env)
    server = LanguageServer(install_server(tmp_path), schema)
    try:
        server.diagnostics("id: f")
        flows = [each for each in sorted((ROOT / "examples/flows").glob("*.yaml"))]
        texts = [each.read_text(encoding="utf-8") for each in flows if ".test." not in each.name]
        assert [each for each in server.diagnostics(*texts) if each] == []
        offered = server.completions(f"{WRONG}    |")
    finally:
        server.close()
    assert "level" in offered


def test_findings_come_as_sarif(scripts: Path, env: dict[str, str], tmp_path: Path) -> None:
    found = sarif_of(scripts, env, tmp_path)
    assert [each["ruleId"] for each in found["runs"][0]["results"]] == ["TC103"]


@needs_npm
def test_the_sarif_is_as_its_standard_says(
    scripts: Path, env: dict[str, str], tmp_path: Path
) -> None:
    packed = subprocess.check_output(["npm", "pack", "--silent", SARIF], cwd=tmp_path, text=True)
    with tarfile.open(tmp_path / packed.split()[-1]) as archive:
        file = archive.extractfile("package/lib/schemas/sarif-2.1.0-rtm.5.json")
        assert file is not None
        standard = json.load(file)
    log = sarif_of(scripts, env, tmp_path)
    assert list(jsonschema.Draft4Validator(standard).iter_errors(log)) == []


def sarif_of(scripts: Path, env: dict[str, str], folder: Path) -> dict[str, list[dict[str, list]]]:
    """Return what the checker says of a flow with a mistake."""
    (folder / "wrong.yaml").write_text(WRONG, encoding="utf-8")
    done = subprocess.run(
        [scripts / "tiercel", "check", "--sarif", folder / "wrong.yaml"],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    return json.loads(done.stdout)


def test_the_language_server_serves_an_editor(
    scripts: Path, env: dict[str, str], tmp_path: Path
) -> None:
    command = [str(scripts / "tiercel"), "lsp"]
    with editor(tmp_path, command, {**os.environ, **env}) as opened:
        opened.open("wrong.yaml", WRONG)
        (found,) = opened.diagnostics("wrong.yaml")
        text = WRONG.replace("bdy", CURSOR)
        place = opened.open("under_work.yaml", text)
        items = opened.ask("textDocument/completion", place)
    assert found["code"] == "TC103"
    listed = items["items"] if isinstance(items, dict) else items
    assert {"body", "code", "headers"} <= {each["label"] for each in listed}


def test_flow_tests_run_and_tell_ci(scripts: Path, env: dict[str, str], tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    output_of(scripts / "tiercel", "test", "examples/flows", "--junit", report, **env)
    root = ElementTree.parse(report).getroot()
    assert root.tag == "testsuites"
    counts = {name: number for name, number in root.items() if name != "time"}
    assert counts == {"tests": "4", "failures": "0", "errors": "0"}
    assert len(root.findall("testsuite/testcase")) == 4
