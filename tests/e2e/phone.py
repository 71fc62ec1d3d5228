"""What tests of the technician's app share: planned visits, reading the phone's storage, waiting for its words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fieldapp.domain import ids
from fieldapp.domain.calendar import day_bounds
from fieldapp.domain.visits.events import Event, VisitAssigned
from fieldapp.services import recording
from fieldapp.storage import events
from fieldapp.storage.events import Record
from tests import builders, cast

#: The page's own copies of its modules: what a test calls is what the page runs.
_LOAD = "const load = (name) => import(document.querySelector('script[type=module]').src.replace('phone.js', name));"


def plan(work: Any, name: str, *, hours: float = 1.0, technician: str = "T001", visit: str | None = None) -> str:
    """Schedule a visit with a window that opens in about `hours` from now, still today; returns its id."""
    start = _today(hours)
    external = visit or f"E-{name}-{hours}"
    told = builders.scheduled(external, start, technician, customer=builders.customer(name=name))
    record = Record(event=builders.as_event(told), origin="office", received_at=datetime.now(UTC))
    with work.write() as db:
        recording.record(db, cast.MAIN, [record], datetime.now(UTC))
    return ids.visit_id(cast.MAIN, external)


def _today(hours: float) -> datetime:
    """The hour that is now and so many more; late in the evening the rest of the day is shared out instead."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    midnight = day_bounds(now.astimezone(ZoneInfo(cast.ZONE)).date(), ZoneInfo(cast.ZONE))[1]
    start = now + timedelta(hours=hours)
    return start if start < midnight else now + (midnight - now) * hours / (hours + 1)


def give(work: Any, visit: str, technician: str) -> None:
    """The office gives the visit to somebody else."""
    data = VisitAssigned(technician=technician)
    event = Event(
        id=ids.EventId(work.new_id()), type=data.event_type, visit=ids.VisitId(visit), actor="D001", data=data,
        effective_at=datetime.now(UTC),
    )  # fmt: skip
    record = Record(event=event, origin="office", received_at=datetime.now(UTC))
    with work.write() as db:
        recording.record(db, cast.MAIN, [record], datetime.now(UTC))


def run(page: Any, body: str, *args: Any) -> Any:
    """Run `body` in the page; it may `await load("sync/journal.js")` and read `args`."""
    return page.evaluate(f"async (args) => {{ {_LOAD} {body} }}", list(args))


def call(page: Any, module: str, name: str, *args: Any) -> Any:
    """Call one export of one of the client's modules in the page."""
    return run(
        page, "const [module, name, rest] = args; return (await load(module))[name](...rest);", module, name, args
    )


def append(page: Any, visit: str, kind: str, data: dict[str, Any] | None = None) -> Any:
    """Write one fact on the phone; returns `{id, seq}` when it is on its disk."""
    return call(page, "sync/journal.js", "append", visit, kind, data or {})


def outbox(page: Any) -> list[dict[str, Any]]:
    """The phone's outbox as it is stored, without the sealed payloads."""
    return run(
        page,
        """const { store } = await load("sync/store.js");
        return (await store().getAll("outbox")).map(({ payload, ...rest }) => rest);""",
    )


def sync(page: Any) -> None:
    """Talk to the server, from beginning to end: a talk under way may have read the outbox already."""
    run(
        page,
        """const { syncNow, syncState } = await load("sync/engine.js");
        if (syncState().phase !== "idle") await syncNow();
        await syncNow();""",
    )


def wait_until_sent(page: Any) -> None:
    """Wait for the words `on the server`, with nothing left on the phone."""
    page.wait_for_function("() => document.querySelector('#sync')?.dataset.tone === 'done'")


def wait_until_kept(page: Any) -> None:
    """Wait until the service worker has the whole release and controls the page."""
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")


def stored(work: Any, visit: str) -> list[str]:
    """The types of the facts that the server holds of a visit."""
    with work.read() as db:
        histories, _ = events.histories(db, cast.MAIN, [visit])
    return [event.type for event in histories[visit]]
