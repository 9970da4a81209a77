"""Checking a flow of 1,000 tasks that read each other's outputs, beside loading it."""

from __future__ import annotations

from measure import Row, beside, median_of

TIMES = 9
TASKS = 1000


def main() -> list[Row]:
    """Time the check of a long chain, each template parsed anew."""
    from tiercel.check.checker import Checker, parsed
    from tiercel.model.load import load
    from tiercel.parts import language
    from tiercel.plugin.registry import Registry

    registry = Registry()
    checker = Checker(registry, language(registry).tables)
    text = _flow(TASKS)

    def check() -> None:
        parsed.cache_clear()
        assert not checker.check(text).findings

    checker.check(_flow(2))
    floor = median_of(TIMES, lambda: load(text, resolve=registry.resolve))
    took = median_of(TIMES, check)
    return [
        beside(f"check a flow of {TASKS:,} tasks", took, floor, "loading it"),
        beside(f"check a flow of {TASKS:,} tasks", took, 0.5, "the goal"),
    ]


def _flow(tasks: int) -> str:
    lines = ["id: long", "namespace: company.team", "inputs: [{id: name, type: STRING}]", "tasks:"]
    for number in range(tasks):
        before = f"outputs.task{number - 1}.value | upper" if number else "flow.id"
        lines += [
            f"  - id: task{number}",
            "    type: io.kestra.plugin.core.debug.Return",
            f"    format: This is {{{{ inputs.name }}}}, after {{{{ {before} }}}}",
            "    retry: {type: constant, interval: PT1S, maxAttempts: 3}",
        ]
    return "\n".join(lines) + "\n"
