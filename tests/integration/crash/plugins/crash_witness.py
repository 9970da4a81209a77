"""A task that leaves a trace of each run of it in a file, whatever becomes of the process."""

from __future__ import annotations

import os

from tiercel.plugin import Output, Property, Registration, RunContext, Task, hookimpl


class Said(Output):
    """What a witness says."""

    value: str


class Witness(Task[Said]):
    """Note the run; fail the first `fails` attempts."""

    value: Property[str] = Property.of("")
    """What it says."""
    fails: int = 0
    """How many attempts fail."""

    def run(self, ctx: RunContext) -> Said:
        """Append the task run's id to the file that CRASH_WITNESS names."""
        run = ctx.variables["taskrun"]
        trace = os.open(os.environ["CRASH_WITNESS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(trace, f"{run['id']} {run['attemptsCount']}\n".encode())
        os.close(trace)
        if run["attemptsCount"] < self.fails:
            raise RuntimeError("not yet")
        return Said(value=ctx.render(self.value))


@hookimpl
def register_tasks() -> Registration:
    """Return the one task there is."""
    return {"crash.Witness": "crash_witness:Witness"}
