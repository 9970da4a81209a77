"""Run many flows at once from a program with an event loop.

python examples/embedding/many_at_once.py
"""

from __future__ import annotations

import asyncio

from tiercel import AsyncTiercel

FLOW = """
id: square
namespace: company.team
inputs:
  - {id: number, type: INT}
  - {id: seconds, type: FLOAT, defaults: 0.1}
tasks:
  - {id: rest, type: io.kestra.plugin.core.flow.Sleep, duration: "PT{{ inputs.seconds }}S"}
outputs:
  - {id: square, type: INT, value: "{{ inputs.number * inputs.number }}"}
"""


async def main() -> None:
    """Run a hundred executions; then one that takes too long for us."""
    async with AsyncTiercel() as tiercel:
        runs = [tiercel.run(FLOW, {"number": number}) for number in range(100)]
        executions = await asyncio.gather(*runs)
        print(sum((execution.outputs or {})["square"] for execution in executions))

        # Whoever is cancelled leaves the execution alone, unless it says otherwise.
        slow = await tiercel.start(FLOW, {"number": 1, "seconds": 300})
        try:
            async with asyncio.timeout(0.1):
                await tiercel.wait(slow, kill_on_cancel=True)
        except TimeoutError:
            print("Too slow:", (await tiercel.wait(slow)).state)


if __name__ == "__main__":
    asyncio.run(main())
