"""What is wrong with a URI, in the words of Java's `URI.create`.

Rules: RFC 2396 as `java.net.URI` has it, which takes other characters than those of ASCII, too.
Seen in Kestra 1.3.31 for inputs of type URI.
"""

from __future__ import annotations

import re

__all__ = ["has_scheme", "uri_problem"]

_SCHEME = re.compile(r"([^/?#:]*):")
_SCHEME_NAME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_ALLOWED = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z_a-z~\[\]\u00a1-\uffff]*")
_HALF_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def has_scheme(text: str) -> bool:
    """Return whether a URI is absolute: `http://a`, not `/a`."""
    return _SCHEME.match(text) is not None


def uri_problem(text: str) -> str | None:
    """Return what is wrong with a text as a URI; None when it is one."""
    scheme = _SCHEME.match(text)
    start = scheme.end() if scheme else 0
    found = _scheme_problem(scheme[1]) if scheme else None
    if found is None and scheme and text[start : start + 1] in ("", "#"):
        found = f"Expected scheme-specific part at index {start}"
    if found is None and text[start:] == "//":
        found = f"Expected authority at index {start + 2}"
    if found is None:
        found = _character_problem(text, start)
    return None if found is None else f"{found}: {text}"


def _scheme_problem(name: str) -> str | None:
    if not name:
        return "Expected scheme name at index 0"
    good = _SCHEME_NAME.match(name)
    end = good.end() if good else 0
    return f"Illegal character in scheme name at index {end}" if end < len(name) else None


def _character_problem(text: str, start: int) -> str | None:
    good = _ALLOWED.match(text)
    wrong = good.end() if good else 0
    half = _HALF_ESCAPE.search(text)
    if half is not None and half.start() < wrong:
        return f"Malformed escape pair at index {half.start()}"
    if wrong == len(text):
        return None
    return f"Illegal character in {_part(text[:wrong], start)} at index {wrong}"


def _part(before: str, start: int) -> str:
    """Return which part of a URI follows a beginning of it; its scheme ends at `start`."""
    rest = before[start:]
    if "#" in rest:
        return "fragment"
    if start and not rest.startswith("/"):
        return "opaque part"
    if "?" in rest:
        return "query"
    return "authority" if rest.startswith("//") and "/" not in rest[2:] else "path"
