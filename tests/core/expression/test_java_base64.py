from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.expression import java_base64


@given(st.binary())
def test_bytes_come_back_with_and_without_padding(data: bytes) -> None:
    text = java_base64.encode(data)
    assert java_base64.decode(text) == data == java_base64.decode(text.rstrip("="))


@pytest.mark.parametrize("text", ["a", "a===", "=", "aa=", "aGk==", "a b", "aGk\n", "-_8=", "é"])
def test_what_java_refuses_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Base64|ASCII"):
        java_base64.decode(text)
