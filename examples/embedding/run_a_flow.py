"""Run a flow from a program, and look at what became of it.

python examples/embedding/run_a_flow.py
"""

from __future__ import annotations

from tiercel import InputError, Tiercel

FLOW = """
id: greet
namespace: company.team
inputs:
  - {id: name, type: STRING}
tasks:
  - {id: greet, type: io.kestra.plugin.core.debug.Return, format: "Hello, {{ inputs.name }}!"}
  - {id: log, type: io.kestra.plugin.core.log.Log, message: "{{ outputs.greet.value }}"}
outputs:
  - {id: greeting, type: STRING, value: "{{ outputs.greet.value }}"}
"""


def main() -> None:
    """Run it twice: once as it should be, and once without its input."""
    with Tiercel() as tiercel:  # in memory; Tiercel(home="data") keeps everything below `data`
        execution = tiercel.run(FLOW, {"name": "Ada"}, timeout=60)
        print(execution.state, execution.outputs)
        for line in tiercel.logs(execution.id):
            print(line.level, line.message)

        try:
            tiercel.run(FLOW)
        except InputError as error:
            print("Refused:", error)

        again = tiercel.wait(tiercel.replay(execution.id, inputs={"name": "Grace"}))
        print(again.state, again.outputs)


if __name__ == "__main__":
    main()
