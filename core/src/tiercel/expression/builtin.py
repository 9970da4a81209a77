"""Which theme module has which filter, function and test.

A theme is imported when a template first calls something of it: a run that formats no date pays
for no date. The names are here so that they can be listed without.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["FILTERS", "FUNCTIONS", "TESTS"]


def _by_name(themes: Mapping[str, str]) -> dict[str, str]:
    """Turn module → names in one text into name → module."""
    return {
        name: f"tiercel.expression.{theme}"
        for theme, names in themes.items()
        for name in names.split()
    }


FILTERS = _by_name(
    {
        "filters.text": (
            "upper lower capitalize title trim string className nl2br abbreviate startsWith "
            "endsWith substringBefore substringBeforeLast substringAfter substringAfterLast "
            "indent nindent replace split format slugify"
        ),
        "filters.collection": (
            "default length first last join keys values sort rsort reverse distinct flatten chunk "
            "merge slice"
        ),
        "filters.date": "date dateAdd timestamp timestampMilli timestampMicro timestampNano",
        "filters.number": "number numberFormat abs",
        "filters.json": "toJson json yaml toIon",
        "filters.encode": "base64encode base64decode urlencode urldecode escapeChar",
        "filters.hash": "md5 sha1 sha256 sha512",
        "filters.jq": "jq",
    }
)
FUNCTIONS = _by_name(
    {
        "functions.collection": "range max min",
        "functions.render": "render renderOnce printContext fetchContext",
        "functions.date": "now",
        "functions.json": "fromJson json yaml fromIon",
        "functions.random": "uuid id ksuid nanoId randomInt randomPort",
        "functions.crypto": "encrypt decrypt",
    }
)
TESTS = _by_name(
    {
        "tests": "defined null empty even odd iterable map json",
    }
)
