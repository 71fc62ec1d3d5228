"""The dispatcher's forms: what can be typed, and how it becomes what `services.scheduling` takes.

Times are typed in the branch's zone. What cannot be read is named at its field; all other rules are the services'.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from msgspec import UNSET, structs
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    Field,
    HiddenField,
    IntegerField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from fieldapp.domain.calendar import is_twofold, localise
from fieldapp.domain.errors import Invalid
from fieldapp.domain.numbers import is_phone
from fieldapp.domain.plausible import is_plausible
from fieldapp.domain.scheduling import LONGEST_JOB, SHORTEST_JOB
from fieldapp.domain.visits import events as ev
from fieldapp.services.appointments_csv import read_charges
from fieldapp.services.planning import Technician, Visit
from fieldapp.services.rearranging import Change
from fieldapp.services.scheduling import Slot
from fieldapp.web import visit_words as words
from fieldapp.web.context import current_work, current_zone
from fieldapp.web.errors import sentence
from fieldapp.web.forms import Form
from fieldapp.web.locale import LANGUAGES

_needed = DataRequired(_l("Please fill this in."))
_needed_time = InputRequired(_l("Please fill this in."))


class MomentField(DateTimeLocalField):
    """Day and time as the branch's wall clock shows them; what was typed comes back even when it is no time.

    `stands`: the moment that is there to be changed. Of two with one name on the day when the clocks go back, it is
    meant where nobody wrote another time.
    """

    stands: datetime | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, format=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"], **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
            if self.data is not None and not _is_plausible(self.data):
                raise ValueError
        except ValueError:
            raise ValueError(_("This is no day and time. Write it as 2026-12-01 08:30.")) from None

    def utc(
        self, zone: ZoneInfo, *, after: datetime | None = None, before: datetime | None = None
    ) -> datetime | None:  # fmt: skip
        """The moment, of two with this name one `after` that, or the last one that is `before` the other; raises
        `Invalid("time_skipped")` of this field where the clocks leave it out."""
        if self.data is None:
            return None
        try:
            first, second = (localise(self.data.replace(fold=fold), zone) for fold in (0, 1))
            is_second = self.stands is not None and self.stands.replace(second=0, microsecond=0) == second
            is_second |= (after is not None and first <= after) or (before is not None and second <= before)
            return second if is_second else first
        except Invalid as error:
            raise Invalid(error.code, field=self.name, **error.facts) from None


class MinutesField(IntegerField):
    """Whole minutes, or nothing."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([one for one in valuelist if one.strip()])
        except ValueError:
            raise ValueError(_("Write a whole number of minutes.")) from None


class PhoneNumber:
    """Accepts what can be dialled."""

    def __call__(self, _form: Form, field: Field) -> None:
        if not is_phone((field.data or "").strip()):
            raise ValidationError(_("This is no phone number."))


def _is_plausible(wall: datetime) -> bool:
    """Whether the moment is in this century, whichever zone the wall clock hangs in."""
    day = timedelta(days=1)
    return is_plausible(wall) and is_plausible(wall - day) and is_plausible(wall + day)


def _line(label: Any, *checks: Any) -> StringField:
    return StringField(label, [*checks, Length(max=200, message=_l("At most %(max)d characters."))], filters=[_strip])


def _strip(value: str | None) -> str:
    return (value or "").strip()


def _select(label: Any, choices: dict[str, Any], **kwargs: Any) -> SelectField:
    return SelectField(label, choices=[SelectChoice(*one) for one in choices.items()], **kwargs)


class SlotForm(Form):
    """Who comes, and when they are planned."""

    technician = SelectField(_l("Technician"), validate_choice=False)
    planned_start = MomentField(_l("Planned start"), [Optional()])
    duration = MinutesField(_l("Planned minutes"), [Optional()])
    override = _line(_l("Reason for planning it all the same"))

    def validate_duration(self, field: Field) -> None:
        """Named together with every other fault."""
        shortest, longest = (int(one.total_seconds() // 60) for one in (SHORTEST_JOB, LONGEST_JOB))
        if field.data is not None and not shortest <= field.data <= longest:
            raise ValidationError(sentence(Invalid("duration_out_of_range", shortest=shortest, longest=longest)))

    def offer(self, technicians: Sequence[Technician]) -> None:
        """The people to choose from; who was typed or had it before stays choosable."""
        people = {one.code: f"{one.name} ({one.code})" for one in technicians if one.is_active}
        if self.technician.data:
            people.setdefault(self.technician.data, self.technician.data)
        self.technician.choices = [SelectChoice(*one) for one in {"": _("nobody yet"), **people}.items()]

    def slot(self, zone: ZoneInfo) -> Slot:
        """What was chosen."""
        return Slot(
            technician=self.technician.data or None,
            start=self.planned_start.utc(zone),
            minutes=self.duration.data,
            override=self.override.data or "",
        )


class RevForm(Form):
    """A change of a visit as somebody saw it."""

    rev = HiddenField()

    def seen(self) -> int:
        """The revision that the page showed."""
        return revision(self.rev.data)


def stand(form: Form, seen: Visit) -> None:
    """Tell the form which moments stand now."""
    standing = {"window_start": seen.window.start, "window_end": seen.window.end, "planned_start": seen.planned.start}
    for name, moment in standing.items():
        if name in form:
            form[name].stands = moment


def revision(text: str | None) -> int:
    """What a form says of a revision; nonsense is one that never was."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else -1


class ToldForm(Form):
    """When and how the customer was told."""

    told_at = MomentField(_l("Told at"), [_needed_time])
    channel = _select(_l("Told by"), words.CHANNELS)
    agreed = BooleanField(_l("The customer agreed to this window"))


class WindowForm(ToldForm):
    """A promised window."""

    window_start = MomentField(_l("Window from"), [_needed_time])
    window_end = MomentField(_l("Window to"), [_needed_time])

    def validate_window_end(self, field: Field) -> None:
        """Named together with every other fault; DST can still turn it round, which `promise` sees."""
        start, end = self.window_start.data, field.data
        if start and end and end <= start and not is_twofold(end.replace(tzinfo=current_zone()), current_zone()):
            raise ValidationError(sentence(Invalid("window_reversed")))

    def promise(self, zone: ZoneInfo) -> ev.Promise:
        """The promise; raises `Invalid` window_reversed and time_skipped."""
        start, told = self.window_start.utc(zone), self.told_at.utc(zone, before=current_work().now())
        end = self.window_end.utc(zone, after=start)
        if end <= start:
            raise Invalid("window_reversed", field="window_end")
        return ev.Promise(
            start=start, end=end, agreed=bool(self.agreed.data), told_at=told, channel=self.channel.data or ""
        )


class CustomerForm(Form):
    """Whom the visit is for, what is to be done and what it costs."""

    job_type = _select(_l("Job"), words.JOBS)
    customer_name = _line(_l("Customer"), _needed)
    phone = _line(_l("Phone number"), _needed, PhoneNumber())
    address = _line(_l("Address"), _needed)
    district = _line(_l("District"))
    email = _line(_l("Mail address"))
    language = SelectField(_l("Customer's language"), choices=[SelectChoice(*one) for one in LANGUAGES.items()])
    charges = TextAreaField(_l("Charges"), [Length(max=2000)], filters=[_strip])
    note = TextAreaField(_l("Note for the technician"), [Length(max=4000)], filters=[_strip])

    def validate_charges(self, field: Field) -> None:
        """Named together with every other fault."""
        try:
            read_charges(field.data or "")
        except Invalid as error:
            raise ValidationError(sentence(error)) from None

    def customer(self, lat: float | None = None, lon: float | None = None) -> ev.Customer:
        """The customer; the place on the map is what it was."""
        return ev.Customer(
            name=self.customer_name.data, phone=self.phone.data, address=self.address.data, lat=lat, lon=lon,
            language=self.language.data, district=self.district.data or UNSET,
            email=self.email.data or UNSET,
        )  # fmt: skip

    def priced(self) -> list[ev.Charge]:
        """The charges; raises `Invalid` charge_malformed."""
        return read_charges(self.charges.data or "")


class OrderForm(CustomerForm, WindowForm, SlotForm):
    """A new appointment."""

    external_id = _line(_l("Order number"))


class AmendForm(CustomerForm, RevForm):
    """A corrected order."""

    def amended(self, visit: Visit) -> ev.VisitAmended:
        """All of it; what differs is found by the service."""
        moved = self.address.data != visit.address
        place = (None, None) if moved else (visit.lat, visit.lon)
        customer = structs.replace(
            self.customer(*place), district=self.district.data or "", email=self.email.data or ""
        )
        return ev.VisitAmended(
            customer=customer, charges=self.priced(), job_type=self.job_type.data,
            note=self.note.data or None,
        )  # fmt: skip


class WhyForm(Form):
    """Who wanted a change, and why."""

    asked_by = _select(_l("Who asked for it"), words.PARTIES)
    cause = _select(_l("Cause"), words.CAUSES)
    apology = BooleanField(_l("We apologised"))
    reason = _line(_l("Reason"))


class MoveForm(WindowForm, WhyForm, SlotForm, RevForm):
    """Another window, and who comes then."""

    def change(self, zone: ZoneInfo) -> ev.PromiseChanged:
        """The new promise and why."""
        return ev.PromiseChanged(
            asked_by=self.asked_by.data, promise=self.promise(zone), apology=bool(self.apology.data),
            cause=self.cause.data, reason=self.reason.data or None,
        )  # fmt: skip


class AssignForm(SlotForm, RevForm):
    """Another technician, or none."""

    reason = _line(_l("Reason"))


class SwapForm(AssignForm):
    """Another technician, and the visit of theirs that goes back in exchange."""

    other = HiddenField()
    other_rev = HiddenField()

    def wanted(self, visit: str, zone: ZoneInfo) -> Change:
        """What becomes of the visit itself."""
        slot = self.slot(zone)
        return Change(
            visit=visit, rev=self.seen(), technician=slot.technician, start=slot.start, minutes=slot.minutes,
            override=slot.override,
        )  # fmt: skip


class PinForm(RevForm):
    """Holding a visit where it is planned; with `off`, letting it go."""

    off = HiddenField()


class CancelForm(WhyForm, RevForm):
    """Calling a visit off."""

    told_at = MomentField(_l("Told at"), [_needed_time])

    def cancellation(self, zone: ZoneInfo) -> ev.VisitCancelled:
        """What the customer was told, and why."""
        told = self.told_at.utc(zone, before=current_work().now())
        return ev.VisitCancelled(
            asked_by=self.asked_by.data, told_at=told, apology=bool(self.apology.data), cause=self.cause.data,
            reason=self.reason.data or None,
        )  # fmt: skip


class DecideForm(RevForm):
    """Whether what a phone did against the plan counts."""

    decision = SelectField(
        _l("Decision"),
        choices=[
            SelectChoice("reinstate", _l("It counts: reinstate the visit")),
            SelectChoice("leave_out", _l("Leave these facts out: the appointment stands")),
            SelectChoice("void", _l("It does not count: keep it, unscored")),
        ],
    )
    reason = _line(_l("Reason"), _needed)

    def offer_decisions(self, possible: Sequence[str]) -> None:
        """Only these, as the visit stands."""
        self.decision.choices = [one for one in self.decision.choices if one.value in (possible or ("reinstate",))]


class UploadForm(Form):
    """An appointment file."""

    file = FileField(_l("File"))


class ConfirmForm(Form):
    """The file that was previewed, as the page carries it, and what its preview said."""

    name = HiddenField()
    content = HiddenField()
    digest = HiddenField()


__all__ = [
    "AmendForm", "AssignForm", "CancelForm", "ConfirmForm", "DecideForm", "MoveForm", "OrderForm",
    "PinForm", "SwapForm", "UploadForm", "revision",
]  # fmt: skip
