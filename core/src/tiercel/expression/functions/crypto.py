"""Encryption of texts, in the format of Kestra's `EncryptionService`.

AES in Galois/counter mode; the Base64 text holds 12 random bytes, the encrypted bytes and a tag of
16 bytes. The key is the Base64 text of 16, 24 or 32 bytes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tiercel.errors import EvaluationError
from tiercel.expression import java_base64
from tiercel.expression.table import FUNCTIONS
from tiercel.expression.values import is_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["decrypt", "encrypt"]

_NONCE_BYTES = 12


@FUNCTIONS.add("encrypt", "key", "plaintext")
def encrypt(key: Any, plaintext: Any) -> str:
    """Return `plaintext` encrypted with a Base64 key, as Base64.

    Raises:
        EvaluationError: the key is no key, or the text no text.
    """
    cipher = _cipher("encrypt", key)
    if not is_text(plaintext):
        raise EvaluationError("The 'encrypt' function expects an argument 'plaintext' of type text")
    nonce = os.urandom(_NONCE_BYTES)
    sealed = cipher.encrypt(nonce, plaintext.encode("utf-8", "replace"), None)
    return java_base64.encode(nonce + sealed)


@FUNCTIONS.add("decrypt", "key", "encrypted")
def decrypt(key: Any, encrypted: Any) -> str:
    """Return the text that `encrypt` was given.

    Raises:
        EvaluationError: the key is not the one it was encrypted with, or the text was damaged.
    """
    cipher = _cipher("decrypt", key)
    if not is_text(encrypted):
        raise EvaluationError("The 'decrypt' function expects an argument 'encrypted' of type text")
    from cryptography.exceptions import InvalidTag

    try:
        data = java_base64.decode(encrypted)
        opened = cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], None)
    except (ValueError, InvalidTag):
        # Neither the text nor the key belongs into a message.
        raise EvaluationError(
            "The 'decrypt' function cannot decrypt the text: it is damaged, or of another key"
        ) from None
    return opened.decode("utf-8", "replace")


def _cipher(function: str, key: Any) -> AESGCM:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise EvaluationError(
            f"The '{function}' function needs a package: pip install 'tiercel-core[crypto]'"
        ) from None
    try:
        if is_text(key):
            return AESGCM(java_base64.decode(key))
    except ValueError:
        pass
    raise EvaluationError(
        f"The '{function}' function expects an argument 'key' that is Base64 of 16, 24 or 32 bytes"
    )
