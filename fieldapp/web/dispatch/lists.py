"""The dispatcher's overviews: the list, the day by technicians and hours, facts that wait for a decision."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, get_args

from flask import Blueprint, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from fieldapp.domain.busy_hours import MOST_WEEKS, Hours
from fieldapp.domain.calendar import Window
from fieldapp.services import phones, planning, saved_filters, visit_export
from fieldapp.services.planning import Day, Lane, SortKey, Visit, Wish
from fieldapp.services.table_files import MEDIA, table
from fieldapp.web import busy_words
from fieldapp.web import visit_words as words
from fieldapp.web.context import current_actor, current_branch, current_work, current_zone
from fieldapp.web.guards import only

blueprint = Blueprint("dispatch", __name__)

#: Hours of the week are looked for in so many weeks, where nobody says in which.
HOURS_WEEKS = 13
#: The grid's step; work is shown to the quarter of an hour, its exact times stand in the words.
STEP = timedelta(minutes=15)


@dataclass(frozen=True)
class Cell:
    """A stretch of one line of the grid: a visit, or None for time between visits; `span` in steps."""

    span: int
    visit: Visit | None = None


def overview() -> dict[str, Any]:
    """What every page of the dispatcher shows beside its own: words, and how much waits."""
    pool, held = planning.counts(current_work(), current_actor(), current_branch())
    waiting = phones.count_alerts(current_work(), current_actor(), current_branch())
    return {"words": words, "pool_count": pool, "held_count": held, "phone_count": waiting}


def beside() -> dict[str, Any]:
    """What pages show that others open, too: dispatchers open what they plan, others read how a visit went."""
    plans = current_actor().role == "dispatcher"
    opens = "dispatch_visits.visit" if plans else "scores.visit"
    return {**(overview() if plans else {"words": words}), "plans": plans, "opens": opens}


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """All visits; narrowed, sorted, page by page. Without any wish: from today on."""
    return show(dict(request.args.items()) or {"from": today().isoformat()})


def show(args: dict[str, str], refused: Mapping[str, str] | None = None) -> str:
    """The list for these wishes; `refused`: which saved filter could not be called what, and why."""
    args = _dated(args)
    sort, page = args.get("sort", "window"), args.get("page", "")
    found = planning.list_visits(
        current_work(), current_actor(), current_branch(), **_wanted(args),
        sort=sort if sort in get_args(SortKey) else "window",  # type: ignore[arg-type]
        descending=args.get("down") == "1", page=max(1, int(page[:5])) if page.isdecimal() else 1,
    )  # fmt: skip
    names = {one.code: one.name for one in found.technicians}
    return render_template(
        "dispatch/list.html",
        found=found,
        names=names,
        args=args,
        hours=Hours.parse(args.get("hours", "")),
        busy_words=busy_words,
        saved=saved_filters.list_own(current_work(), current_actor(), current_branch()),
        refused=refused or {},
        sort=sort,
        at=_at("dispatch.index", args),
        **beside(),
    )


@blueprint.get("/visits/<visit_id>/place")
def place(visit_id: str) -> ResponseReturnValue:
    """What else was or will be at the address or number of one visit."""
    found = planning.look_at_place(current_work(), current_actor(), current_branch(), visit_id)
    return render_template("dispatch/place.html", found=found, **beside())


@blueprint.post("/visits.csv")
@only("dispatcher")
def export() -> ResponseReturnValue:
    """What the list shows, all pages of it, as CSV; the audit says who took it."""
    args = _dated(dict(request.form.items()))
    rows = visit_export.export(current_work(), current_actor(), current_branch(), **_wanted(args))
    target = io.BytesIO()
    with table("csv", target, "visits", visit_export.COLUMNS, bom=True) as put:
        for row in rows:
            put(row)
    target.seek(0)
    name = f"visits-{today().isoformat()}.csv"
    return send_file(target, mimetype=MEDIA["csv"], as_attachment=True, download_name=name)


def _wanted(args: Mapping[str, str]) -> Wish:
    """What the filters say; nonsense narrows nothing."""
    wish = Wish(
        text=args.get("q", ""), states=[args["state"]] if args.get("state") in words.STATES else [],
        technician=args.get("technician") or None, first=wanted_day(args.get("from")), last=wanted_day(args.get("to")),
        still_on=args.get("state") == "-", broken=args.get("broken") == "1", hours=Hours.parse(args.get("hours", "")),
    )  # fmt: skip
    return {**wish, "by": "planned"} if args.get("by") == "planned" else wish


def _dated(args: dict[str, str]) -> dict[str, str]:
    """Hours of the week are looked for between two days: those that are not said, said."""
    if Hours.parse(args.get("hours", "")):
        last = wanted_day(args.get("to")) or today()
        first = wanted_day(args.get("from")) or last - timedelta(weeks=HOURS_WEEKS, days=-1)
        earliest = last - timedelta(weeks=MOST_WEEKS, days=-1)
        args |= {"from": max(first, earliest).isoformat(), "to": last.isoformat()}
    return args


@blueprint.get("/day")
@only("dispatcher")
def day() -> ResponseReturnValue:
    """One day: who works where and when, and what nobody was given yet."""
    now = today()
    wanted = wanted_day(request.args.get("day")) or now
    found = planning.look_at_day(current_work(), current_actor(), current_branch(), wanted)
    lanes = [Lane(None, found.pool), *found.lanes] if found.pool else found.lanes
    grid = [(lane, [_cells(line, found) for line in _lines(lane.visits)]) for lane in lanes]
    hours = [found.shown.start + timedelta(hours=n) for n in range((found.shown.end - found.shown.start) // _HOUR)]
    return render_template(
        "dispatch/day.html", found=found, grid=grid, hours=hours, now=current_work().now(), today=now,
        before=wanted - timedelta(days=1), after=wanted + timedelta(days=1), per_hour=_HOUR // STEP, **overview(),
    )  # fmt: skip


@blueprint.get("/held")
@only("dispatcher")
def held() -> ResponseReturnValue:
    """Facts that phones sent against the plan."""
    waiting = planning.list_disputed(current_work(), current_actor(), current_branch())
    people = planning.list_technicians(current_work(), current_actor(), current_branch())
    return render_template(
        "dispatch/held.html", waiting=waiting, names={one.code: one.name for one in people}, **overview()
    )


_HOUR = timedelta(hours=1)


def wanted_day(text: str | None) -> date | None:
    """A day of an address; nonsense is none."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if 2000 <= found.year < 2100 else None


def today() -> date:
    """The day that it is in the branch."""
    return current_work().now().astimezone(current_zone()).date()


def _at(endpoint: str, args: dict[str, str]) -> Callable[..., str]:
    """`at(page=2)`: this page with some arguments changed."""

    def at(**changed: Any) -> str:
        kept = {name: value for name, value in args.items() if value and name not in changed}
        return url_for(endpoint, **kept, **{name: value for name, value in changed.items() if value})

    return at


def _lines(visits: Sequence[Visit]) -> list[list[Visit]]:
    """The visits on as few lines as none runs into another; one empty line for nobody's visits."""
    lines: list[list[Visit]] = []
    for visit in sorted(visits, key=lambda one: one.planned.start):
        for line in lines:
            if _stretch(line[-1]).end <= _stretch(visit).start:
                line.append(visit)
                break
        else:
            lines.append([visit])
    return lines or [[]]


def _stretch(visit: Visit) -> Window:
    """The planned work in whole steps, at least two: a block must be wide enough to be read and hit."""
    start = datetime.min.replace(tzinfo=visit.planned.start.tzinfo)
    down = (visit.planned.start - start) // STEP
    up = max(down + 3, -((start - visit.planned.end) // STEP))
    return Window(start + down * STEP, start + up * STEP)


def _cells(line: Sequence[Visit], found: Day) -> list[Cell]:
    """One line of the grid from edge to edge; what lies beyond the shown hours is cut there."""
    cells, at = [], found.shown.start
    for visit in line:
        stretch = _stretch(visit)
        start, end = max(stretch.start, at), min(stretch.end, found.shown.end)
        if start > at:
            cells.append(Cell((start - at) // STEP))
        cells.append(Cell((end - start) // STEP, visit))
        at = end
    if at < found.shown.end:
        cells.append(Cell((found.shown.end - at) // STEP))
    return cells
