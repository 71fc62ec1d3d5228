"""A phone's browser and its push service: keys of a subscription, what is read with them, and who is let in by VAPID.

The receiving side of RFC 8291 and RFC 8292, written from them alone; the server that takes the posts is `receivers`'.
"""

import base64
import hmac
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.receivers import Receiver
from tests.sync.phone import DEVICES, MARK, Phone

SUBSCRIPTIONS = "/api/sync/v1/subscriptions"


def coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """One subscription at a push service; `path` is its secret address there."""

    def __init__(self, service: Receiver, path: str = "/push/one") -> None:
        self.service, self.path = service, path
        self.endpoint = service.address + path
        self._private, self.auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        self.public = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def asks(self, **other: Any) -> dict[str, Any]:
        """What the page sends to the server."""
        told = {"endpoint": self.endpoint, "p256dh": coded(self.public), "auth": coded(self.auth), "language": "en"}
        return {**told, **other}

    def subscribe(self, phone: Phone, **other: Any) -> Any:
        """Make the phone known, and ask to be told; the answer."""
        phone.client.post(DEVICES, json={"device_id": phone.device_id, "name": "Moto G"}, headers=MARK)
        return phone.client.put(f"{SUBSCRIPTIONS}/{phone.device_id}", json=self.asks(**other), headers=MARK)

    def told(self) -> list[dict[str, Any]]:
        """What came for it, opened."""
        return [json.loads(self.open(body)) for path, _, body in self.service.requests if path == self.path]

    def open(self, body: bytes) -> bytes:
        """The content of one record; raises `InvalidTag` for what was encrypted for anybody else."""
        salt, size, rest = body[:16], int.from_bytes(body[16:20]), body[21:]
        sender, sealed = rest[: body[20]], rest[body[20] :]
        assert len(sealed) <= size
        shared = self._private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        secret = _expand(_extract(self.auth, shared), b"WebPush: info\x00" + self.public + sender, 32)
        mixed = _extract(salt, secret)
        key = _expand(mixed, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = _expand(mixed, b"Content-Encoding: nonce\x00", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\x00")
        assert padded[-1:] == b"\x02"
        return padded[:-1]


def admitted(headers: Mapping[str, str]) -> tuple[dict[str, Any], bytes]:
    """Who wants to send: the claims of a VAPID header and the key that signed them; raises `InvalidSignature`."""
    scheme, _, rest = headers["Authorization"].partition(" ")
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    head, claims, signature = given["t"].split(".")
    raw, public = decoded(signature), decoded(given["k"])
    assert (scheme, json.loads(decoded(head))) == ("vapid", {"typ": "JWT", "alg": "ES256"})
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    return json.loads(decoded(claims)), public


def _extract(salt: bytes, material: bytes) -> bytes:
    return hmac.digest(salt, material, "sha256")


def _expand(key: bytes, info: bytes, length: int) -> bytes:
    return HKDFExpand(hashes.SHA256(), length, info).derive(key)
