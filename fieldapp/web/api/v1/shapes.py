"""What the API takes and gives, as structures: the description is made of them, and requests are held to them.

Values that events have (customers, promises, charges) are the events' own structures. Times are told in UTC.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from fieldapp.domain.plausible import is_plausible
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Minutes, Moment, Part, Staff
from fieldapp.services.appeals import MOST_PHOTOS

State = Literal[
    "planned", "en_route", "arrived", "admitted", "signed", "completed", "not_completed", "no_access", "cancelled",
    "missed", "disputed", "void",
]  # fmt: skip
Limit = Annotated[int, Meta(ge=1, le=200)]
Cursor = Annotated[str, Meta(max_length=400)]
Technician = Annotated[str, Meta(pattern=r"^(-|[A-Za-z0-9][A-Za-z0-9._-]{0,31})\Z", description="`-`: nobody yet")]


class Asked(Part, frozen=True):
    """What a program sends: no unknown fields, and no times outside of this century."""

    def __post_init__(self) -> None:
        values = (getattr(self, name) for name in self.__struct_fields__)
        if not all(is_plausible(value) for value in values if isinstance(value, date)):
            raise ValueError("time is not in this century")


class Paged(Asked, frozen=True):
    """How long a page is, and where it begins: `cursor` is the `next` of the page before."""

    limit: Limit = 50
    cursor: Cursor = ""


class VisitQuery(Paged, frozen=True, rename={"first": "from", "last": "to"}):
    """Which visits. `from` and `to` are days in the branch's zone, both included: visits promised on them."""

    state: list[State] = []  # noqa: RUF012 - msgspec copies it
    technician: Technician | UnsetType = UNSET
    first: date | UnsetType = UNSET
    last: date | UnsetType = UNSET
    changed_since: Moment | UnsetType = UNSET


OrderNumber = Annotated[
    str, Meta(pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,62}[^\s\x00-\x1f\x7f])?\Z", min_length=1, max_length=64)
]


class NewVisit(Asked, frozen=True):
    """A work order with its first promise. Without `external_id` it gets a number of ours.

    `override` says why the technician is sent although other work or their calendar speaks against it.
    """

    job_type: ev.JobType
    customer: ev.Customer
    promise: ev.Promise
    external_id: OrderNumber | UnsetType = UNSET
    technician: Staff | None = None
    charges: list[ev.Charge] = []  # noqa: RUF012 - msgspec copies it
    note: ev.Text | None = None
    planned_start: Moment | None = None
    duration: Minutes | None = None
    override: ev.Line = ""


class VisitChange(Asked, frozen=True):
    """What is to be different; what is left out stays.

    `promise` is a new window that the customer was told: `asked_by` says who wanted it, `apology` whether one was
    given, `cause` why (without it: the customer, or our planning). `technician` null: from whoever has it to nobody.
    """

    customer: ev.Customer | UnsetType = UNSET
    charges: list[ev.Charge] | UnsetType = UNSET
    job_type: ev.JobType | UnsetType = UNSET
    note: ev.Text | None | UnsetType = UNSET
    technician: Staff | None | UnsetType = UNSET
    planned_start: Moment | UnsetType = UNSET
    duration: Minutes | UnsetType = UNSET
    override: ev.Line = ""
    promise: ev.Promise | UnsetType = UNSET
    asked_by: ev.Party = "company"
    apology: bool = False
    cause: ev.Cause | UnsetType = UNSET
    reason: ev.Text = ""


class Cancellation(Asked, frozen=True):
    """Who called the visit off, why, and when the customer was told (without a time: now)."""

    asked_by: ev.Party = "company"
    cause: ev.Cause | UnsetType = UNSET
    told_at: Moment | UnsetType = UNSET
    apology: bool = False
    reason: ev.Line = ""


class Span(Struct, frozen=True):
    """From when to when."""

    start: datetime
    end: datetime


class Visit(Struct, frozen=True):
    """One visit. `promise` is the latest window that the customer was told, `planned` the technician's time for it.

    `rev` grows with everything that is recorded about the visit; it is the ETag. `held`: so many facts from phones wait
    for the dispatcher. In lists only the end of the customer's phone number is shown.
    """

    external_id: str
    rev: int
    state: State
    job_type: ev.JobType
    technician: str | None
    promise: Span
    planned: Span
    customer: ev.Customer
    charges: list[ev.Charge]
    note: str
    held: int
    signed: bool
    updated_at: datetime


class Event(Struct, frozen=True):
    """One recorded fact, in the form of an event history, and where it came from. `held`: why it does not count
    (yet); `left_out`: it waits for nobody and never will."""

    id: str
    type: str
    visit: str
    at: datetime
    actor: str
    data: dict[str, Any]
    received_at: datetime
    origin: Literal["push", "office", "import", "link"]
    grade: ev.Grade
    held: str | None


class ScoreQuery(Asked, frozen=True):
    """Everybody, or one technician."""

    technician: Staff | UnsetType = UNSET


class ItemScore(Struct, frozen=True, omit_defaults=True):
    """One line of a sheet: of a rate item how many verdicts were `met` and `breached`, else how many `adverse`."""

    code: str
    kind: Literal["rate", "exception"]
    points: int
    status: Literal["achieved", "not_achieved", "not_assessed"]
    met: int | UnsetType = UNSET
    breached: int | UnsetType = UNSET
    adverse: int | UnsetType = UNSET


class Adjusted(Struct, frozen=True):
    """What stands after the adjustments of a closed month, and their ids in order. Pay by this where it is there."""

    score: str
    award: str
    veto: list[str]
    status: Literal["assessed", "not_assessed"]
    adjustments: list[str]


class Sheet(Struct, frozen=True):
    """One technician's month. `score` has one decimal, `award` two. `adjusted`: what became of closed figures since."""

    technician: str
    name: str
    status: Literal["assessed", "not_assessed"]
    judged_visits: int
    assessed: int
    earned: int
    commendations: int
    score: str
    veto: list[str]
    award: str
    currency: str
    items: list[ItemScore]
    adjusted: Adjusted | UnsetType = UNSET


class Closed(Struct, frozen=True):
    """The seal of a closed month: who closed it, the SHA-256 of the snapshot, and the key that signed it."""

    closed_at: datetime
    proposed_by: str
    confirmed_by: str
    fingerprint: str
    key: str


class MonthScores(Struct, frozen=True):
    """The branch's month, as `fieldapp score --format json` prints it. `closed`: its figures never change again."""

    month: str
    timezone: str
    rulebook: str
    technicians: list[Sheet]
    closed: Closed | UnsetType = UNSET


class Verdict(Struct, frozen=True):
    """What one visit counts for one item: which article of the norm, by which source, why, and the facts that show it.

    `why` is a code, `reason` the sentence in the language of `Accept-Language`. `evidence` are ids of events, or of the
    finding where `source` is one; `grade` is how well the time of the first is proven. `minutes` is the number that
    decided, `times` are the moments it was counted from. Against a breach: `appeal`, or until when one can be filed.
    A finding about no visit is one verdict more: without `external_id` and `promised`.
    """

    external_id: str | None
    item: str
    article: str
    met: bool
    source: str
    why: str
    reason: str
    minutes: int | None
    times: dict[str, datetime]
    evidence: list[str]
    grade: ev.Grade | None
    appeal: str | None
    appeal_until: datetime | None
    promised: Span | None
    rulebook: str


Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])\Z")]
Source = Literal["spot_check", "call_back", "complaint", "praise"]


class FindingQuery(Paged, frozen=True, kw_only=True):
    """The findings that count, or would count, in a month; of one technician, where one is named."""

    month: Month
    technician: Staff | UnsetType = UNSET


class NewFinding(Asked, frozen=True):
    """What somebody found, about exactly one of `item`, `discipline`, `commendation`.

    With `visit` (an order number), technician and day are the visit's and need not be said.
    """

    source: Source
    visit: OrderNumber | UnsetType = UNSET
    technician: Staff | UnsetType = UNSET
    occurred_on: date | UnsetType = UNSET
    item: ev.Line = ""
    discipline: ev.Line = ""
    commendation: bool = False
    favourable: bool | UnsetType = UNSET
    note: ev.Text = ""


class Decision(Struct, frozen=True):
    """What a second person, or whoever answered an appeal, decided."""

    outcome: str
    reason: str
    decided_by: str
    at: datetime


class Finding(Struct, frozen=True):
    """A finding and where it stands; `does`: what it does to its technician's month right now. `recorded_about` is whom
    it names: another than `technician` where the visit turned out to be somebody else's."""

    id: str
    month: str
    technician: str
    recorded_about: str
    visit: str | None
    source: Source
    item: str | None
    discipline: str | None
    commendation: bool
    favourable: bool
    occurred_on: date
    note: str
    state: Literal["waiting", "upheld", "dismissed", "overturned"]
    does: str | None
    recorded_by: str
    recorded_at: datetime
    answers: list[str]
    decisions: list[Decision]


class AppealQuery(Paged, frozen=True):
    """The branch's appeals, or those in one state."""

    state: Literal["open", "overturned", "confirmed"] | UnsetType = UNSET


class NewAppeal(Asked, frozen=True):
    """What a technician appeals: an `item` of a `visit` (an order number), or a `finding`. `text` are their words,
    `photos` what they show: JPEG, PNG or WebP, in base64."""

    technician: Staff
    text: Annotated[ev.Text, Meta(min_length=1)]
    visit: OrderNumber | UnsetType = UNSET
    item: ev.Line = ""
    finding: ev.Uuid | UnsetType = UNSET
    photos: Annotated[list[bytes], Meta(max_length=MOST_PHOTOS)] = []  # noqa: RUF012 - msgspec copies it

    def __post_init__(self) -> None:
        if bool(self.finding) == bool(self.visit and self.item) or bool(self.visit) != bool(self.item):
            raise ValueError("either visit and item, or finding")


class Appeal(Struct, frozen=True):
    """An appeal against an item of a visit or against a finding, with its technician's `text` and the `reason` of the
    decision. `due`: until when it is to be answered. `photos`: hashes of what was attached. `handed_in_by`: the program
    through which it was filed."""

    id: str
    technician: str | None
    visit: str | None
    finding: str | None
    about: str
    state: Literal["open", "overturned", "confirmed"]
    filed_at: datetime
    text: str
    photos: list[str]
    handed_in_by: str | None
    due: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str
