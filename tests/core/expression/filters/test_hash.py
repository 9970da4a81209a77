from __future__ import annotations

from typing import Any

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.filters.hash import md5, sha1, sha256, sha512


@pytest.mark.parametrize(
    ("digest", "length", "start"),
    [
        (md5, 32, "90015098"),
        (sha1, 40, "a9993e36"),
        (sha256, 64, "ba7816bf"),
        (sha512, 128, "ddaf35a1"),
    ],
)
def test_a_digest_is_lower_case_hexadecimal(digest: Any, length: int, start: str) -> None:
    assert len(digest("abc")) == length
    assert digest("abc").startswith(start)


def test_null_stays_null_and_what_is_no_text_is_refused() -> None:
    assert md5(None) is None
    with pytest.raises(EvaluationError, match="'sha1' filter needs a text"):
        sha1(1)
