"""The parser: precedence, errors, and the tables it keeps."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tiercel.errors import ExpressionSyntaxError
from tiercel.expression import parser
from tiercel.expression.build import Builder
from tiercel.expression.parser import parse
from tiercel.expression.unparse import unparse


@pytest.mark.parametrize(
    ("source", "grouped"),
    [
        ("{{ 1 + 2 * 3 }}", "{{ 1 + (2 * 3) }}"),
        ("{{ i + 1 ~ 'x' }}", "{{ i + (1 ~ 'x') }}"),
        ("{{ n ?? 1 + 2 }}", "{{ (n ?? 1) + 2 }}"),
        ("{{ 'a' ~ 'b' | upper }}", "{{ ('a' ~ 'b') | upper }}"),
        ("{{ m | upper ?? 'x' }}", "{{ (m | upper) ?? 'x' }}"),
        ("{{ not a == b }}", "{{ (not a) == b }}"),
        ("{{ not a is defined }}", "{{ (not a) is defined }}"),
        ("{{ -a.b | abs }}", "{{ (-a.b) | abs }}"),
        ("{{ a ? b : c ? d : e }}", "{{ a ? b : (c ? d : e) }}"),
        ("{{ a or b and c }}", "{{ a or (b and c) }}"),
        ("{{ 8 - 4 - 2 }}", "{{ (8 - 4) - 2 }}"),
        ("{{ a equals b }}", "{{ a == b }}"),
        ("{{ l contains i - 4 }}", "{{ l contains (i - 4) }}"),
    ],
)
def test_operators_group_by_pebbles_precedence(source: str, grouped: str) -> None:
    assert unparse(parse(source)) == grouped


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{% if a %}x", "Unexpected end of the template; expected '{% endif %}'"),
        ("{% for a in b %}x", "expected '{% endfor %}'"),
        ("{% if a %}{% endfor %}", "Unexpected '{% endfor'"),
        ("{{ a b }}", "Unexpected 'b'; expected '}}'"),
        ("{{ }}", "Unexpected '}}'; expected a name"),
        ("{{ [1,] }}", "Unexpected ']'"),
        ("{{ [1][0] }}", "Unexpected '['"),
        ("{{ l.0 }}", "Unexpected '0'; expected a name"),
        ("{% for a of b %}{% endfor %}", "Expected 'in' after the loop's variable, not 'of'"),
        ("{{ 9223372036854775808 }}", "does not fit into 64 bits"),
        ("{% macro m(1) %}{% endmacro %}", "Unexpected '1'"),
    ],
)
def test_a_mistake_is_explained(source: str, reason: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match=re.escape(reason)):
        parse(source)


def test_the_largest_long_is_a_literal() -> None:
    assert unparse(parse("{{ 9223372036854775807L }}")) == "{{ 9223372036854775807 }}"


def test_every_alternative_of_the_grammar_has_its_builder() -> None:
    grammar = (Path(parser.__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    for alias in re.findall(r"->\s*(\w+)", grammar):
        assert callable(getattr(Builder, alias)), alias


def fresh(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make the next parse load or build its tables with a cache in `folder`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    parser._parser.cache_clear()


def test_tables_are_kept_and_used_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fresh(monkeypatch, tmp_path)
    tree = parse("{{ a }}")
    (file,) = (tmp_path / "tiercel").iterdir()
    kept = file.stat().st_mtime_ns
    fresh(monkeypatch, tmp_path)
    assert parse("{{ a }}") == tree
    assert file.stat().st_mtime_ns == kept


def test_broken_tables_are_built_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fresh(monkeypatch, tmp_path)
    parse("{{ a }}")
    (file,) = (tmp_path / "tiercel").iterdir()
    file.write_bytes(b"broken")
    fresh(monkeypatch, tmp_path)
    assert parse("{{ a }}") == parse("{{ a }}")


def test_tables_that_others_may_write_are_not_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fresh(monkeypatch, tmp_path)
    parse("{{ a }}")
    (file,) = (tmp_path / "tiercel").iterdir()
    os.chmod(file, 0o666)
    assert parser._load(file.name) is None


def test_a_place_where_nothing_can_be_kept_is_fine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")
    fresh(monkeypatch, occupied)
    assert unparse(parse("{{ a }}")) == "{{ a }}"
