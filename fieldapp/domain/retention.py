"""How long what is kept about people, and after which time it goes by itself (docs/privacy.md).

Owns the kinds, their usual times and how an installation writes others down; what is done then, the service owns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, get_args

from fieldapp.domain.errors import Invalid

Kind = Literal["photos", "locations", "messages", "attempts", "quarantine", "sessions", "customers", "employees"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: In days, since: the photo came, the arrival, the message ended, the attempt ended, the thing came, the session was
#: last used, the visit's window, the account was disabled. Photos, locations and sessions as the company's design says.
USUAL: Mapping[Kind, int] = {
    "photos": 180, "locations": 90, "messages": 180, "attempts": 30, "quarantine": 180, "sessions": 180,
    "customers": 730, "employees": 180,
}  # fmt: skip
LONGEST = 36_500


@dataclass(frozen=True, slots=True)
class Keeping:
    """Days by kind; None: for ever."""

    days: Mapping[Kind, int | None] = field(default_factory=lambda: dict(USUAL))

    def time(self, kind: Kind) -> timedelta | None:
        """The same as a time."""
        days = self.days[kind]
        return None if days is None else timedelta(days=days)


def read_keeping(text: str) -> Keeping:
    """`photos=90, customers=never`: what is not named is kept as usual. Raises `Invalid("keep_malformed")`."""
    days: dict[Kind, int | None] = dict(USUAL)
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, value = (one.strip() for one in part.partition("="))
        kind = next((one for one in KINDS if one == name), None)
        is_number = value.isdecimal() and 1 <= int(value) <= LONGEST
        if kind is None or not (is_number or value == "never"):
            raise Invalid("keep_malformed", value=part)
        days[kind] = int(value) if is_number else None
    return Keeping(days)
