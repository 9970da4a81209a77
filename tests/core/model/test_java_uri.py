"""Seen in Kestra 1.3.31, for inputs of type URI."""

from __future__ import annotations

import pytest

from tiercel.model.java_uri import has_scheme, uri_problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x:", "Expected scheme-specific part at index 2"),
        ("http://", "Expected authority at index 7"),
        ("1a:b", "Illegal character in scheme name at index 0"),
        ("a%20b:c", "Illegal character in scheme name at index 1"),
        (":a", "Expected scheme name at index 0"),
        ("%zz", "Malformed escape pair at index 0"),
        ("C:\\x", "Illegal character in opaque part at index 2"),
        ("http://a b", "Illegal character in authority at index 8"),
        ("http://a/b c", "Illegal character in path at index 10"),
        ("http://a/?b c", "Illegal character in query at index 11"),
        ("http://a/#b c", "Illegal character in fragment at index 11"),
        ("not a uri", "Illegal character in path at index 3"),
    ],
)
def test_what_is_no_uri_is_told_as_java_tells_it(text: str, problem: str) -> None:
    assert uri_problem(text) == f"{problem}: {text}"


@pytest.mark.parametrize(
    "text",
    ["x:y", "http:///a", "mailto:a@b", "http://[::1]/", "http://ü.de/ü", "jdbc:sqlite::memory:"],
)
def test_a_uri_is_one(text: str) -> None:
    assert uri_problem(text) is None
    assert has_scheme(text)


@pytest.mark.parametrize("text", ["/rel", "rel", "a/b", "//host/p", "?q", "#f", "a#b", "a?b:c"])
def test_a_relative_uri_has_no_scheme(text: str) -> None:
    assert uri_problem(text) is None
    assert not has_scheme(text)
