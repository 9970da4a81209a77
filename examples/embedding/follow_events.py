"""Follow an execution as it happens, and have a function called for every one that fails.

python examples/embedding/follow_events.py
"""

from __future__ import annotations

from tiercel import Event, ExecutionEnded, LogLine, State, TaskRunStateChanged, Tiercel

FLOW = """
id: nightly
namespace: company.team
tasks:
  - {id: extract, type: io.kestra.plugin.core.log.Log, message: Extracting}
  - {id: load, type: io.kestra.plugin.core.execution.Fail, errorMessage: The disk is full}
"""


alerts: list[str] = []


def alert(event: Event) -> None:
    """Call somebody, say; it may take its time, on a thread of its own."""
    if isinstance(event, ExecutionEnded) and event.state is State.FAILED:
        errors = [run.error for run in event.execution.task_runs.values() if run.error]
        alerts.append(f"{event.execution.flow_id} failed: {', '.join(errors)}")


def main() -> None:
    """Run the flow, and print what happens."""
    with Tiercel() as tiercel:
        callbacks = tiercel.on_change(alert, namespace="company")
        execution_id = tiercel.start(FLOW)
        for event in tiercel.events(execution_id=execution_id):
            match event:
                case TaskRunStateChanged(task_run=run, state=state) if state.is_terminal:
                    print(run.task_id, state)
                case LogLine(entry=entry) if entry.level == "INFO":
                    print("  log:", entry.message)
    callbacks.join()  # what was told of before the engine was closed
    print(*alerts)


if __name__ == "__main__":
    main()
