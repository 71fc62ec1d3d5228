"""Messages to customers: which one follows from what happened, when it may be sent, and when it has become untrue.

Owns kinds, times, places to fill in; knows no channel and no sentence (`services.message_texts` has the usual ones).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from msgspec import UNSET

from fieldapp.domain import numbers
from fieldapp.domain.calendar import Window
from fieldapp.domain.errors import Invalid
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.domain.visits.lifecycle import VisitState, replay

Kind = Literal["confirmation", "reminder", "who_comes", "on_way", "late", "moved", "cancelled", "receipt"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: From which facts a message may follow.
TRIGGERS: dict[str, frozenset[Kind]] = {
    "visit.scheduled": frozenset({"confirmation", "reminder"}),
    "visit.assigned": frozenset({"who_comes"}),
    "visit.amended": frozenset({"confirmation"}),
    "promise.changed": frozenset({"late", "moved", "reminder"}),
    "visit.cancelled": frozenset({"cancelled"}),
    "visit.reinstated": frozenset({"confirmation", "reminder", "receipt"}),
    "visit.voided": frozenset({"cancelled"}),
    "visit.departed": frozenset({"on_way"}),
    "visit.completed": frozenset({"receipt"}),
}
#: Who waits for these waits now, at whatever hour.
URGENT: frozenset[Kind] = frozenset({"on_way"})
#: Who is at home for what this calls off waits, too, when that is near.
CALLS_OFF: frozenset[Kind] = frozenset({"late", "moved", "cancelled"})
_SOON_URGENT: frozenset[Kind] = CALLS_OFF | {"who_comes"}
#: What tells a customer that the window it names stands.
CONFIRMS: frozenset[Kind] = frozenset({"confirmation", "late", "moved"})
#: When in the afternoon before, by the branch's clock, customers are reminded.
REMINDED_AT = time(17)
#: How old news may be and still be worth telling.
_FRESH: dict[Kind, timedelta] = {"on_way": timedelta(hours=2), "receipt": timedelta(days=7)}
#: What was put off until the morning comes at least so long before the window, or in the night.
_BEFORE = timedelta(hours=1)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")

#: What a template may speak of.
PLACES = ("customer", "number", "day", "window", "technician", "company", "apology", "link")
LONGEST_SUBJECT, LONGEST_BODY = 120, 1000
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a branch sends, and between which hours of its clock nothing that has time is sent."""

    off: frozenset[Kind] = frozenset()
    quiet_from: time = time(21)
    quiet_to: time = time(8)

    @property
    def types(self) -> set[str]:
        """Facts from which a message may follow."""
        return {kind for kind, made in TRIGGERS.items() if made - self.off}

    def morning_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet hours end that the moment lies in; None when it lies in none."""
        local = moment.astimezone(zone)
        start, end, clock = self.quiet_from, self.quiet_to, local.time()
        if start == end or not (start <= clock < end if start < end else clock >= start or clock < end):
            return None
        day = local.date() if clock < end else local.date() + timedelta(days=1)
        return datetime.combine(day, end, zone).astimezone(moment.tzinfo)


def is_email(text: str) -> bool:
    """Whether this can be a mail address."""
    return len(text) <= 200 and _EMAIL.fullmatch(text) is not None


def masked_email(address: str) -> str:
    """Enough to tell two customers apart."""
    name, at, host = address.rpartition("@")
    return f"{name[:1]}•••{at}{host}" if at else ""


def window_before(history: Iterable[Event], event: Event) -> Window | None:
    """The promise that was in force until this fact of the visit's history; None where there was none."""
    state = state_before(history, event)
    return Window(state.promise.start, state.promise.end) if state else None


def state_before(history: Iterable[Event], event: Event) -> VisitState | None:
    """The visit as it stood until this fact of its history; None where it was not scheduled yet."""
    earlier = [one for one in history if one.order < event.order or isinstance(one.data, ev.VisitScheduled)]
    return replay(one for one in earlier if one.id != event.id)


def moved_as(new: Window, before: Window | None, moment: datetime, zone: ZoneInfo) -> Kind:
    """As what customers are told of a window that the company gives them."""
    is_today = new.start.astimezone(zone).date() == moment.astimezone(zone).date()
    return "late" if is_today and is_later(new, before) else "moved"


def put_right(before: ev.Customer, data: ev.Data) -> frozenset[str]:
    """The channels by which a correction of the order reaches its customer elsewhere than before."""
    if not isinstance(data, ev.VisitAmended) or data.customer is UNSET:
        return frozenset()
    now, found = data.customer, set[str]()
    if numbers.bare(now.phone) not in {"", numbers.bare(before.phone)}:
        found.add("sms")
    if (now.email or "").casefold() not in {"", (before.email or "").casefold()}:
        found.add("mail")
    return frozenset(found)


def technician_at(history: Iterable[Event], moment: datetime) -> str | None:
    """Whose visit it was just before then; None where it was nobody's."""
    state = replay(one for one in history if one.effective_at < moment or isinstance(one.data, ev.VisitScheduled))
    return state.technician if state else None


def names_somebody(text: str) -> bool:
    """Whether the words tell who comes."""
    return "technician" in _PLACE.findall(text)


def is_later(new: Window, before: Window | None) -> bool:
    """Whether the customer has to wait longer: nobody is late who comes earlier than was promised."""
    return before is not None and new.start > before.start


def follows(
    event: Event, zone: ZoneInfo, before: Window | None = None, state: str = "planned"
) -> tuple[Kind, ...]:  # fmt: skip
    """Which messages follow from a fact, whether or not they are still true; `before` was promised until then, and
    `state` is the visit's by now."""
    data = event.data
    if event.type == "visit.reinstated" and state == "completed":
        return ("receipt",)  # what was done counts only now: nobody was told when it was done
    if isinstance(data, ev.PromiseChanged):
        new = Window(data.promise.start, data.promise.end)
        is_ours = data.asked_by == "company"
        return moved_as(new, before, event.effective_at, zone) if is_ours else "moved", "reminder"
    if event.type == "visit.voided":
        # Whom somebody came to early still has it in their calendar; once it has begun, who came may have been for it.
        return ("cancelled",) if before is not None and event.effective_at < before.start else ()
    usual: dict[str, tuple[Kind, ...]] = {
        "visit.scheduled": ("confirmation", "reminder"), "visit.reinstated": ("confirmation", "reminder"),
        "visit.amended": ("confirmation",), "visit.assigned": ("who_comes",), "visit.cancelled": ("cancelled",),
        "visit.departed": ("on_way",),
        "visit.completed": ("receipt",),
    }  # fmt: skip
    return usual.get(event.type, ())


def is_urgent(
    kind: Kind, window: Window, now: datetime, rules: Rules, zone: ZoneInfo, before: Sequence[Window] = ()
) -> bool:  # fmt: skip
    """Whether it should reach the customer within minutes; `before` as in `due_at`."""
    begins = _first_to_come((window, *before), now)
    if kind in URGENT or kind not in _SOON_URGENT or begins is None:
        return kind in URGENT
    is_today = begins.astimezone(zone).date() <= now.astimezone(zone).date()
    return is_today or begins < (rules.morning_after(now, zone) or now) + _BEFORE


def due_at(
    kind: Kind, window: Window, now: datetime, rules: Rules, zone: ZoneInfo, before: Sequence[Window] = ()
) -> datetime | None:  # fmt: skip
    """When to send it; None when there is no time left for it (a reminder of what is tomorrow morning).

    `before`: the windows that it may be news to the customer are gone: nobody is to wait for one of them meanwhile.
    """
    if kind == "reminder":
        at = _reminded_at(window, rules, zone).astimezone(now.tzinfo)
        return at if at > now else None
    if kind in URGENT:
        return now
    morning, begins = rules.morning_after(now, zone), _first_to_come((window, *before), now)
    if morning is None or (kind != "receipt" and begins is not None and begins < morning + _BEFORE):
        return now
    return morning


def _first_to_come(windows: Iterable[Window], now: datetime) -> datetime | None:
    """When the first of them begins or began; those that are over wait for nobody."""
    return min((one.start for one in windows if now < one.end), default=None)


def _reminded_at(window: Window, rules: Rules, zone: ZoneInfo) -> datetime:
    """The usual time of the day before, or when quiet hours that it lies in are over. Where that is on the day itself,
    when nothing is "tomorrow" any more: before they begin, with some time to be delivered in."""
    day = window.start.astimezone(zone).date() - timedelta(days=1)
    usual = datetime.combine(day, REMINDED_AT, zone)
    morning = rules.morning_after(usual, zone)
    if morning is None or morning.date() == day:
        return morning or usual
    early = max(datetime.combine(day, rules.quiet_from, zone) - _BEFORE, datetime.combine(day, time(0), zone))
    return rules.morning_after(early, zone) or early


def not_before(
    kind: Kind, window: Window, now: datetime, rules: Rules, zone: ZoneInfo, before: Sequence[Window] = ()
) -> datetime:  # fmt: skip
    """When the quiet hours let go what is due by now."""
    if kind != "reminder":
        return due_at(kind, window, now, rules, zone, before) or now
    # Noted for the usual time before the quiet hours were set to lie around it: rather then than never.
    usual = datetime.combine(window.start.astimezone(zone).date() - timedelta(days=1), REMINDED_AT, zone)
    if _reminded_at(window, rules, zone) < usual and now < usual + _BEFORE:
        return now
    return rules.morning_after(now, zone) or now


def untrue(
    kind: Kind, said: Window, window: Window, state: str, since: datetime, now: datetime, zone: ZoneInfo
) -> str | None:  # fmt: skip
    """Why a message about `said` must not be sent any more (a code); None while it is true.

    `window` and `state` are the visit's as they stand now, `since` when it happened what is told.
    """
    if now - since > _FRESH.get(kind, timedelta(days=1000)):
        return "too_late"
    if kind == "receipt":
        return None if state == "completed" else "overtaken"
    if now >= said.end and kind != "on_way":
        return "too_late"
    if kind == "reminder" and now.astimezone(zone).date() >= said.start.astimezone(zone).date():
        return "too_late"  # it says "tomorrow"
    if kind == "cancelled":
        return None if state in {"cancelled", "void"} else "overtaken"
    if said != window:
        return "overtaken"
    fitting = {"on_way": {"en_route"}, "late": {"planned", "en_route"}}.get(kind, {"planned", "en_route"})
    return None if state in fitting else "overtaken"


def check_template(subject: str, body: str) -> None:
    """Raises `Invalid` template_empty, template_long, template_place with the field at fault."""
    for field, text, most in (("subject", subject, LONGEST_SUBJECT), ("body", body, LONGEST_BODY)):
        if not text.strip():
            raise Invalid("template_empty", field=field)
        if len(text) > most:
            raise Invalid("template_long", field=field, most=most)
        for place in _PLACE.findall(text):
            if place not in PLACES:
                raise Invalid("template_place", field=field, value=place, places=", ".join(PLACES))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its places filled in; lines that are left empty by it close up. What is filled in is never read
    for places again."""
    lines = [_PLACE.sub(lambda found: values.get(found[1], ""), line).rstrip() for line in text.strip().splitlines()]
    kept = [line for line, before in zip(lines, [None, *lines], strict=False) if line or before]
    return "\n".join(kept).strip()
