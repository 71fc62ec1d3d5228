"""Identifiers. Branches, teams and staff have short codes people know; everything else has a UUID.

Owns what an id looks like and what can be derived from one; never makes a random one (services are given `new_id`).
"""

import re
from functools import lru_cache
from typing import NewType
from uuid import UUID, uuid5

BranchCode = NewType("BranchCode", str)
TeamCode = NewType("TeamCode", str)
StaffCode = NewType("StaffCode", str)  # the login; a technician's staff number
AccountId = NewType("AccountId", str)
VisitId = NewType("VisitId", str)
EventId = NewType("EventId", str)

_VISIT_NAMESPACE = UUID("6d5cf1a6-57a5-5a3c-9a5c-7c8f3f7d6b10")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_EXTERNAL = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,62}[^\s\x00-\x1f\x7f])?")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: The partition of ids that carry no time stamp (not UUIDv7).
TIMELESS = 0
_VARIANT = frozenset("89ab")


def visit_id(branch: BranchCode, external_id: str) -> VisitId:
    """The id of the visit that an order number names within a branch.

    Derived, not drawn: an event may arrive before its visit is scheduled and still finds it.
    """
    return VisitId(str(uuid5(_VISIT_NAMESPACE, f"{branch}/{external_id}")))


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its canonical form (lower case, hyphens)."""
    return _UUID.fullmatch(text) is not None


def is_code(text: str) -> bool:
    """Whether `text` may be a branch, team or staff code: 1-32 of letters, digits, `.`, `_`, `-`."""
    return _CODE.fullmatch(text) is not None


def is_external_id(text: str) -> bool:
    """Whether `text` may be an order number: 1-64 printable characters, no space at either end."""
    return _EXTERNAL.fullmatch(text) is not None


def year_month(event_id: str) -> int:
    """The partition `yyyymm` (UTC) of an event, from the time stamp in its UUIDv7 (canonical form); `TIMELESS` for
    other ids.

    A function of the id alone, so that a retry always meets the same key (RFC 9562, 5.7).
    """
    if event_id[14:15] != "7" or event_id[19:20] not in _VARIANT:
        return TIMELESS
    return _month_of_day(int(event_id[:8] + event_id[9:13], 16) // 86_400_000)


@lru_cache(maxsize=1024)
def _month_of_day(days: int) -> int:
    year, month, _ = _civil_from_days(days)
    return year * 100 + month


def _civil_from_days(days: int) -> tuple[int, int, int]:
    """Days since 1970-01-01 to (year, month, day), proleptic Gregorian; any 48-bit time stamp fits."""
    days += 719_468
    era, day_of_era = divmod(days, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = year_of_era + era * 400 + (month <= 2)
    return year, month, day_of_year - (153 * shifted + 2) // 5 + 1
