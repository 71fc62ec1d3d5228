"""Files that hold a key of the installation: written once and wholly or not at all, for nobody else to read."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


def write_once(path: Path, content: bytes) -> None:
    """Put `content` there unless something is there already; raises `OSError` where nothing can be written.

    Half a key after a power cut would forbid every start, and what is sealed with a key has to find it again: file and
    name are synced. Processes that start together agree on one key: the link fails for all but the first.
    """
    draft = _draft(path, content)
    try:
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
    _sync(path.parent)


def write_over(path: Path, content: bytes) -> None:
    """Put `content` in place of what is there: whoever reads sees the one or the other. Raises `OSError`."""
    draft = _draft(path, content)
    try:
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise
    _sync(path.parent)


def _draft(path: Path, content: bytes) -> Path:
    """The content beside `path`, on the disk."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
    return draft


def _sync(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def p256(path: Path) -> ec.EllipticCurvePrivateKey:
    """The P-256 key in `path`, made on first use. Raises ValueError where something else is in it, `OSError`."""
    if not path.exists():
        write_once(path, _pem(ec.generate_private_key(ec.SECP256R1())))
    found = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(found, ec.EllipticCurvePrivateKey) or found.curve.name != "secp256r1":
        raise ValueError(f"{path} holds no P-256 key")
    return found


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as an uncompressed point: how browsers write it."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
