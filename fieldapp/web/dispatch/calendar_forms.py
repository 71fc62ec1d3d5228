"""The forms of technicians' calendars: hours day by day as they are typed, an absence, who takes a day over."""

import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Invalid
from fieldapp.services.absences import ByMessage, Told
from fieldapp.services.calendars import DAYS, Calendar, Shift, read_shifts
from fieldapp.services.message_sending import Channels
from fieldapp.web import calendar_words
from fieldapp.web import visit_words as words
from fieldapp.web.context import current_work
from fieldapp.web.dispatch.forms import MomentField, RevForm
from fieldapp.web.forms import Form


class DayField(StringField):
    """The hours of one weekday; its label is the weekday's name in the reader's language."""

    def __init__(self, weekday: int, **kwargs: Any) -> None:
        super().__init__("", [Length(max=80)], **kwargs)
        self.weekday = weekday
        self.label.text = calendar_words.day_name(weekday)


class CalendarForm(RevForm):
    """One technician's hours, jobs, districts and base."""

    mon = DayField(0)
    tue = DayField(1)
    wed = DayField(2)
    thu = DayField(3)
    fri = DayField(4)
    sat = DayField(5)
    sun = DayField(6)
    skills = SelectMultipleField(
        _l("Jobs that they do"), choices=[SelectChoice(*one) for one in words.JOBS.items()],
        widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(),
    )  # fmt: skip
    districts = TextAreaField(_l("Districts where they work"), [Length(max=4000)])
    lat = StringField(_l("Base: latitude"), [Length(max=20)])
    lon = StringField(_l("Base: longitude"), [Length(max=20)])

    def week(self) -> Iterator[DayField]:
        """The fields of the seven days."""
        return (self[name] for name in DAYS)

    def show(self, calendar: Calendar, rev: int) -> None:
        """Fill the form with the calendar as it stands."""
        self.rev.data = str(rev)
        for day in self.week():
            day.data = calendar_words.hours(calendar.shifts, day.weekday)
        self.skills.data = sorted(calendar.skills)
        self.districts.data = "\n".join(sorted(calendar.districts))
        if calendar.base:
            self.lat.data, self.lon.data = map(str, calendar.base)

    def calendar(self, technician: str) -> Calendar:
        """What was typed; raises `Invalid` with the field at fault."""
        lines = (line.strip() for line in (self.districts.data or "").splitlines())
        return Calendar(
            technician, self._shifts(), frozenset(self.skills.data or ()), frozenset(filter(None, lines)), self._base()
        )

    def _shifts(self) -> tuple[Shift, ...]:
        found: list[str] = []
        for day in self.week():
            typed = re.sub(r"\s*[-–—~～至]\s*", "-", (day.data or "").replace("：", ":"))
            padded = re.sub(r"\b(\d):", r"0\1:", typed)
            written = "; ".join(f"{day.name} {part}" for part in re.split(r"[,，;；、\s]+", padded) if part)
            try:
                read_shifts(written)
            except Invalid as error:
                raise Invalid("hours_malformed", field=day.name) from error
            found.append(written)
        return read_shifts(";".join(found))

    def _base(self) -> tuple[float, float] | None:
        typed = (self.lat.data or "").strip(), (self.lon.data or "").strip()
        if not any(typed):
            return None
        try:
            return float(typed[0]), float(typed[1])
        except ValueError:
            raise Invalid("place_malformed", field="lat") from None


class AbsenceForm(Form):
    """When somebody is away, and why."""

    start = MomentField(_l("Away from"), [InputRequired(_l("Please fill this in."))])
    end = MomentField(_l("Away until"), [InputRequired(_l("Please fill this in."))])
    kind = SelectField(_l("Why"), choices=[SelectChoice(*one) for one in calendar_words.KINDS.items()])
    note = StringField(_l("Note"), [Length(max=200)])

    def span(self, zone: ZoneInfo) -> Window:
        """The time; raises `Invalid` time_skipped, absence_malformed."""
        start, end = self.start.utc(zone), self.end.utc(zone)
        if end <= start:
            raise Invalid("absence_malformed", field="end")
        return Window(start, end)


class CoverForm(Form):
    """How the customers whose window moves are told; what becomes of each visit stands beside it."""

    by = RadioField(
        _l("How they are told"), default="message",
        choices=[
            SelectChoice("message", _l("by the message that is sent when you save")),
            SelectChoice("talk", _l("by yourself, before you save")),
        ],
    )  # fmt: skip
    told_at = MomentField(_l("Told at"), [Optional()])
    channel = SelectField(
        _l("Told by"), default="phone", choices=[SelectChoice(*one) for one in words.CHANNELS.items()]
    )  # fmt: skip
    override = StringField(_l("Reason for moving pinned visits"), [Length(max=200)])
    apology = BooleanField(_l("We apologised"))

    def told(self, zone: ZoneInfo, channels: Channels | None) -> Told | ByMessage:
        """How they are told; raises `Invalid` told_missing, time_skipped."""
        is_sorry = bool(self.apology.data)
        if channels is not None and self.by.data == "message":
            return ByMessage(channels=channels, apology=is_sorry)
        told_at = self.told_at.utc(zone, before=current_work().now())
        if told_at is None:
            raise Invalid("told_missing", field="told_at")
        return Told(told_at=told_at, channel=self.channel.data, apology=is_sorry)


class WithdrawForm(Form):
    """Taking an absence back."""

    sure = HiddenField()
