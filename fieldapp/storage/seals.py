"""The installation's key for closed months: Ed25519, in a file of its own beside the other keys.

Owns signing and verifying. A database alone, whoever holds it, can make no signature that verifies here.
"""

import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fieldapp.storage import keyfiles


class KeyMissing(Exception):
    """There is no key file: nothing that it signed can be verified."""


class SealKey:
    """The key in `path`: made when something is first signed, never when something is only verified."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: Ed25519PrivateKey | None = None

    def sign(self, content: bytes) -> str:
        """The signature of `content`, 128 hex digits."""
        return self._private(make=True).sign(content).hex()

    def verifies(self, content: bytes, signature: str) -> bool:
        """Whether this key signed exactly that. Raises `KeyMissing`."""
        try:
            self._private().public_key().verify(bytes.fromhex(signature), content)
        except (InvalidSignature, ValueError):
            return False
        return True

    def key_id(self, *, make: bool = False) -> str:
        """Names the key: the beginning of the SHA-256 of its public half. Raises `KeyMissing`."""
        public = self._private(make=make).public_key().public_bytes_raw()
        return hashlib.sha256(public).hexdigest()[:16]

    def _private(self, *, make: bool = False) -> Ed25519PrivateKey:
        if self._found is None:
            if not self._path.exists():
                if not make:
                    raise KeyMissing(str(self._path))
                keyfiles.write_once(self._path, _fresh())
            found = serialization.load_pem_private_key(self._path.read_bytes(), None)
            if not isinstance(found, Ed25519PrivateKey):
                raise ValueError(f"{self._path} holds no Ed25519 key")
            self._found = found
        return self._found


def _fresh() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
