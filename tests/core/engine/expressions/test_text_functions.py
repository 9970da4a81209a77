"""`i18n`: texts of a namespace's bundles."""

from __future__ import annotations

from io import BytesIO

import pytest

from tiercel.engine.expressions.functions import engine_functions
from tiercel.errors import EvaluationError, StoredFileNotFoundError
from tiercel.expression.environment import Environment

FILES = {
    "words.properties": "plain = it''s\nonly\\ here:there\n",
    "words_en.properties": (
        "# a comment\n! another\n\nhello=Hello {0}, you owe {1}\nlong = one \\\n    two\n"
        "odd : '{0}' is ''{0}'' and {7}\naccent=\\u00e9\\n!\n"
    ),
    "words_en_US.properties": "plain=plain in the US\n",
}


class Services:
    """Has the files of one namespace."""

    def namespace_file_uri(self, namespace: str, path: str) -> str:
        assert namespace == "company.team"
        return path

    def open(self, uri: str) -> BytesIO:
        if uri not in FILES:
            raise StoredFileNotFoundError(uri)
        return BytesIO(FILES[uri].encode())


def render(expression: str, locale: str = "en_US") -> str:
    environment = Environment(locale=locale).with_functions(engine_functions())
    variables = {"flow": {"namespace": "company.team"}}
    return environment.render(f"{{{{ {expression} }}}}", variables, Services())


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("i18n('words', 'hello', ['Ada', 1234.5])", "Hello Ada, you owe 1,234.5"),
        ("i18n('words', 'hello')", "Hello {0}, you owe {1}"),
        ("i18n('words', 'odd', 'x')", "{0} is 'x' and {7}"),
        ("i18n('words', 'long')", "one two"),
        ("i18n('words', 'accent')", "é\n!"),
        ("i18n('words', 'only here')", "there"),
        ("i18n('words', 'plain')", "plain in the US"),
    ],
)
def test_a_text_is_found_and_filled(expression: str, text: str) -> None:
    assert render(expression) == text


def test_another_language_falls_back_to_the_bundle_without_one() -> None:
    assert render("i18n('words', 'plain')", locale="fr_FR") == "it''s"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("i18n('nothing', 'hello')", "Can't find bundle for base name nothing, locale en_US"),
        ("i18n('words', 'nope')", "Can't find resource for bundle words, key nope"),
    ],
)
def test_what_is_missing_is_told(expression: str, reason: str) -> None:
    with pytest.raises(EvaluationError, match=reason):
        render(expression)
