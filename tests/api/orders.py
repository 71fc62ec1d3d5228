"""Work orders as another system sends them."""

from datetime import datetime, timedelta
from typing import Any

from tests import builders


def order(start: datetime, **other: Any) -> dict[str, Any]:
    """A body for POST /visits: an installation that begins at `start`, told just now."""
    promise = builders.promise(start, told_before=start - (start - timedelta(days=1)))
    return {
        "external_id": "WO-1", "job_type": "install", "customer": builders.customer(), "promise": promise,
        "technician": "T001", "charges": [{"label": "Deposit", "amount": "100.00"}], "note": "Ring twice", **other,
    }  # fmt: skip
