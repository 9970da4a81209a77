"""`make run`: serve the products API, run the getting-started flow, show the table that it made.

The execution is kept in `out/home` of the clone, or in `TIERCEL_HOME` if that is set;
`tiercel executions list --home out/home` finds it. The exit code is the run's.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from products_api.server import serving

ROOT = Path(__file__).parents[1]
TIERCEL = Path(sys.executable).with_name("tiercel")
FLOW = "examples/flows/getting_started.yaml"
HOME = os.environ.get("TIERCEL_HOME", "out/home")
ROWS = "{{ fromIon(read(outputs.sqlQuery.uri), allRows=true) | toJson }}"


def tiercel(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a `tiercel` command in the clone; its progress is seen, its output returned."""
    command = [TIERCEL, *arguments, "--home", HOME]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as text: names above, numbers to the right."""
    columns = {name: [name, *(str(row[name]) for row in rows)] for name in rows[0]}
    widths = {name: max(map(len, cells)) for name, cells in columns.items()}
    numeric = {name for name, value in rows[0].items() if isinstance(value, int | float)}
    lines = [
        "  ".join(
            cells[index].rjust(widths[name])
            if name in numeric
            else cells[index].ljust(widths[name])
            for name, cells in columns.items()
        )
        for index in range(len(rows) + 1)
    ]
    lines.insert(1, "  ".join("-" * width for width in widths.values()))
    return "\n".join(lines)


def main() -> int:
    """Run the flow and show its result; return the exit code of the run."""
    # Ctrl-C reaches `tiercel` too: it ends the run cleanly, and we wait for that. A function, for
    # the child would inherit SIG_IGN.
    signal.signal(signal.SIGINT, lambda *_: None)
    with serving() as url:
        print(f"$ tiercel run {FLOW} --input api_url={url}/products --home {HOME}", flush=True)
        run = tiercel("run", FLOW, "--input", f"api_url={url}/products", "--json")
    if run.returncode:
        print(f"The run failed with exit code {run.returncode}", file=sys.stderr)
        return run.returncode
    execution = json.loads(run.stdout)
    outputs = {each["taskId"]: each["outputs"] for each in execution["taskRunList"]}
    rows = json.loads(tiercel("eval", execution["id"], ROWS).stdout)
    print(f"\n{table(rows)}\n")
    print(f"Execution {execution['id']}: {execution['state']['current']}")
    print(f"Artifact  {outputs['sqlQuery']['uri']}")
    print(f"          tiercel storage cat {outputs['sqlQuery']['uri']} --home {HOME}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
