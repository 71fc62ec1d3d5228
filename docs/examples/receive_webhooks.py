"""Be told by fieldapp what happens to visits, with Python's standard library alone.

    FIELDAPP_SECRET=whsec_... python3 receive_webhooks.py 8001

Checks who sent it and when, passes over what came before, and answers before it does anything that takes time. A real
receiver stands behind TLS (fieldapp tells nobody else) and keeps `seen` where it survives a restart.
"""

import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = os.environ["FIELDAPP_SECRET"].encode()
#: Seconds by which the clocks may differ; what is older is somebody's recording.
TOLERANCE = 300
seen: set[str] = set()


def is_genuine(header: str, body: bytes, now: float) -> bool:
    """Whether the header `Fieldapp-Signature` proves that fieldapp sent this body just now."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    stamp = parts.get("t", "")
    if not stamp.isdecimal() or abs(now - int(stamp)) > TOLERANCE:
        return False
    expected = hmac.new(SECRET, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts.get("v1", ""))


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        genuine = is_genuine(self.headers.get("Fieldapp-Signature", ""), body, time.time())
        self.send_response(204 if genuine else 400)
        self.end_headers()
        if genuine:
            take(json.loads(body))

    def log_message(self, *_: object) -> None:
        pass


def take(event: dict[str, str]) -> None:
    """Do with an event what is to be done once."""
    if event["id"] in seen:
        return
    seen.add(event["id"])
    print(event["at"], event["type"], event["visit"], "-> read", event["resource"], flush=True)


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
