"""Whatever a text is, there is an answer: flows with pieces taken out, moved and put in."""

from __future__ import annotations

from random import Random

import pytest
from corpus import golden, samples

from tiercel.check import query
from tiercel.check.checker import Checker
from tiercel.check.complete import completions_at

TEXTS = [*(each.text for each in samples()), *(text for case in golden() for text in case.flows)]
PIECES = (
    *("{{ ", "}}", "{% if ", "[", "{", "}", "- ", ": ", "'", '"', "\n", "\t", "|", ">-\n"),
    *("*a", "&a ", "null", "1", "é🙂", "\ufeff", "!!str ", "\x00", "\u2028", "<<: *a"),
)


def broken(random: Random) -> str:
    """Return a flow with a few pieces wrong."""
    text = random.choice(TEXTS)
    for _ in range(random.randint(1, 4)):
        at, length = random.randrange(len(text) + 1), random.choice((1, 2, 5, 20, 60))
        kind = random.random()
        if kind < 0.5:
            text = text[:at] + text[at + length :]
        elif kind < 0.8:
            other = random.choice(TEXTS)
            begin = random.randrange(len(other) + 1)
            text = text[:at] + other[begin : begin + length] + text[at:]
        else:
            text = text[:at] + random.choice(PIECES) + text[at:]
    return text


@pytest.mark.parametrize("seed", range(8))
def test_there_is_an_answer_to_every_question(seed: int, checker: Checker) -> None:
    random = Random(seed)
    for _ in range(150):
        text = broken(random)
        document = checker.open(text, "flow.yaml")
        for each in document.findings:
            assert 0 <= each.line <= text.count("\n") + text.count("\u2028") + 2
        offset = random.randrange(len(text) + 1)
        for completion in completions_at(document, offset):
            assert completion.start <= offset <= completion.end
        query.answer_at(document, offset)
        query.definition_at(document, offset)
        task = query.task_at(document, offset)
        if task is not None:
            assert query.references_to(document, task)
