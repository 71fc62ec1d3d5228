"""Reading from a PostgreSQL standby what need not be of this very second. Owns when it is fresh enough to be asked, and
that the primary is asked instead where it is not: who reads never has to know.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from fieldapp.storage.engine import Busy, Database

#: Seconds until a standby that was away, or no standby, is asked again.
REST = 30.0
_PRIMARY = text("SELECT CAST(pg_current_wal_lsn() AS text), now()")
#: Of a server that is no standby nobody knows whether it still follows: one that was promoted, or came back by itself.
_STANDBY = text(
    "SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn() >= CAST(:written AS pg_lsn), pg_last_xact_replay_timestamp()"
)


class Replica:
    """A standby of `primary` at `url`, asked while it is not more than `longest` seconds behind."""

    def __init__(self, url: str, primary: Database, longest: float) -> None:
        self.database = Database(url, patience=2)
        self._primary, self._longest, self._not_before = primary, longest, 0.0

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view of the standby, or of the primary. Raises `Busy` as `Database.read` does: then the next one
        is of the primary."""
        try:
            with ExitStack() as ends:
                yield self._fresh(ends) or ends.enter_context(self._primary.read())
        except Busy:
            self._rest()
            raise

    def behind(self) -> float | None:
        """How many seconds old at most it is what the standby shows; None where there is no standby."""
        try:
            with self._asked() as (_, behind):
                return behind
        except Busy:
            return None

    def dispose(self) -> None:
        """Close every connection to the standby."""
        self.database.dispose()

    def _fresh(self, ends: ExitStack) -> Session | None:
        """The standby's session, ended with `ends`; None where it is away or too far behind."""
        if time.monotonic() < self._not_before:
            return None
        try:
            with ExitStack() as opened:
                db, behind = opened.enter_context(self._asked())
                if behind is not None and behind <= self._longest:
                    ends.push(opened.pop_all())
                    return db
        except Busy:
            behind = None
        if behind is None:
            self._rest()
        return None

    def _rest(self) -> None:
        self._not_before = time.monotonic() + REST

    @contextmanager
    def _asked(self) -> Iterator[tuple[Session, float | None]]:
        """The standby's session, and how far it is behind."""
        with self._primary.read() as db:
            written, now = db.execute(_PRIMARY).one()
        with self.database.read() as db:
            yield db, _behind(db, written, now)


def _behind(db: Session, written: str, now: datetime) -> float | None:
    follows, has_all, replayed = db.execute(_STANDBY, {"written": written}).one()
    if not follows:
        return None
    if has_all:
        return 0.0
    # Where nobody wrote for long this is long, too, until the next thing written has arrived.
    return max(0.0, (now - replayed).total_seconds()) if replayed else float("inf")
