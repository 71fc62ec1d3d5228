"""What personal bytes are sealed with: a fresh key for each thing, itself sealed with the installation's data key.

Owns the sealed form (AES-GCM) and the marks by which equal things are recognised without keeping them readable. Whoever
destroys a thing's own key has destroyed the thing, in this database; the bytes around it stay as they are.
"""

import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class Unreadable(Exception):
    """Sealed with another data key, bound to something else, or changed since."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed thing and its own key, sealed too."""

    box: bytes
    wrapped: bytes


class Vault:
    """The installation's data key at work. `secret` is a text of at least 32 characters, the same for ever."""

    def __init__(self, secret: str) -> None:
        self._wrapping = AESGCM(_derived(secret, b"wrapping"))
        self._marking = _derived(secret, b"marking")

    def seal(self, content: bytes, bound: str) -> Sealed:
        """`content` under a key of its own; it opens only for the same `bound` (which row it is of)."""
        key = AESGCM.generate_key(256)
        return Sealed(_encrypt(AESGCM(key), content, bound), _encrypt(self._wrapping, key, bound))

    def open(self, sealed: Sealed, bound: str) -> bytes:
        """What was sealed. Raises `Unreadable`."""
        try:
            key = _decrypt(self._wrapping, sealed.wrapped, bound)
            return _decrypt(AESGCM(key), sealed.box, bound)
        except (InvalidTag, ValueError):
            raise Unreadable() from None

    def mark(self, content: bytes) -> str:
        """The same for equal bytes, and without the data key no way to try which bytes they were. 64 hex digits."""
        return hmac.digest(self._marking, content, "sha256").hex()


def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"fieldapp-data/1 " + purpose).derive(secret.encode())


def _encrypt(key: AESGCM, content: bytes, bound: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + key.encrypt(nonce, content, bound.encode())


def _decrypt(key: AESGCM, box: bytes, bound: str) -> bytes:
    return key.decrypt(box[:_NONCE], box[_NONCE:], bound.encode())
