from __future__ import annotations

import sys
from typing import Any

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.functions.crypto import decrypt, encrypt

KEY = "I6EGNzRESu3X3pKZidrqCGOHQFUFC0yK"
OTHER_KEY = "AAAAAAAAAAAAAAAAAAAAAA=="


@pytest.mark.parametrize("text", ["", "plain text", "Zażółć 😀"])
def test_what_was_encrypted_is_decrypted(text: str) -> None:
    assert decrypt(KEY, encrypt(KEY, text)) == text


def test_encrypting_twice_gives_two_texts() -> None:
    assert encrypt(KEY, "x") != encrypt(KEY, "x")


def test_a_text_of_the_service_that_kestra_has_is_decrypted() -> None:
    # 12 bytes of nonce, then AES-GCM with its tag: the layout of Kestra's EncryptionService.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from tiercel.expression import java_base64

    sealed = AESGCM(java_base64.decode(KEY)).encrypt(b"n" * 12, b"from Kestra", None)
    assert decrypt(KEY, java_base64.encode(b"n" * 12 + sealed)) == "from Kestra"


@pytest.mark.parametrize(
    "text",
    ["nonsense", "", encrypt(OTHER_KEY, "x"), encrypt(KEY, "x")[:-4]],
    ids=["no code", "empty", "of another key", "cut"],
)
def test_a_damaged_text_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(EvaluationError, match="damaged, or of another key") as caught:
        decrypt(KEY, text)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", ["short", "!!", 1, None])
def test_a_wrong_key_is_refused(key: Any) -> None:
    with pytest.raises(EvaluationError, match="16, 24 or 32 bytes"):
        encrypt(key, "x")


def test_without_the_library_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(EvaluationError, match=r"pip install 'tiercel-core\[crypto\]'"):
        encrypt(KEY, "x")
