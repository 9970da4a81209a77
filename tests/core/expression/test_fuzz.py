"""Ten minutes of broken templates: the golden ones, cut up and glued together at random.

`FUZZ_SECONDS` sets another duration. A failure shows the seed, and `FUZZ_SEED` repeats it.
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from tiercel.errors import ExpressionError
from tiercel.expression.environment import Environment
from tiercel.expression.parser import parse
from tiercel.expression.runtime import Limits
from tiercel.expression.unparse import unparse

_GOLDEN = Path(__file__).parents[2] / "conformance" / "expressions"
_SLOWEST = 6.0
"""Seconds that one template may take at most; the limits below allow for half of it."""


def golden() -> list[tuple[str, dict[str, Any]]]:
    """Return templates and variables of the golden data, without tagged values."""
    cases = []
    for path in sorted(_GOLDEN.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if isinstance(case["template"], str) and "$" not in json.dumps(case["vars"]):
                cases.append((case["template"], case["vars"]))
    return cases


def mutated(random: random.Random, template: str, other: str) -> str:
    """Cut, double, swap or replace a few random pieces of a template."""
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(template) + 1)
        end = min(len(template), start + random.randint(0, 6))
        begin = random.randrange(len(other) + 1)
        piece = other[begin : begin + random.randint(1, 12)]
        template = random.choice(
            [
                template[:start] + template[end:],
                template[:start] + template[start:end] * 2 + template[end:],
                template[:start] + piece + template[start:],
                template[:start] + piece + template[end:],
                template[:start]
                + random.choice("{}%#'\"\\()[].,:?|~+-*/<>=!\n\0é😀")
                + template[end:],
            ]
        )
    return template


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_no_broken_template_escapes_the_languages_own_errors(
    record_property: pytest.RecordProperty,
) -> None:
    seed = int(os.environ.get("FUZZ_SEED", time.time_ns() % 10**9))
    chance = random.Random(seed)
    environment = Environment(limits=Limits(seconds=2, loop_turns=20_000, output=1_000_000))
    cases = golden()
    until = time.monotonic() + float(os.environ.get("FUZZ_SECONDS", "600"))
    tried = failed = 0
    while time.monotonic() < until:
        template, variables = chance.choice(cases)
        source = mutated(chance, template, chance.choice(cases)[0])
        started = time.monotonic()
        try:
            environment.evaluate(source, variables)
            assert parse(unparse(parse(source))) == parse(source)
        except ExpressionError as error:
            failed += bool(str(error))
        except BaseException as error:
            raise AssertionError(f"seed {seed}: {source!r}") from error
        assert time.monotonic() - started < _SLOWEST, f"seed {seed}: {source!r}"
        tried += 1
    record_property("templates", tried)
    print(f"fuzz: {tried} templates, {failed} of them refused, seed {seed}")
    assert tried > failed > 0
