"""Creates a day of work orders in fieldapp from another system's JSON. Python's standard library, nothing else.

    FIELDAPP_TOKEN=main.… python create_day.py https://visits.example.org orders-2026-10-15.json

It may be run again after anything that went wrong: each order has an idempotency key of its own, so that none is
created twice, and one whose answer was lost is answered again. Exit code 0: all are there; 1: some were refused, and
stand on standard error with the reason. What has to be changed for another system is `work_order`.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
JOBS = {"new line": "install", "relocation": "move", "fault": "repair"}
TRIES = 5


def work_order(order: dict[str, Any]) -> dict[str, Any]:
    """One order of the other system as fieldapp wants it."""

    def moment(clock: str) -> str:
        return datetime.fromisoformat(f"{order['date']} {clock}").replace(tzinfo=ZONE).isoformat()

    called = datetime.fromisoformat(order["called"]).replace(tzinfo=ZONE)
    return {
        "external_id": f"SO-{order['order']}",
        "job_type": JOBS[order["type"]],
        "customer": {"name": order["name"], "phone": order["mobile"], "address": order["street"]},
        "promise": {
            "start": moment(order["from"]),
            "end": moment(order["until"]),
            "agreed": order["confirmed"],
            "told_at": called.isoformat(),
            "channel": "phone",
        },
        "technician": order["installer"],
        "charges": [{"label": "Deposit", "amount": f"{order['deposit']:.2f}"}] if order["deposit"] else [],
        "note": order["remark"] or None,
    }


def create(server: str, token: str, order: dict[str, Any]) -> str | None:
    """Create the visit; why not, or None when it is there now. Waits and asks again when the server says so."""
    body = json.dumps(work_order(order)).encode()
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": f"{order['order']}/{order['date']}",
    }
    for attempt in range(TRIES):
        request = urllib.request.Request(f"{server}/api/v1/visits", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30):
                return None
        except urllib.error.HTTPError as refused:
            if refused.code not in {429, 503}:
                return reason(json.load(refused))
            time.sleep(float(refused.headers.get("Retry-After", 5)))
        except OSError:
            # Nobody knows whether it arrived: the key makes it right to ask the same again.
            time.sleep(2**attempt)
    return "the server cannot be reached or has no time; run this again later"


def reason(problem: dict[str, Any]) -> str:
    """A problem document as one line."""
    faults = [f"{one['pointer']}: {one['detail']}" for one in problem.get("errors", [])]
    return "; ".join(faults) or f"{problem['title']} ({problem['code']})"


def main(server: str, file: str) -> int:
    """Create every order of the file; 1 when any was refused."""
    with open(file, encoding="utf-8") as source:
        orders = json.load(source)
    refused = 0
    for order in orders:
        why = create(server.rstrip("/"), os.environ["FIELDAPP_TOKEN"], order)
        if why is not None:
            refused += 1
            print(f"order {order['order']}: {why}", file=sys.stderr)
    print(f"{len(orders) - refused} of {len(orders)} orders are in fieldapp")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
