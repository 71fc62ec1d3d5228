"""What a phone's clock can prove (design: sync.md, security.md 4): the effective time of a fact and its evidence grade.

Owns the arithmetic and the limits; knows nothing of requests or storage. All numbers are milliseconds as the phone and
the server count them (epoch for wall clocks, since the page's start for the monotonic one).

Grades: A the server heard of the fact when it happened; B offline, and nothing contradicts its clocks; C they
contradict, or nothing but a wall clock speaks. A suspect reading waits for a person; C alone only earns no punctuality.
A monotonic clock may stand still while a phone sleeps, so a wall clock that *gains* on it proves nothing (C); one that
*falls behind* it was set back (suspect).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from fieldapp.domain.visits.events import Grade

#: Offsets and clocks may differ by this much before they contradict each other.
LIMIT = 60_000
#: A fact heard of within this time of its happening is proven by the contact itself.
FRESH = 120_000
#: A fix may be a little older than the tap that used it.
FIX_LIMIT = 300_000
#: A page that is older than this is not taken for the one that pushes, unless it says so.
SAME_PAGE = 12 * 3_600_000

Flag = Literal["clock_suspect", "clock_unproven", "clock_slept", "clock_future", "gps_differs", "before_contact"]
FLAG_CODES: frozenset[str] = frozenset(get_args(Flag))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a fact says of its own time. `off` and `age` are those of the last server contact the phone then knew of
    (None: it knew of none); `fix` is the satellite's time of a GPS reading."""

    wall: float
    mono: float
    boot: str
    off: float | None = None
    age: float | None = None
    fix: float | None = None

    @property
    def origin(self) -> float:
        """When the page's monotonic clock began, by the wall clock: constant while both run alike."""
        return self.wall - self.mono


@dataclass(frozen=True, slots=True)
class Contact:
    """The push that brought the facts: when the server got it, and the phone's clocks as it was sent."""

    received: float
    wall: float | None = None
    mono: float | None = None
    boot: str | None = None
    off: float | None = None

    @property
    def origin(self) -> float | None:
        """As `Stamp.origin`."""
        return None if self.wall is None or self.mono is None else self.wall - self.mono


@dataclass(frozen=True, slots=True)
class Reading:
    """The time that counts, how well it is proven, and why not better. `suspect`: a person has to look first.

    `proven_at` is when phone and server last agreed on the time before the fact, where they ever had."""

    effective_at: datetime
    grade: Grade
    flags: tuple[Flag, ...] = ()
    proven_at: datetime | None = None

    @property
    def suspect(self) -> bool:
        """Whether the clocks contradict each other outright."""
        return "clock_suspect" in self.flags


def read_all(
    stamps: Iterable[Stamp], contact: Contact, known: Mapping[str, float]
) -> tuple[list[Reading], dict[str, float]]:
    """Read the stamps of one device, given in the order of their sequence numbers.

    `known` holds per page (`boot`) the latest origin met so far; the second result is the same afterwards.
    """
    ordered = list(stamps)
    page = _pushing_page(ordered, contact)
    latest_after = _latest_after(ordered, contact, page)
    highest = dict(known)
    readings = []
    for stamp, after in zip(ordered, latest_after, strict=True):
        readings.append(_read(stamp, contact, highest.get(stamp.boot), after))
        highest[stamp.boot] = max(highest.get(stamp.boot, stamp.origin), stamp.origin)
    if page is not None and contact.origin is not None:
        highest[page] = max(highest.get(page, contact.origin), contact.origin)
    return readings, highest


def moment(milliseconds: float) -> datetime:
    """Epoch milliseconds as an aware time."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def milliseconds(moment: datetime) -> int:
    """An aware time as epoch milliseconds, cut down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _read(stamp: Stamp, contact: Contact, before: float | None, after: float | None) -> Reading:
    offset = stamp.off if stamp.off is not None else contact.off or 0.0
    told = stamp.wall + offset
    # The contact lies `age` before the fact; a negative age says that the wall clock was set back behind it.
    proven = told - (stamp.age or 0.0)
    effective = min(max(told, proven), contact.received)
    flags: list[Flag] = []
    if _contradicts(stamp, contact, before):
        flags.append("clock_suspect")
    fresh = -LIMIT <= contact.received - told <= FRESH
    if told > contact.received + LIMIT:
        flags.append("clock_future")
    if stamp.age is not None and stamp.age < -LIMIT:
        flags.append("before_contact")
    if not fresh:
        if stamp.off is None:
            flags.append("clock_unproven")
        if after is not None and after > stamp.origin + LIMIT:
            flags.append("clock_slept")
        if stamp.fix is not None and min(abs(stamp.fix - told), abs(stamp.fix - stamp.wall)) > FIX_LIMIT:
            flags.append("gps_differs")
    grade: Grade = "C" if flags else "A" if fresh else "B"
    agreed = None if stamp.off is None or stamp.age is None else moment(min(proven, effective))
    return Reading(moment(effective), grade, tuple(flags), agreed)


def _contradicts(stamp: Stamp, contact: Contact, before: float | None) -> bool:
    if stamp.off is not None and contact.off is not None and abs(stamp.off - contact.off) > LIMIT:
        return True
    return before is not None and stamp.origin < before - LIMIT


def _pushing_page(ordered: list[Stamp], contact: Contact) -> str | None:
    """Which page sent the push: the one it names, else the last one that wrote, if the clocks allow that."""
    if contact.boot is not None or contact.origin is None or not ordered:
        return contact.boot
    for stamp in ordered:
        if abs(stamp.origin - contact.origin) <= LIMIT:
            return stamp.boot
    last = ordered[-1]
    assert contact.mono is not None  # noqa: S101 - it has an origin
    runs_on = contact.mono >= last.mono and abs(contact.origin - last.origin) < SAME_PAGE
    return last.boot if runs_on else None


def _latest_after(ordered: list[Stamp], contact: Contact, page: str | None) -> list[float | None]:
    """For each stamp the greatest origin of its page met later: by a later stamp, or by the push itself."""
    later: dict[str, float] = {}
    if page is not None and contact.origin is not None:
        later[page] = contact.origin
    found: list[float | None] = []
    for stamp in reversed(ordered):
        found.append(later.get(stamp.boot))
        later[stamp.boot] = max(later.get(stamp.boot, stamp.origin), stamp.origin)
    return found[::-1]
