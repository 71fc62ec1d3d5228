"""What a visit's customer would be told by itself if the visit changed now: for whoever has to tell them otherwise.

Owns no sending, and asks what sending goes by. What the mail server or the gateway makes of it nobody knows before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fieldapp.domain import messages as rules
from fieldapp.domain.calendar import Window
from fieldapp.services import message_names, message_sending
from fieldapp.services.branches import zone_of
from fieldapp.services.message_sending import Channels
from fieldapp.services.work import Db
from fieldapp.storage import messages
from fieldapp.storage.visits import Visit


@dataclass(frozen=True, slots=True)
class Way:
    """How a message would go: the channel, and the address masked."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the customer would be told: that somebody else comes than `named` (None: they were told no name), and the
    window that is `offered`, where one is. Without a way they are not told it, or too late to count as told now."""

    named: str | None
    who_comes: Way | None
    offered: Window | None
    moved: Way | None


def forecast(db: Db, channels: Channels, visit: Visit, offered: Window | None, now: datetime) -> Forecast:
    """For a visit that may go to somebody else, or into another window."""
    named = message_names.last_named(db, visit)
    who_comes = _way(db, channels, visit, "who_comes", visit.window, now) if named else None
    moved = way_of_move(db, channels, visit, offered, now) if offered else None
    return Forecast(named, who_comes, offered, moved)


def way_of_move(db: Db, channels: Channels, visit: Visit, window: Window, now: datetime) -> Way | None:
    """How the customer is told at once of a window that the company gives them; None where they are not."""
    kind = rules.moved_as(window, visit.window, now, zone_of(db, visit.branch))
    told = messages.last_told(db, visit.branch, visit.visit_id)
    return _way(db, channels, visit, kind, window, now, [one for one in (visit.window, told) if one])


def _way(
    db: Db, channels: Channels, visit: Visit, kind: rules.Kind, window: Window, now: datetime,
    before: Sequence[Window] = (),
) -> Way | None:  # fmt: skip
    wanted, zone = messages.rules(db, visit.branch), zone_of(db, visit.branch)
    due = rules.due_at(kind, window, now, wanted, zone, before)
    # Who comes is told in the morning, too; a promise is told when it arrives, and that nobody can write down before.
    if kind in wanted.off or due is None or (due > now and kind != "who_comes"):
        return None
    is_urgent = rules.is_urgent(kind, window, now, wanted, zone, before)
    goes = channels.pick(visit, is_urgent=is_urgent)
    return Way(goes[0], message_sending.shown(*goes)) if goes else None
