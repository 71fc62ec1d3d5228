"""Whether the server's clock may be believed where something is destroyed by it.

Owns the moment at which it was last believed, and how much later it may be the next time. What phones bring meanwhile
vouches for nothing: it is stamped by the same clock.
"""

from datetime import datetime, timedelta

from fieldapp.services.work import Db
from fieldapp.storage import server

BELIEVED = "clock.believed"
#: A server that runs looks four times a day. This is longer than one is off over holidays, and what goes so much too
#: early was old.
LONGEST_PAUSE = timedelta(days=7)


def doubted(db: Db, now: datetime) -> datetime | None:
    """When the clock was last believed, if `now` is too long after that; None: it may be believed."""
    last = _last(db)
    return last if last is not None and now - last > LONGEST_PAUSE else None


def believe(db: Db, now: datetime) -> None:
    """It was found right; one that is behind what was believed before changes nothing."""
    last = _last(db)
    if last is None or now > last:
        server.save(db, BELIEVED, now.isoformat())


def confirm(db: Db, now: datetime) -> None:
    """Somebody looked, and says that it is right."""
    server.save(db, BELIEVED, now.isoformat())


def _last(db: Db) -> datetime | None:
    told = server.find(db, BELIEVED)
    return datetime.fromisoformat(told) if told else None
