"""The dispatcher's board: its page, its data for the page's script, and moving a visit on it.

Times go to the script and come back as the branch's wall clock shows them. The same forms as on a visit's own pages.
"""

import gzip
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Conflict, DomainError
from fieldapp.domain.visits.lifecycle import ENDED
from fieldapp.services import board, planning, rearranging
from fieldapp.services.board import Absence, Alert, Asked, Bar, Board, Heard, Row
from fieldapp.services.claims import OVERRIDABLE
from fieldapp.services.rearranging import CannotRearrange
from fieldapp.web import calendar_words
from fieldapp.web import visit_words as words
from fieldapp.web.context import current_actor, current_branch, current_work, current_zone
from fieldapp.web.dispatch.forms import AssignForm, MoveForm, PinForm, SwapForm, revision, stand
from fieldapp.web.dispatch.lists import overview, today, wanted_day
from fieldapp.web.dispatch.visits import assign_by, done, move_by, pin_by
from fieldapp.web.errors import STATUS, sentence
from fieldapp.web.templating import localdate, localmoment, localtime
from fieldapp.web.templating import window as span

blueprint = Blueprint("dispatch_board", __name__)

#: Where a technician is inside, nothing is left to plan.
_FIXED = ENDED | {"arrived", "admitted", "signed", "missed"}
#: View -> days, and rows of a page: as many bars as a browser draws at once.
_VIEWS = {"": (1, 25), "week": (7, 10)}
_SHOWS: dict[str, Any] = {
    "": _l("anything"), "at_risk": _l("something at risk"), "late": _l("something late"),
    "waiting": _l("something waiting for sync"), "held": _l("something held"), "planned": _l("something still to come"),
}  # fmt: skip


@blueprint.get("/board")
def page() -> ResponseReturnValue:
    """The page; what stands on it comes from `data`."""
    asked = _asked()
    form = MoveForm()
    form.offer(())
    before, after = (asked.first + timedelta(days=days) for days in (-asked.days, asked.days))
    return render_template(
        "dispatch/board.html", asked=asked, form=form, today=today(), is_now=_is_now(asked), before=before, after=after,
        last=after - timedelta(days=1), offset=_offset(), shows=_SHOWS, args=request.args.to_dict(),
        teams=board.list_teams(current_work(), current_actor(), current_branch()), **overview(),
    )  # fmt: skip


@blueprint.get("/board/people")
def people() -> ResponseReturnValue:
    """Who can be sent, code and name: five hundred of them would be a third of the page."""
    found = planning.list_technicians(current_work(), current_actor(), current_branch())
    return _json([[one.code, one.name] for one in found])


@blueprint.get("/board/data")
def data() -> ResponseReturnValue:
    """What stands on the board; 304 when the script has it."""
    known = next(iter(request.if_none_match.as_set()), None)
    mark, found = board.look(current_work(), current_actor(), current_branch(), _asked(), known)
    response = _json(_board(found)) if found else Response(status=304)
    response.set_etag(mark)
    return response


@blueprint.post("/board/visits/<visit_id>")
def change(visit_id: str) -> ResponseReturnValue:
    """Another time or technician; with `promise` another window, too."""
    moves = "promise" in request.form
    form = MoveForm() if moves else AssignForm()
    stand(form, planning.find_visit(current_work(), current_actor(), current_branch(), visit_id))
    if not form.validate_on_submit():
        return _refusal(visit_id, form, None)
    try:
        changed = move_by(visit_id, form) if isinstance(form, MoveForm) else assign_by(visit_id, form)
    except DomainError as error:
        form.refuse(error)
        return _refusal(visit_id, form, error)
    text, kind = done("move" if moves else "assign", changed)
    details = planning.get_visit(current_work(), current_actor(), current_branch(), visit_id)
    return _json({"text": text, "kind": kind, "visit": _visit(details.visit, details.state)})


@blueprint.post("/board/visits/<visit_id>/swap")
def swap(visit_id: str) -> ResponseReturnValue:
    """Another technician, who gives another visit in exchange."""
    form = SwapForm()
    stand(form, planning.find_visit(current_work(), current_actor(), current_branch(), visit_id))
    if not form.validate_on_submit():
        return _refusal(visit_id, form, None)
    try:
        changed = rearranging.swap(
            current_work(), current_actor(), current_branch(), form.wanted(visit_id, current_zone()),
            form.other.data or "", revision(form.other_rev.data), form.reason.data or "",
        )  # fmt: skip
    except CannotRearrange as error:
        if error.visit == visit_id:
            form.refuse(error.refusal)
        return _refusal(visit_id, form, error.refusal, "" if error.visit == visit_id else sentence(error))
    except DomainError as error:
        form.refuse(error)
        return _refusal(visit_id, form, error)
    one, two = changed
    details = planning.get_visit(current_work(), current_actor(), current_branch(), visit_id)
    text = _("%(number)s and %(other)s have changed technicians.", number=one.external_id, other=two.external_id)
    other = {"id": two.visit_id, "rev": two.rev}
    return _json({"text": text, "kind": "good", "visit": _visit(details.visit, details.state), "other": other})


@blueprint.post("/board/visits/<visit_id>/pin")
def pin(visit_id: str) -> ResponseReturnValue:
    """Hold the visit where it is planned, or with `off` let it go; 409 and the reason in words where that cannot be."""
    try:
        text = pin_by(visit_id, PinForm())
    except DomainError as error:
        return _json({"text": sentence(error)}), 409
    return _json({"text": text, "kind": "good"})


def _asked() -> Asked:
    """What the address asks for; nonsense is today."""
    args, page = request.args, request.args.get("page", "")
    show, (days, size) = args.get("show", ""), _VIEWS.get(args.get("view", ""), _VIEWS[""])
    asked = Asked(
        first=wanted_day(args.get("day")) or today(), days=days, size=size, team=args.get("team", ""),
        text=args.get("q", "").strip(), show=show if show in _SHOWS else "",  # type: ignore[arg-type]
        page=max(1, int(page[:4])) if page.isdecimal() else 1,
    )  # fmt: skip
    # What is at risk is known today only: of another day, rows that were chosen by it would say that nothing is.
    return replace(asked, show="") if asked.show == "at_risk" and not _is_now(asked) else asked


def _is_now(asked: Asked) -> bool:
    """Whether it is the one view that tells what needs somebody now."""
    return asked.days == 1 and asked.first == today()


def _board(found: Board) -> dict[str, Any]:
    return {
        "now": _wall(current_work().now()),
        "rows": [_row(one) for one in found.rows],
        "pool": [_bar(one) for one in found.pool],
        "pool_total": found.pool_total,
        "page": found.page,
        "pages": found.pages,
        "total": found.total,
        "alerts": [_alert(one) for one in found.alarm.alerts] if found.alarm else [],
        "alerts_total": found.alarm.total if found.alarm else 0,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "code": row.technician.code,
        "name": row.technician.name,
        "team": row.technician.team,
        **_heard(row.heard),
        "away": [_away(one) for one in row.away],
        "bars": [_bar(one) for one in row.bars],
    }


def _away(absence: Absence) -> dict[str, Any]:
    kind = words.word(calendar_words.KINDS, absence.kind)
    return {"id": absence.absence_id, "start": _wall(absence.span.start), "end": _wall(absence.span.end), "kind": kind}


def _heard(phone: Heard | None) -> dict[str, Any]:
    return {"heard": _wall(phone.seen_at), "unsent": phone.outbox} if phone else {}


def _bar(bar: Bar) -> dict[str, Any]:
    happened = bar.happened
    times = {"departed": happened.departed, "arrived": happened.arrived, "ended": happened.ended, "left": happened.left}
    return {
        **_visit(bar.visit, bar.state),
        "standings": bar.standings,
        "pinned": bar.pinned,
        **({"way": round(bar.way / timedelta(minutes=1))} if bar.way else {}),
        **{name: _wall(moment) for name, moment in times.items() if moment},
    }


def _alert(alert: Alert) -> dict[str, Any]:
    """What needs somebody: how likely, until when, and the one act, with the words for the customer ready."""
    window = alert.window
    return {
        "visit": {**_visit(alert.visit, alert.visit.state), "standings": ()},
        "expected": _wall(alert.expected) if alert.expected else None,
        "percent": max(5, round(alert.risk * 20) * 5),
        "until": _wall(alert.movable_until) if alert.movable_until else None,
        "act": alert.act,
        "technician": alert.technician,
        **_missing(alert),
        **({"other": _visit(alert.other, alert.other.state)} if alert.other else {}),
        **({"from": _wall(window.start), "to": _wall(window.end), "words": _apology(alert, window)} if window else {}),
    }


def _missing(alert: Alert) -> dict[str, Any]:
    """Why whoever was given it does not come."""
    if alert.missing is None:
        return {}
    absence = alert.missing.absence
    return {"missing": alert.missing.reason, "kind": words.word(calendar_words.KINDS, absence.kind) if absence else ""}


def _apology(alert: Alert, window: Window) -> str:
    """What to tell the customer, in the customer's language."""
    visit = alert.visit
    now = current_work().now().astimezone(current_zone()).date()
    is_today = all(one.start.astimezone(current_zone()).date() == now for one in (visit.window, window))
    with force_locale(visit.language.replace("-", "_")):
        # Where one of the two is not today's, a time alone could be taken for another day's.
        day = "" if is_today else f"{localdate(visit.window.start)} "
        return _(
            "Dear %(name)s, we are sorry: our technician will not be with you at %(old)s as promised. We now come "
            "between %(start)s and %(end)s. If this does not suit you, please tell us and we will find another time.",
            name=visit.customer_name, old=day + span(visit.window),
            start=localtime(window.start) if is_today else localmoment(window.start), end=localtime(window.end),
        )  # fmt: skip


def _visit(visit: Any, state: str) -> dict[str, Any]:
    """What a bar and the answer to a change both say of a visit."""
    return {
        "id": visit.visit_id, "number": visit.external_id, "rev": visit.rev, "state": state,
        "unsigned": state == "completed" and not visit.signed, "technician": visit.technician or "",
        "start": _wall(visit.planned.start), "end": _end(visit.planned), "from": _wall(visit.window.start),
        "to": _wall(visit.window.end), "customer": visit.customer_name, "address": visit.address,
        "minutes": int((visit.planned.end - visit.planned.start).total_seconds() // 60),
        "open": state not in _FIXED and not visit.held,
    }  # fmt: skip


def _refusal(
    visit_id: str, form: AssignForm | MoveForm, error: DomainError | None, before: str = ""
) -> ResponseReturnValue:
    """Why a change was refused, in words, and how the visit stands now."""
    details = planning.get_visit(current_work(), current_actor(), current_branch(), visit_id)
    told: dict[str, Any] = {
        "code": error.code if error else "invalid",
        "text": f"{before} {sentence(error)}".strip() if error else "",
        "errors": {name: str(errors[0]) for name, errors in form.errors.items() if name and errors},
        "visit": _visit(details.visit, details.state),
        "with_reason": bool(error) and error.code in OVERRIDABLE,
    }
    if isinstance(error, Conflict):
        told.update(_collision(error, details.names))
    kind = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 422)
    return _json(told), kind


def _collision(error: Conflict, names: Any) -> dict[str, Any]:
    """The other side of a conflict: whom and what it collides with, and the way there."""
    facts: Any = error.facts
    if error.code == "technician_busy":
        start, end = words.moment(facts["start"]), words.moment(facts["end"])
        return {
            "detail": f"{words.person(names, facts['technician'])}: {facts['other']}, {start} – {end}",
            "link": url_for("dispatch_visits.visit", visit_id=facts["other_visit"]),
            "link_text": facts["other"],
            **_exchange(facts["other_visit"]),
        }
    if error.code == "visit_changed" and facts["when"]:
        changes = ", ".join(words.word(words.EVENTS, one) for one in facts["changes"].split(","))
        who = words.person(names, facts["by"])
        return {"detail": f"{who}, {localmoment(datetime.fromisoformat(facts['when']))}: {changes}"}
    return {}


def _exchange(other: str) -> dict[str, Any]:
    """The visit that is in the way, where it could be given back for the one that is moved."""
    details = planning.get_visit(current_work(), current_actor(), current_branch(), other)
    told = _visit(details.visit, details.state)
    return {"swap": told} if told["open"] else {}


def _wall(moment: datetime) -> Any:
    return moment.astimezone(current_zone()).replace(tzinfo=None).isoformat(timespec="minutes")


def _end(span: Window) -> Any:
    """Where a bar ends. One that the clocks going back would end before it begins is drawn as long as it is."""
    start, end = (one.astimezone(current_zone()).replace(tzinfo=None) for one in (span.start, span.end))
    return (end if start < end else start + (span.end - span.start)).isoformat(timespec="minutes")


def _offset() -> str:
    """How far the branch's clock is from UTC now, as `+08:00`."""
    return current_work().now().astimezone(current_zone()).isoformat()[-6:]


def _json(content: Any) -> Response:
    """An answer for the script; what is long goes compressed."""
    body = msgspec.json.encode(content)
    response = Response(body, content_type="application/json")
    if len(body) > 2048 and "gzip" in request.accept_encodings:
        response.data = gzip.compress(body, 4)
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response
