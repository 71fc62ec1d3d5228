"""Technicians at the dispatcher's desk: their hours, jobs and districts, their absences, who takes a day over."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import DomainError
from fieldapp.services import absences, calendars, calendars_import, planning
from fieldapp.services.absences import CannotCover, Cover, Decision, Left
from fieldapp.services.calendars import Person
from fieldapp.services.message_sending import Channels
from fieldapp.web import calendar_words, message_words, planning_words
from fieldapp.web.context import current_actor, current_branch, current_settings, current_work, current_zone
from fieldapp.web.dispatch.calendar_forms import AbsenceForm, CalendarForm, CoverForm
from fieldapp.web.dispatch.forms import UploadForm
from fieldapp.web.dispatch.imports import uploaded
from fieldapp.web.dispatch.lists import overview, wanted_day
from fieldapp.web.errors import sentence

blueprint = Blueprint("dispatch_calendars", __name__)

#: What becomes of a visit besides going to somebody: another window, the pool, nothing yet.
LATER, POOL, STAYS = "later", "-", ""


@blueprint.get("/technicians")
def index() -> ResponseReturnValue:
    """Everybody with their hours, jobs, districts and absences."""
    people = calendars.list_people(current_work(), current_actor(), current_branch())
    return render_template("dispatch/technicians.html", people=people, calendar_words=calendar_words, **overview())


@blueprint.route("/technicians/import", methods=["GET", "POST"])
def upload() -> ResponseReturnValue:
    """Calendars or absences from a file."""
    form, found, name = UploadForm(), None, ""
    if form.validate_on_submit():
        name, raw = uploaded(form)
        if raw is not None:
            found = calendars_import.import_file(current_work(), current_actor(), current_branch(), raw)
            if not found.faults:
                flash(_("Imported: %(new)s entered, %(same)s as before.", new=found.stored, same=found.same), "good")
                return redirect(url_for("dispatch_calendars.index"), 303)
    page = render_template(
        "dispatch/technicians_import.html", form=form, found=found, name=name, reason=planning_words.reason,
        zone=current_zone(), columns=calendars_import.CALENDARS, absences=calendars_import.ABSENCES, **overview(),
    )  # fmt: skip
    return page, 422 if request.method == "POST" else 200


@blueprint.route("/technicians/<code>", methods=["GET", "POST"])
def technician(code: str) -> ResponseReturnValue:
    """One technician's calendar."""
    person = _person(code)
    form = CalendarForm()
    if request.method == "GET":
        form.show(person.calendar, person.rev)
    elif form.validate():
        try:
            calendars.save_calendar(current_work(), current_actor(), current_branch(), form.calendar(code), form.seen())
        except DomainError as error:
            form.refuse(error)
        else:
            flash(_("The calendar of %(name)s is saved.", name=person.technician.name), "good")
            return redirect(url_for("dispatch_calendars.technician", code=code), 303)
    return _show(person, form, _absence_form(None)), 422 if request.method == "POST" else 200


@blueprint.post("/technicians/<code>/absences")
def absent(code: str) -> ResponseReturnValue:
    """Write an absence down; then to whatever it leaves open."""
    form, person = AbsenceForm(), _person(code)
    if form.validate():
        try:
            made = calendars.record_absence(
                current_work(), current_actor(), current_branch(), code, form.span(current_zone()), form.kind.data,
                form.note.data or "",
            )  # fmt: skip
        except DomainError as error:
            form.refuse(error)
        else:
            flash(_("The absence is written down."), "good")
            return redirect(url_for("dispatch_calendars.cover", absence_id=made.absence_id), 303)
    calendar = CalendarForm(formdata=None)
    calendar.show(person.calendar, person.rev)
    return _show(person, calendar, form), 422


@blueprint.post("/absences/<absence_id>/withdraw")
def withdraw(absence_id: str) -> ResponseReturnValue:
    """They work after all."""
    found = calendars.withdraw_absence(current_work(), current_actor(), current_branch(), absence_id)
    flash(_("The absence is taken back. Visits that others took over stay with them."), "good")
    return redirect(url_for("dispatch_calendars.technician", code=found.technician), 303)


@blueprint.route("/absences/<absence_id>", methods=["GET", "POST"])
def cover(absence_id: str) -> ResponseReturnValue:
    """What an absence leaves open, and one act that gives it all away."""
    now = current_work().now().astimezone(current_zone()).replace(tzinfo=None)
    form, refused, channels = CoverForm(told_at=now, apology=True), None, _channels()
    if form.validate_on_submit():
        try:
            decisions = _decisions(form)
            told = form.told(current_zone(), channels) if any(one.window for one in decisions) else None
            changed = absences.cover(current_work(), current_actor(), current_branch(), absence_id, decisions, told)
        except CannotCover as error:
            refused = f"{sentence(error)} {sentence(error.refusal)}"
        except DomainError as error:
            form.refuse(error)
        else:
            flash(ngettext("%(num)s visit is given away.", "%(num)s visits are given away.", len(changed)), "good")
            return redirect(url_for("dispatch_calendars.cover", absence_id=absence_id), 303)
    found = absences.look(current_work(), current_actor(), current_branch(), absence_id, channels)
    page = render_template(
        "dispatch/absence.html", form=form, found=found, refused=refused, chosen=_chosen(found), later=_later,
        calendar_words=calendar_words, foretold=message_words.foretold, tells=channels is not None,
        start=_start, LATER=LATER, POOL=POOL, STAYS=STAYS, **overview(),
    )  # fmt: skip
    return page, 422 if request.method == "POST" else 200


@blueprint.get("/day/print")
def print_day() -> ResponseReturnValue:
    """The day on paper, for one technician or for everybody: a page each."""
    today = current_work().now().astimezone(current_zone()).date()
    day = wanted_day(request.args.get("day")) or today
    found = planning.look_at_day(current_work(), current_actor(), current_branch(), day)
    only = request.args.get("technician")
    lanes = [one for one in found.lanes if one.technician and one.visits and only in {None, "", one.technician.code}]
    return render_template("dispatch/day_print.html", found=found, lanes=lanes, **overview())


def _channels() -> Channels | None:
    """How customers are reached, where messages are set up. Asked whom it reaches, it makes no page's address."""
    found = current_settings()
    return Channels(found.mail_server, found.sms_gateway, str) if found.tells_customers else None


def _person(code: str) -> Person:
    return calendars.get_person(current_work(), current_actor(), current_branch(), code)


def _show(person: Person, form: CalendarForm, absence: AbsenceForm) -> str:
    return render_template(
        "dispatch/technician.html", person=person, form=form, absence=absence, calendar_words=calendar_words,
        zone=current_zone(), **overview(),
    )  # fmt: skip


def _absence_form(formdata: Any) -> AbsenceForm:
    """An empty form for the rest of today: somebody who calls in ill."""
    today = current_work().now().astimezone(current_zone()).replace(tzinfo=None, second=0, microsecond=0)
    midnight = datetime.combine(today.date() + timedelta(days=1), datetime.min.time())
    return AbsenceForm(formdata=formdata, start=today, end=midnight)


def _decisions(form: CoverForm) -> list[Decision]:
    """What was chosen for each visit; those that stay as they are are left out."""
    found = []
    for name, chosen in request.form.items():
        if not name.startswith("visit-") or chosen == STAYS:
            continue
        visit = name.removeprefix("visit-")
        rev, window = request.form.get(f"rev-{visit}", ""), None
        if chosen == LATER:
            chosen, window = _read_later(request.form.get(f"later-{visit}", ""))
        found.append(
            Decision(
                visit=visit, rev=int(rev) if rev.isdecimal() and len(rev) < 10 else -1,
                technician=None if chosen == POOL else chosen, window=window,
                start=None if chosen == POOL else _read_start(request.form.get(f"start-{visit}", "")),
                override=form.override.data or "",
            )
        )  # fmt: skip
    return found


def _chosen(found: Cover) -> dict[str, str]:
    """What stands chosen for each visit: what was sent, else what is proposed."""

    def proposed(left: Left) -> str:
        return left.proposed or (LATER if left.instead else POOL)

    return {
        one.visit.visit_id: request.form.get(f"visit-{one.visit.visit_id}", proposed(one)) for one in found.left
    }  # fmt: skip


def _later(left: Left) -> str:
    """The other window that is offered, as the form carries it."""
    free = left.instead
    return "" if free is None else f"{free.technician} {free.window.start.isoformat()} {free.window.end.isoformat()}"


def _start(left: Left) -> str:
    """When who takes the visit over begins, as the form carries it; nothing where the plan stays."""
    return "" if left.start == left.visit.planned.start else left.start.isoformat()


def _read_start(text: str) -> datetime | None:
    """What `_start` made; what no page sent is none."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _read_later(text: str) -> tuple[str, Window | None]:
    """What `_later` made; what a person could not have chosen is no window, and refused as an unknown technician."""
    parts = text.split()
    try:
        start, end = (datetime.fromisoformat(part).astimezone(UTC) for part in parts[1:3])
        return parts[0], Window.checked(start, end)
    except (IndexError, ValueError, OverflowError, DomainError):
        return text or "?", None
