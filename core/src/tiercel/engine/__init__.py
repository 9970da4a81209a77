"""The engine room: what an execution does next, and who does it.

From the bottom up: `machine` decides (pure), `services` are what running tasks may use,
`expressions` what templates see, `worker` runs attempts, `flows` keeps the deployed flows, `loop`
brings events to the machine and its decisions into the world, `operations` and `triggers` are what
reaches executions from outside.
"""
