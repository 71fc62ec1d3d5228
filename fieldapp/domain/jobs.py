"""How often outgoing work is tried, and when it is given up.

Owns times alone: what is sent, and whether a refusal is for good, is known by who sends it.
"""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID, uuid5

_NAMESPACE = UUID("3b0f2c58-5a4e-5a53-8e0b-7f2f4c0f9f21")

FIRST, LONGEST = timedelta(seconds=15), timedelta(hours=1)
#: What could not be done for so long is left to a person.
PATIENCE = timedelta(hours=24)
#: Whatever is begun this often and never ends takes the program with it: no more.
MOST_ATTEMPTS = 60


def next_attempt(job_id: str, attempts: int, created_at: datetime, now: datetime) -> datetime | None:
    """When to try again what failed `attempts` times; None when it is given up.

    Each wait is twice the one before, up to an hour, and up to a quarter shorter or longer: what failed together does
    not come back together. The spread is the job's own, so that the same question has one answer.
    """
    wait = min(FIRST * 2 ** min(attempts - 1, 16), LONGEST)
    spread = hashlib.sha256(f"{job_id} {attempts}".encode()).digest()[0] / 255
    due = now + wait * (0.75 + spread / 2)
    return None if attempts >= MOST_ATTEMPTS or due - created_at > PATIENCE else due


def job_id(branch: str, kind: str, cause: str) -> str:
    """The id of the one job of this kind that follows from `cause`: whoever asks twice asks for the same."""
    return str(uuid5(_NAMESPACE, f"{branch}/{kind}/{cause}"))
