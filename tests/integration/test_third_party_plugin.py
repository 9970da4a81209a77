"""A stranger's plugin: built, pip-installed beside Tiercel, and there at once, everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOW = """
id: hello
namespace: company.team
tasks:
  - id: back
    type: com.example.hello.Reverse
    text: "{{ flow.id }}"
outputs:
  - id: back
    type: STRING
    value: "{{ outputs.back.value }}"
"""


def output_of(*argv: str | Path) -> str:
    """Run a command and return what it writes to standard output."""
    return subprocess.run(
        list(map(str, argv)), check=True, stdout=subprocess.PIPE, text=True
    ).stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the plugin's wheel, on top of this one's packages."""
    folder = tmp_path_factory.mktemp("third-party")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    output_of(*build, "-w", folder, ROOT / "examples" / "plugin-hello")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    site = next((folder / "env").glob("lib/python*/site-packages"))
    here = next(path for path in sys.path if path.endswith("site-packages"))
    # `addsitedir` reads the editable installs of this environment, too.
    (site / "outer.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    wheel = next(folder.glob("*.whl"))
    install = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps"]
    output_of(*install, "--no-index", wheel)
    return python


def tiercel(python: Path, *arguments: str | Path) -> str:
    """Run the command line of that environment."""
    start = "from tiercel.cli.main import main; main()"
    return output_of(python, "-c", start, *arguments)


def test_it_is_listed(python: Path) -> None:
    assert "com.example.hello.Reverse" in tiercel(python, "plugins", "list")


def test_it_is_described_from_its_class(python: Path) -> None:
    shown = json.loads(tiercel(python, "plugins", "show", "com.example.hello.Reverse", "--json"))
    text = shown["properties"]["properties"]["text"]
    assert (shown["title"], shown["package"]) == ("Reverse a text", "tiercel-hello")
    assert text["description"] == "What is reversed; may be an expression."
    assert shown["outputs"]["properties"]["value"]["description"] == "The text, back to front."


def test_it_is_in_the_schema(python: Path) -> None:
    schema = json.loads(tiercel(python, "schema", "export"))
    reverse = schema["definitions"]["com.example.hello.Reverse"]
    assert reverse["properties"]["type"]["const"] == "com.example.hello.Reverse"
    assert {"$ref": "#/definitions/com.example.hello.Reverse"} in (
        schema["definitions"]["task"]["anyOf"]
    )


def test_a_flow_runs_it(python: Path, tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW)
    said = tiercel(
        python, "run", tmp_path / "flow.yaml", "--home", tmp_path / "home", "--json", "-q"
    )
    assert json.loads(said)["outputs"] == {"back": "olleh"}
