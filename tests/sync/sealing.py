"""A phone that seals a rescue file as the client does: written anew here, so that neither proves itself."""

import base64
import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PIECE = 256 * 1024


def seal(
    phone: Any, server: dict[str, str], events: list[Any], photos: tuple[bytes, ...] = (), **changes: Any
) -> bytes:
    """The file of `phone` for the key that `server` (me.json's `rescue`) names; `changes` replace fields of it."""
    public = base64.b64decode(server["key"])
    own = ec.generate_private_key(ec.SECP256R1())
    point = own.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public))
    key = AESGCM(HKDF(hashes.SHA256(), 32, salt=point + public, info=b"fieldapp-rescue/1").derive(shared))
    now = phone.clock()
    content = {
        "device_id": phone.device_id, "login": phone.actor, "server_epoch": phone.epoch, "events": events,
        "clock": {"wall": phone.wall(now), "mono": phone.mono(now), "boot": phone.boot, "off": phone.off},
        "blobs": [
            {"blob": hashlib.sha256(one).hexdigest(), "bytes": len(one), "pieces": -(-len(one) // PIECE)}
            for one in photos
        ],
    }  # fmt: skip
    parts = [json.dumps(content, ensure_ascii=False).encode()]
    parts += [one[at : at + PIECE] for one in photos for at in range(0, len(one), PIECE)]
    sealed = [
        base64.b64encode(
            key.encrypt(
                place.to_bytes(12, "big"), part,
                f"fieldapp-rescue/1\n{phone.device_id}\n{phone.actor}\n{place}\n{len(parts)}".encode(),
            )
        ).decode()
        for place, part in enumerate(parts)
    ]  # fmt: skip
    envelope = {
        "format": "fieldapp-rescue", "version": 1, "key": server["id"], "device_id": phone.device_id,
        "login": phone.actor, "ephemeral": base64.b64encode(point).decode(), "parts": sealed, **changes,
    }  # fmt: skip
    return json.dumps(envelope).encode()
