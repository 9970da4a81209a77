"""The compiler: what the generated code may hold, and where its errors point."""

from __future__ import annotations

import ast

from hypothesis import given, settings
from trees import soups

from tiercel.errors import ExpressionError
from tiercel.expression.compile import compile_template
from tiercel.expression.compile_tags import TemplateWriter
from tiercel.expression.environment import Environment
from tiercel.expression.parser import parse

ENVIRONMENT = Environment()
SOURCE = """{% macro __import__(a, b=__class__) %}{{ a.__globals__ }}{% endmacro %}
{% block __builtins__ %}{{ os.system('x') }}{% endblock %}
{% for exec in eval %}{% set lambda = exec ~ open %}{{ import['os'] | upper }}{% endfor %}"""


def test_names_of_a_template_are_only_texts_in_the_generated_code() -> None:
    writer = TemplateWriter(SOURCE, ENVIRONMENT.tables, ENVIRONMENT.limits, {})
    text = writer.generate(parse(SOURCE))
    code = "\n".join(
        piece.partition(" ")[2] if at else piece for at, piece in enumerate(text.split("\0"))
    )
    names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    for name in ("__import__", "__class__", "__globals__", "os", "exec", "eval", "open"):
        assert name not in names
    attributes = {
        node.attr for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)
    }
    assert attributes <= {"variables", "append", "get", "guard", "pop", "index"}


def test_a_program_sees_no_builtin_but_three() -> None:
    program = compile_template("{{ a }}", parse("{{ a }}"), ENVIRONMENT.tables, ENVIRONMENT.limits)
    assert set(program.namespace["__builtins__"]) == {"dict", "len", "enumerate"}


@settings(max_examples=60, deadline=None)
@given(soups)
def test_every_line_of_the_generated_code_has_its_place(source: str) -> None:
    try:
        program = compile_template(source, parse(source), ENVIRONMENT.tables, ENVIRONMENT.limits)
    except ExpressionError:
        return
    assert all(0 <= offset <= len(source) for offset in program.offsets)


def test_an_error_without_a_traceback_has_no_place() -> None:
    program = compile_template("{{ a }}", parse("{{ a }}"), ENVIRONMENT.tables, ENVIRONMENT.limits)
    assert program.place_of(None) == (0, 0)
