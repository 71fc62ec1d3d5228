"""An authenticator app: what it shows for a secret at a moment, written down once more from RFC 4226 and 6238."""

import base64
import hmac
import struct
from datetime import datetime


def shown(secret: str, moment: datetime, steps: int = 0) -> str:
    """The six digits, or those of so many half minutes later."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(moment.timestamp()) // 30 + steps), "sha1")
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"
