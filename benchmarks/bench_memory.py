"""How much memory a ForEachItem over a million rows takes, beside the engine before it.

Each run is a process of its own, durable, whose own highest resident memory is read at the end; the
batches are small (100 rows: 10,000 executions) and large (10,000 rows: 100 executions).
"""

from __future__ import annotations

import json
import subprocess
import sys
from tempfile import TemporaryDirectory

from measure import Row

ROWS = 1_000_000
BATCHES = (10_000, 100)
MOST = 150
"""Megabytes that it may take beside what the engine took before."""
RUN = r"""
import json, sys, time
from pathlib import Path
from tiercel import Tiercel

def memory(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024

CHILD = '''
id: child
namespace: bench
inputs: [{id: rows, type: FILE}]
tasks: [{id: size, type: io.kestra.plugin.core.debug.Return, format: "{{ fileSize(inputs.rows) }}"}]
outputs: [{id: size, type: INT, value: "{{ outputs.size.value }}"}]
'''
FLOW = '''
id: parent
namespace: bench
inputs: [{id: rows, type: FILE}]
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEachItem
    items: "{{ inputs.rows }}"
    batch: {rows: %s}
    namespace: bench
    flowId: child
    inputs: {rows: "{{ taskrun.items }}"}
'''
home, count, batch = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rows = home / "rows.txt"
with rows.open("w") as file:
    file.writelines(f"row number {number}\n" for number in range(count))
with Tiercel(home) as tiercel:
    tiercel.save_flow(tiercel.load_flow(CHILD))
    tiercel.run(CHILD, {"rows": rows})
    before = memory("VmRSS")
    began = time.perf_counter()
    execution = tiercel.run(FLOW % batch, {"rows": rows})
    taken = time.perf_counter() - began
    assert execution.state == "SUCCESS", execution
    print(json.dumps([before, memory("VmHWM"), taken]))
"""


def main() -> list[Row]:
    """Return a row for each size of batch."""
    return [_measured(rows) for rows in BATCHES]


def _measured(rows: int) -> Row:
    with TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "-c", RUN, home, str(ROWS), str(rows)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(done.stderr)
    before, most, taken = json.loads(done.stdout)
    what = f"ForEachItem: {ROWS:,} rows in {ROWS // rows:,} batches, {taken:.0f} s"
    value = f"{most - before:.0f} MB more"
    return Row(what, value, f"{before:.0f} MB before, {MOST} MB allowed", (most - before) / MOST)
