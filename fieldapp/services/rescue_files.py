"""Rescue files: what a phone could not send, sealed to this installation (docs/sync-protocol.md, "Rescue files").

Owns the key pair and the sealed form. What becomes of the content is `rescue`'s; only the phone ever seals.

The phone makes an ECDH key on P-256 for this one file; HKDF-SHA256 makes the AES-GCM key. Each part is sealed by
itself, bound to its place and to how many there are, so that one that is missing, moved or of another file is noticed.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Meta, Raw, Struct

from fieldapp.domain.errors import Invalid
from fieldapp.domain.visits import events as ev
from fieldapp.storage import keyfiles

FORMAT = "fieldapp-rescue"
VERSION = 1
INFO = b"fieldapp-rescue/1"


class RescueKey:
    """The installation's key pair for rescue files."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private
        #: The public key as an uncompressed point: what phones are given.
        self.public = keyfiles.point(private.public_key())
        #: Names the key in a file, so that the wrong one is noticed before anything is tried.
        self.key_id = hashlib.sha256(self.public).hexdigest()[:16]

    @classmethod
    def open_or_make(cls, path: Path) -> "RescueKey":
        """The key in `path`; made on first use. Whoever loses the file cannot read older rescue files any more."""
        return cls(keyfiles.p256(path))

    def content_key(self, ephemeral: bytes) -> AESGCM:
        """What one file is sealed with. Raises ValueError for a point that is none."""
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), ephemeral)
        shared = self._private.exchange(ec.ECDH(), public)
        return AESGCM(HKDF(hashes.SHA256(), 32, salt=ephemeral + self.public, info=INFO).derive(shared))


class _Envelope(Struct, frozen=True):
    format: str
    version: int
    key: str
    device_id: ev.Uuid
    login: ev.Staff
    ephemeral: str
    parts: list[str]


class _Blob(Struct, frozen=True):
    blob: ev.Sha256
    bytes: Annotated[int, Meta(ge=0, le=2**31)]
    pieces: Annotated[int, Meta(ge=0, le=10_000)]


class Content(Struct, frozen=True):
    """What lay on the phone. `events` are the outbox's entries as they would be pushed, byte for byte."""

    device_id: ev.Uuid
    login: ev.Staff
    events: list[Raw]
    blobs: list[_Blob]
    server_epoch: Raw = Raw(b"null")
    client: Raw = Raw(b"null")
    clock: Raw = Raw(b"null")


@dataclass(frozen=True, slots=True)
class Rescued:
    """A file that was opened whole: nothing of it is missing or was changed."""

    content: Content
    photo: Callable[[str], bytes]


def open_file(key: RescueKey, raw: bytes) -> Rescued:
    """Open a file wholly or raise `Invalid`: rescue_format, rescue_cut_off, rescue_wrong_key, rescue_damaged."""
    envelope = _read_envelope(raw)
    if envelope.key != key.key_id:
        raise Invalid("rescue_wrong_key", field="file")
    try:
        sealed = key.content_key(base64.b64decode(envelope.ephemeral, validate=True))
        parts = [_open_part(sealed, envelope, index) for index in range(len(envelope.parts))]
        content = msgspec.json.decode(parts[0], type=Content)
    except (InvalidTag, binascii.Error, ValueError, IndexError, msgspec.MsgspecError):
        raise Invalid("rescue_damaged", field="file") from None
    if content.device_id != envelope.device_id or content.login != envelope.login:
        raise Invalid("rescue_damaged", field="file")
    photos = dict(_photos(content, parts))
    return Rescued(content, photos.__getitem__)


def _read_envelope(raw: bytes) -> _Envelope:
    start = raw[:400].lstrip()
    try:
        envelope = msgspec.json.decode(raw, type=_Envelope)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        ours = start.startswith(b"{") and FORMAT.encode() in start
        raise Invalid("rescue_cut_off" if ours else "rescue_format", field="file") from None
    if envelope.format != FORMAT or envelope.version != VERSION:
        raise Invalid("rescue_format", field="file")
    return envelope


def _open_part(sealed: AESGCM, envelope: _Envelope, index: int) -> bytes:
    bound = f"{FORMAT}/{VERSION}\n{envelope.device_id}\n{envelope.login}\n{index}\n{len(envelope.parts)}"
    text = base64.b64decode(envelope.parts[index], validate=True)
    return sealed.decrypt(index.to_bytes(12, "big"), text, bound.encode())


def _photos(content: Content, parts: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """The photos, in the order of their pieces after the first part."""
    if sum(one.pieces for one in content.blobs) != len(parts) - 1:
        raise Invalid("rescue_damaged", field="file")
    at = 1
    for one in content.blobs:
        yield one.blob, b"".join(parts[at : at + one.pieces])
        at += one.pieces
