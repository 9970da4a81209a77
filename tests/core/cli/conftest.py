"""`tiercel` in this very process: quicker than a new one, and enough for most questions."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tiercel.cli.main import main

FLOW = """
id: sums
namespace: company.team
labels: {team: data}
inputs:
  - {id: name, type: STRING, defaults: World}
tasks:
  - {id: greet, type: io.kestra.plugin.core.log.Log, message: "Hello, {{ inputs.name }}!"}
  - {id: warn, type: io.kestra.plugin.core.log.Log, level: WARN, message: Careful}
  - id: loop
    type: io.kestra.plugin.core.flow.ForEach
    values: [1, 2]
    tasks:
      - {id: sum, type: io.kestra.plugin.core.debug.Return, format: "{{ taskrun.value }}"}
outputs:
  - {id: name, type: STRING, value: "{{ inputs.name }}"}
"""


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return standard output as data."""
        return json.loads(self.out)


Tiercel = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder; the working folder is empty, too."""
    folder = tmp_path / "home"
    monkeypatch.setenv("TIERCEL_HOME", str(folder))
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return folder


@pytest.fixture
def tiercel(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Tiercel:
    """The command line as a function."""

    def call(*arguments: str, stdin: bytes = b"") -> Done:
        capsys.readouterr()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        said = capsys.readouterr()
        return Done(int(end.value.code or 0), said.out, said.err)

    return call


@pytest.fixture
def flow(home: Path) -> str:
    """A valid flow's file."""
    Path("flow.yaml").write_text(FLOW)
    return "flow.yaml"


@pytest.fixture
def execution_id(tiercel: Tiercel, flow: str) -> str:
    """An execution that succeeded."""
    return str(tiercel("run", flow, "-q", "--json").json()["id"])
