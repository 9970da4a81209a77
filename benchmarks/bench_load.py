"""Loading a flow of 1,000 tasks: from its text to checked models, beside the bare YAML parser."""

from __future__ import annotations

from measure import Row, beside, median_of

TIMES = 9
TASKS = 1000


def main() -> list[Row]:
    """Time the load of a long chain of Log tasks."""
    from tiercel.model.load import load
    from tiercel.plugin.registry import Registry

    resolve = Registry().resolve
    text = _flow(TASKS)
    load(_flow(1), resolve=resolve)
    floor = median_of(TIMES, lambda: _events(text))
    took = median_of(TIMES, lambda: load(text, resolve=resolve))
    return [beside(f"load a flow of {TASKS:,} tasks", took, floor, "YAML events alone")]


def _flow(tasks: int) -> str:
    lines = ["id: long", "namespace: company.team", "tasks:"]
    for number in range(tasks):
        lines += [
            f"  - id: task{number}",
            "    type: io.kestra.plugin.core.log.Log",
            f"    message: This is {{{{ flow.id }}}}, task {number}",
            "    retry: {type: constant, interval: PT1S, maxAttempts: 3}",
        ]
    return "\n".join(lines) + "\n"


def _events(text: str) -> None:
    import yaml

    for _ in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        pass
