"""Secrets at rest: SECRET inputs and encrypted outputs are stored encrypted, never in clear.

What is stored has Kestra's shape:

    {"value": "<Base64>", "type": "io.kestra.datatype:aes_encrypted"}

The value holds the id of the key (its length in one byte, then the id), 12 random bytes, and the
text in AES-GCM with its tag of 16 bytes. The id is authenticated with the text.

Keys are Base64 texts of 16, 24 or 32 bytes, each with an id: `2024:bXkg…,2023:aGlz…`. The first
one encrypts, the others are there for what was encrypted earlier; a single key needs no id.
They come from the setting (`TIERCEL_ENCRYPTION_KEY`), or from the file `encryption.key` in the home
folder, which is made when it is first needed, readable by its owner alone.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel.errors import SealError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["SEALED_TYPE", "Sealer", "hidden", "holds_sealed", "is_sealed", "key_file", "read_keys"]

SEALED_TYPE = "io.kestra.datatype:aes_encrypted"
_NONCE_BYTES = 12
_KEY_BYTES = (16, 24, 32)
_DEFAULT_ID = "1"
_LONGEST_ID = 64
_GONE = object()


class Sealer:
    """Encrypts texts for the database, and decrypts them for expressions.

    Args:
        keys: gives id → key, the first for new texts; called when a key is first needed.
    """

    def __init__(self, keys: Callable[[], Mapping[str, bytes]]) -> None:
        self._read = keys
        self._keys: dict[str, bytes] | None = None

    @classmethod
    def open(cls, setting: str | None, home: Path | None) -> Sealer:
        """Return a sealer with the keys of the setting, or else of the home folder's file.

        Without a home folder, what it seals can be opened by itself only.
        """
        if setting:
            return cls(lambda: read_keys(setting))
        if home is not None:
            return cls(lambda: read_keys(key_file(home)))
        return cls(lambda: {_DEFAULT_ID: secrets.token_bytes(32)})

    def seal(self, text: str) -> dict[str, str]:
        """Return a text as it may be stored.

        Raises:
            SealError: the keys cannot be used.
        """
        key_id = next(iter(self._known())).encode()
        head = bytes([len(key_id)]) + key_id
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher(key_id.decode()).encrypt(nonce, text.encode(), head)
        return {"value": base64.b64encode(head + nonce + sealed).decode(), "type": SEALED_TYPE}

    def unseal(self, sealed: Mapping[str, Any]) -> str:
        """Return the text that was sealed.

        Raises:
            SealError: its key is not among ours, or somebody changed it.
        """
        from cryptography.exceptions import InvalidTag

        try:
            data = base64.b64decode(sealed["value"], validate=True)
            head, rest = data[: 1 + data[0]], data[1 + data[0] :]
            cipher = self._cipher(head[1:].decode())
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], head).decode()
        except (ValueError, IndexError, InvalidTag):
            raise SealError("An encrypted value is damaged, or was not encrypted here") from None

    def reveal(self, value: Any, found: list[str]) -> Any:
        """Return plain data with all that is sealed in it in clear, which `found` collects.

        What holds nothing sealed is returned itself, not copied. What cannot be unsealed is left
        out, so that only an expression that needs it fails.
        """
        clear = self._clear(value, found)
        return None if clear is _GONE else clear

    def _clear(self, value: Any, found: list[str]) -> Any:
        if isinstance(value, dict):
            if is_sealed(value):
                return self._opened(value, found)
            items = {key: self._clear(item, found) for key, item in value.items()}
            if all(items[key] is value[key] for key in value):
                return value
            return {key: item for key, item in items.items() if item is not _GONE}
        if isinstance(value, list | tuple):
            parts = [self._clear(item, found) for item in value]
            if all(new is old for new, old in zip(parts, value, strict=True)):
                return value
            return [part for part in parts if part is not _GONE]
        return value

    def _opened(self, sealed: Mapping[str, Any], found: list[str]) -> Any:
        try:
            text = self.unseal(sealed)
        except SealError:
            return _GONE
        found.append(text)
        return text

    def _known(self) -> Mapping[str, bytes]:
        if self._keys is None:
            self._keys = dict(self._read())
        return self._keys

    def _cipher(self, key_id: str) -> AESGCM:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError:
            raise SealError(
                "Encrypted values need a package: pip install 'tiercel-core[crypto]'"
            ) from None
        key = self._known().get(key_id)
        if key is None:
            raise SealError(
                f"A value was encrypted with the key {key_id!r}, which is not among those of "
                "TIERCEL_ENCRYPTION_KEY or of the file encryption.key"
            )
        return AESGCM(key)


def is_sealed(value: Any) -> bool:
    """Return whether a value is what `Sealer.seal` returned."""
    return (
        isinstance(value, Mapping)
        and value.get("type") == SEALED_TYPE
        and isinstance(value.get("value"), str)
        and len(value) == 2
    )


def holds_sealed(value: Any) -> bool:
    """Return whether anything in plain data is what `Sealer.seal` returned."""
    if isinstance(value, Mapping):
        return is_sealed(value) or any(map(holds_sealed, value.values()))
    return isinstance(value, list | tuple) and any(map(holds_sealed, value))


def hidden(value: Any, mask: str) -> Any:
    """Return plain data with `mask` in place of all that is sealed in it, for people to read."""
    if is_sealed(value):
        return mask
    if isinstance(value, Mapping):
        return {key: hidden(item, mask) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [hidden(item, mask) for item in value]
    return value


def read_keys(text: str) -> dict[str, bytes]:
    """Return id → key, in the order of the text `id:key,id2:key2`.

    Raises:
        SealError: a key is not Base64 of 16, 24 or 32 bytes, or an id is there twice.
    """
    keys: dict[str, bytes] = {}
    for part in text.replace("\n", ",").split(","):
        key_id, colon, key = part.strip().rpartition(":")
        if not key:
            continue
        key_id = key_id if colon else _DEFAULT_ID
        # Neither a key nor a part of one belongs into a message.
        if key_id in keys or not 0 < len(key_id.encode()) <= _LONGEST_ID:
            raise SealError(f"The encryption key's id {key_id[:_LONGEST_ID]!r} cannot be used")
        keys[key_id] = _key(key_id, key)
    if not keys:
        raise SealError("There is no encryption key; write one as `id:Base64`")
    return keys


def _key(key_id: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) not in _KEY_BYTES:
        raise SealError(f"The encryption key {key_id!r} is not Base64 of 16, 24 or 32 bytes")
    return key


def key_file(home: Path) -> str:
    """Return the text of the home folder's key file, which is made unless it is there.

    Raises:
        SealError: it cannot be read or written.
    """
    path = home / "encryption.key"
    try:
        if not path.exists():
            _make(path)
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SealError(f"Cannot use the key file {str(path)!r}: {error}") from error


def _make(path: Path) -> None:
    """Write a new key; of several processes that do so at once, one wins and the others use its."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f"{_DEFAULT_ID}:{key}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # Unlike a rename, a link does not replace what is there.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
