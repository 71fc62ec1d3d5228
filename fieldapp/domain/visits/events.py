"""The closed set of visit events (design: visit.md): a frozen structure each; an unknown type or field is an error.

Owns the shapes; `codec` reads JSON, `lifecycle` says what may follow, `scoring` what counts. Fields that the table
marks with `?` may be null, those with a default left out, too.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from fieldapp.domain.ids import EventId, StaffCode, VisitId
from fieldapp.domain.plausible import refuse_implausible
from fieldapp.domain.visits.nesting import is_deep

# Limits keep a hostile or broken client from filling the store; they are far above what people type.
Line = Annotated[str, Meta(max_length=200)]
Words = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=4000)]
Moment = Annotated[datetime, Meta(tz=True)]
# `\Z`, not `$`: that one would let a line break pass after the last character.
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Staff = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}\Z")]
Uuid = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")]
Amount = Annotated[str, Meta(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,2})?\Z")]
Language = Literal["en", "zh-Hans", "zh-Hant"]
JobType = Literal["install", "move", "repair"]
Cause = Literal["technician", "earlier_visit", "plan", "customer", "access", "force_majeure", "system"]
OWN_CAUSES = frozenset({"technician", "earlier_visit"})
Party = Literal["company", "customer"]
Answer = Literal["yes", "no", "none"]
Minutes = Annotated[int, Meta(ge=0, le=100_000)]


class Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value inside an event; strict about its fields."""


class Customer(Part, frozen=True):
    name: Words
    phone: Line
    address: Words
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    language: Language = "zh-Hans"
    district: Line | UnsetType = UNSET  # the part of town; left out of what was said before the company planned by it
    email: Line | UnsetType = UNSET  # likewise


class Promise(Part, frozen=True):
    """An arrival window that the customer was told: `agreed` says that they took it, `told_at` when, `channel` how."""

    start: Moment
    end: Moment
    agreed: bool
    told_at: Moment
    channel: Line

    def __post_init__(self) -> None:
        refuse_implausible(self.start, self.end, self.told_at)
        if self.end <= self.start:
            raise ValueError("end is not after start")


class Charge(Part, frozen=True):
    label: Words
    amount: Amount


class Fix(Part, frozen=True):
    """One GPS reading in degrees and metres, `ts` in epoch milliseconds; or only `status`: why there is none."""

    lat: Annotated[float, Meta(ge=-90, le=90)] | UnsetType = UNSET
    lon: Annotated[float, Meta(ge=-180, le=180)] | UnsetType = UNSET
    acc: float | None | UnsetType = UNSET
    ts: int | float | str | None | UnsetType = UNSET
    src: Line | None | UnsetType = UNSET
    status: Line | UnsetType = UNSET

    def __post_init__(self) -> None:
        if (self.lat is UNSET) != (self.lon is UNSET) or (self.lat is UNSET and self.status is UNSET):
            raise ValueError("a fix has lat and lon, or a status")


class Span(Part, frozen=True):
    """A return window; both ends are needed for it to count."""

    start: Moment | None = None
    end: Moment | None = None

    def __post_init__(self) -> None:
        refuse_implausible(self.start, self.end)


class Signer(Part, frozen=True):
    name: Line = ""
    relation: Line | None = None


class Data(Part, frozen=True):
    """What an event says beside its envelope."""

    @property
    def event_type(self) -> str:
        """The type of event that says this, e.g. `visit.scheduled`."""
        return str(self.__struct_config__.tag)


class VisitScheduled(Data, tag="visit.scheduled", frozen=True):
    external_id: Words
    job_type: JobType
    customer: Customer
    promise: Promise
    technician: Staff | None = None
    charges: list[Charge] = []
    note: Text | None = None
    planned_start: Moment | None = None
    duration: Minutes | None = None

    def __post_init__(self) -> None:
        refuse_implausible(self.planned_start)


class VisitAssigned(Data, tag="visit.assigned", frozen=True):
    technician: Staff | None
    reason: Text | None = None
    planned_start: Moment | None = None
    duration: Minutes | None = None

    def __post_init__(self) -> None:
        refuse_implausible(self.planned_start)


class VisitAmended(Data, tag="visit.amended", frozen=True):
    customer: Customer | UnsetType = UNSET
    charges: list[Charge] | UnsetType = UNSET
    job_type: JobType | UnsetType = UNSET
    note: Text | None | UnsetType = UNSET


class PromiseChanged(Data, tag="promise.changed", frozen=True):
    asked_by: Party
    promise: Promise
    apology: bool
    cause: Cause
    reason: Text | None = None


class VisitCancelled(Data, tag="visit.cancelled", frozen=True):
    asked_by: Party
    told_at: Moment
    apology: bool
    cause: Cause
    reason: Text | None = None

    def __post_init__(self) -> None:
        refuse_implausible(self.told_at)


class VisitReinstated(Data, tag="visit.reinstated", frozen=True):
    reason: Text
    left_out: list[Uuid] | UnsetType = UNSET  # facts of a phone that never count: it stands as if they had not come


class VisitVoided(Data, tag="visit.voided", frozen=True):
    reason: Text


class KitChecked(Data, tag="kit.checked", frozen=True):
    uniform: bool
    badge: bool
    shoe_covers: bool
    kit: bool


class CustomerCalled(Data, tag="customer.called", frozen=True):
    outcome: Literal["agreed", "no_answer"]


class VisitDeparted(Data, tag="visit.departed", frozen=True):
    pass


class VisitArrived(Data, tag="visit.arrived", frozen=True):
    gps: Fix | None = None


class DoorChecked(Data, tag="door.checked", frozen=True):
    introduced: bool
    shoe_covers: bool


class ConsentGiven(Data, tag="consent.given", frozen=True):
    by: Line
    method: Line


class AccessFailed(Data, tag="access.failed", frozen=True):
    reason: Literal["absent", "refused", "unsafe", "not_ready"]
    call_attempts: Annotated[int, Meta(ge=0, le=1000)]
    waited_minutes: Minutes
    photo: Sha256 | None = None


class PhotoAdded(Data, tag="photo.added", frozen=True):
    slot: Literal["before", "after", "damage", "door", "other"]
    blob: Sha256
    bytes: Annotated[int, Meta(ge=0, le=2**40)]
    w: Annotated[int, Meta(ge=0, le=100_000)]
    h: Annotated[int, Meta(ge=0, le=100_000)]


class NoteAdded(Data, tag="note.added", frozen=True):
    text: Text


class DamageReported(Data, tag="damage.reported", frozen=True):
    description: Text
    photo: Sha256 | None = None
    compensation: Line | None = None


class EquipmentUsed(Data, tag="equipment.used", frozen=True):
    kind: Words
    quantity: Annotated[int, Meta(ge=0, le=100_000)]
    serial: Line | None = None


class ChargeAdded(Data, tag="charge.added", frozen=True):
    label: Words
    amount: Amount


class SiteChecked(Data, tag="site.checked", frozen=True):
    cleanup: bool
    belongings: bool


class AnswersGiven(Data, tag="answers.given", frozen=True):
    badge: Answer = "none"
    introduced: Answer = "none"
    courteous: Answer = "none"
    explained: Answer = "none"
    shoe_covers: Answer = "none"
    cleanup: Answer = "none"
    supplied_tools: Answer = "none"
    rating: Annotated[int, Meta(ge=1, le=5)] | None = None
    comment: Text | None = None


class StatementPresented(Data, tag="statement.presented", frozen=True):
    doc_hash: Sha256
    doc: Annotated[str, Meta(max_length=200_000)]  # every note and charge of a visit: a push bounds it


#: One stroke: points [x, y, milliseconds, pressure] in the fixed logical box.
Stroke = Annotated[list[Annotated[list[float], Meta(min_length=2, max_length=4)]], Meta(max_length=20_000)]


class SignatureCaptured(Data, tag="signature.captured", frozen=True):
    doc_hash: Sha256
    signer: Signer
    shown_ms: Annotated[int, Meta(ge=0, le=2**53)]
    strokes: Annotated[list[Stroke], Meta(max_length=500)] | None | UnsetType = UNSET
    typed: Line | None | UnsetType = UNSET
    box: Annotated[list[float], Meta(min_length=2, max_length=2)] | None = None
    strokes_hash: Line | None = None
    bind: Line | None = None

    def __post_init__(self) -> None:
        if not (self.strokes and any(self.strokes)) and not self.typed:
            raise ValueError("a signature has strokes or a typed name")


class SignatureRefused(Data, tag="signature.refused", frozen=True):
    reason: Text


class VisitCompleted(Data, tag="visit.completed", frozen=True):
    manifest: list[Sha256] = []


class VisitNotCompleted(Data, tag="visit.not_completed", rename={"return_": "return"}, frozen=True):
    agreed: bool = False
    reason: Text | None = None
    return_: Span | None = None


class VisitLeft(Data, tag="visit.left", frozen=True):
    pass


class EventCorrects(Data, tag="event.corrects", frozen=True):
    target: Uuid
    reason: Text
    data: dict[str, Any]  # read against the target, which may come later: what does not fit it changes nothing

    def __post_init__(self) -> None:
        if is_deep(self.data):
            raise ValueError("nested too deeply")


class FindingRecorded(Data, tag="finding.recorded", frozen=True):
    source: Literal["spot_check", "call_back", "complaint", "praise"]
    technician: Staff
    favourable: bool
    occurred_on: date
    item: Line | None = None
    discipline: Line | None = None
    commendation: bool | None = None
    note: Text | None = None

    def __post_init__(self) -> None:
        refuse_implausible(self.occurred_on)
        if sum(bool(one) for one in (self.item, self.discipline, self.commendation)) != 1:
            raise ValueError("exactly one of item, discipline, commendation")


class FindingDecided(Data, tag="finding.decided", frozen=True):
    finding: Uuid
    outcome: Literal["upheld", "dismissed"]
    reason: Text | None = None


class AppealFiled(Data, tag="appeal.filed", frozen=True):
    text: Text
    finding: Uuid | None = None
    item: Line | None = None
    attachments: list[Sha256] | None = None
    handed_in_by: Line | None = None  # the program through which its technician filed it, where it was one
    after: Uuid | None = None  # somebody else's filing about the same, in vain, where the visit turned out to be theirs

    def __post_init__(self) -> None:
        if bool(self.finding) == bool(self.item):
            raise ValueError("exactly one of finding, item")


class AppealDecided(Data, tag="appeal.decided", frozen=True):
    outcome: Literal["overturned", "confirmed"]
    finding: Uuid | None = None
    item: Line | None = None
    reason: Text | None = None
    filing: Uuid | None = None  # which of several about the same is answered; the first where none is named

    def __post_init__(self) -> None:
        if bool(self.finding) == bool(self.item):
            raise ValueError("exactly one of finding, item")


#: Event type -> its structure. The order is that of a visit.
TYPES: dict[str, type[Data]] = {
    kind.__struct_config__.tag: kind  # type: ignore[misc]
    for kind in (
        VisitScheduled, VisitAssigned, VisitAmended, PromiseChanged, VisitCancelled, VisitReinstated, VisitVoided,
        KitChecked, CustomerCalled, VisitDeparted, VisitArrived, DoorChecked, ConsentGiven, AccessFailed, PhotoAdded,
        NoteAdded, DamageReported, EquipmentUsed, ChargeAdded, SiteChecked, AnswersGiven, StatementPresented,
        SignatureCaptured, SignatureRefused, VisitCompleted, VisitNotCompleted, VisitLeft, EventCorrects,
        FindingRecorded, FindingDecided, AppealFiled, AppealDecided,
    )
}  # fmt: skip

#: Who may say what: the technician's device (the customer acts on it in hand-over), and planners.
BY_PHONE = frozenset(
    """promise.changed kit.checked customer.called visit.departed visit.arrived door.checked consent.given access.failed
    photo.added note.added damage.reported equipment.used charge.added site.checked answers.given statement.presented
    signature.captured signature.refused visit.completed visit.not_completed visit.left event.corrects""".split()
)
BY_OFFICE = frozenset(
    """visit.scheduled visit.assigned visit.amended promise.changed visit.cancelled visit.reinstated visit.voided
    event.corrects""".split()
)

Grade = Literal["A", "B", "C"]


class Event(Struct, frozen=True, kw_only=True):
    """One fact: what (`data`), about which visit, when it took effect (aware UTC), who said so.

    `visit` is None only for findings without a visit and decisions about them. `grade` is the evidence grade of the
    time (security.md 4); what the office and imports say counts as A.
    """

    id: EventId
    type: str
    visit: VisitId | None
    effective_at: datetime
    actor: StaffCode | Literal["customer", "office"]
    data: Data
    grade: Grade = "A"

    @property
    def order(self) -> tuple[datetime, str]:
        """Effective time, then id: the order in which facts count (scoring.md 2)."""
        return self.effective_at, self.id
