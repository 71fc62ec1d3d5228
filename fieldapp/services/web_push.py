"""What a browser's push service is given: a body that only that browser opens (RFC 8291), and proof of who sends it
(VAPID, RFC 8292).

Owns the installation's key for this and both forms. Who is told what, and the sending, are `push_sending`'s.
"""

import base64
import hashlib
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fieldapp.storage import keyfiles
from fieldapp.storage.push_subscriptions import Address

#: How long a proof is good; push services refuse more than a day.
PROVEN_FOR = timedelta(hours=12)
_SALT, _AUTH, _POINT = 16, 16, 65
#: One record, larger than anything we send.
_RECORD = 4096
#: After the content of the last record; no padding follows: every message of ours in one language is as long.
_LAST = b"\x02"


class PushKey:
    """The installation's key for push services. Who loses it is told nothing by any phone until that asks again."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private
        #: What browsers bind a subscription to, as an uncompressed point.
        self.public = keyfiles.point(private.public_key())

    @classmethod
    def open_or_make(cls, path: Path) -> "PushKey":
        """The key in `path`; made on first use. Raises ValueError, `OSError`."""
        return cls(keyfiles.p256(path))

    def authorization(self, endpoint: str, subject: str, now: datetime) -> str:
        """The header that proves to the endpoint's push service who sends; `subject`: whom it may complain to."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}", "exp": int((now + PROVEN_FOR).timestamp()), "sub": subject
        }  # fmt: skip
        signed = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
        r, s = utils.decode_dss_signature(self._private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"vapid t={signed}.{text(r.to_bytes(32) + s.to_bytes(32))}, k={text(self.public)}"


def encrypted(
    content: bytes, to: Address, *, salt: bytes | None = None, sender: ec.EllipticCurvePrivateKey | None = None
) -> bytes:
    """The body (`Content-Encoding: aes128gcm`); `salt` and `sender` are new for each but in the RFC's example.

    Raises ValueError where the address has no usable keys.
    """
    salt, sender = salt or os.urandom(_SALT), sender or ec.generate_private_key(ec.SECP256R1())
    public = keyfiles.point(sender.public_key())
    shared = sender.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), to.p256dh))
    secret = _derived(shared, to.auth, b"WebPush: info\0" + to.p256dh + public, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + _RECORD.to_bytes(4) + len(public).to_bytes(1) + public
    return header + AESGCM(key).encrypt(nonce, content + _LAST, None)


def are_usable(p256dh: bytes, auth: bytes) -> bool:
    """Whether something can be encrypted for a browser with these keys."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    except ValueError:
        return False
    return len(p256dh) == _POINT and len(auth) == _AUTH


def topic(name: str) -> str:
    """What undelivered messages of the same name replace each other by, without telling it."""
    return text(hashlib.sha256(name.encode()).digest()[:24])


def text(content: bytes) -> str:
    """Bytes as browsers write them: base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _json(value: dict[str, object]) -> str:
    return text(json.dumps(value, separators=(",", ":")).encode())


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt=salt, info=info).derive(secret)
