"""Cold start: how long until `tiercel` has answered, beside the imports it cannot do without."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import ROOT, TIERCEL, Row, beside, command, medians

TIMES = 9

# The least that a run needs: one model, the grammar library, the plugin kernel, the YAML parser.
FLOOR = """
import lark, pluggy, pydantic, yaml

class Flow(pydantic.BaseModel):
    id: str
    namespace: str
    tasks: list[dict[str, str]]

Flow(id="hello", namespace="company.team", tasks=[])
"""


def main() -> list[Row]:
    """Time a bare interpreter, `tiercel --help` and a run of the smallest flow."""
    hello = str(ROOT / "examples/flows/hello.yaml")
    with TemporaryDirectory() as folder:
        script = Path(folder, "floor.py")
        script.write_text(FLOOR, encoding="utf-8")
        home = str(Path(folder, "home"))
        bare, floor, usage, run = medians(
            TIMES,
            lambda: command(sys.executable, "-c", "pass"),
            lambda: command(sys.executable, str(script)),
            lambda: command(TIERCEL, "--help"),
            lambda: command(TIERCEL, "run", hello, "--home", home),
        )
    return [
        beside("tiercel --help", usage, bare, "bare interpreter"),
        beside("tiercel run hello.yaml, durable, warm", run, floor, "bare imports"),
    ]
