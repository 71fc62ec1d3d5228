"""The words of the norm sheet where it is edited: its numbers, its changes, and what can be wrong with them."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from fieldapp.domain.scoring.drafting import Change
from fieldapp.domain.scoring.rulebook import Fault
from fieldapp.web.money import money
from fieldapp.web.score_words import DISCIPLINES, ITEMS
from fieldapp.web.templating import in_percent

KINDS: dict[str, Any] = {"rate": _l("by share"), "exception": _l("by exception")}

#: Columns of an item.
COLUMNS: dict[str, Any] = {
    "points": _l("Points"),
    "kind": _l("Counted"),
    "target": _l("Target"),
    "min_sample": _l("Smallest sample"),
    "allow": _l("Findings allowed"),
}

#: Parameter -> what it is, and its unit.
PARAMETERS: dict[str, tuple[Any, Any]] = {
    "award_base": (_l("Full award"), _l("in the branch's currency, paid for 100")),
    "award_floor": (_l("Floor"), _l("a score below it earns no award")),
    "award_cap": (_l("Cap"), _l("a score above it is paid as this")),
    "commendation_points": (_l("Points for a commendation"), _l("each")),
    "commendation_cap": (_l("Most points by commendations"), _l("in a month")),
    "min_visits": (_l("Visits before there is a score"), _l("judged in the month")),
    "notice_minutes": (_l("A change is in time"), _l("minutes before the promised start")),
    "call_ahead_minutes": (_l("A call ahead counts"), _l("minutes before arrival")),
    "grace_minutes": (_l("Grace after the window"), _l("minutes")),
    "linger_minutes": (_l("Time to leave after the signature"), _l("minutes")),
    "missed_after_minutes": (_l("A visit counts as missed"), _l("minutes after the window, without an arrival")),
    "appeal_days": (_l("Days to appeal"), _l("days")),
    "answer_days": (_l("Days to answer an appeal"), _l("days")),
}
#: The parameters as the form groups them.
GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_l("Score and award"), (
        "award_base", "award_floor", "award_cap", "commendation_points", "commendation_cap", "min_visits",
    )),
    (_l("Times"), ("notice_minutes", "call_ahead_minutes", "grace_minutes", "linger_minutes", "missed_after_minutes")),
    (_l("Appeals"), ("appeal_days", "answer_days")),
)  # fmt: skip

STATES: dict[str, tuple[str, Any]] = {
    "open": ("", _l("draft")),
    "proposed": ("warn", _l("proposed")),
    "published": ("good", _l("published")),
    "discarded": ("", _l("discarded")),
}

#: What is wrong with a draft; `draft_overtaken` is what the page says before anybody presses a button.
FAULTS: dict[str, Any] = {
    "number_range": _l("Write a whole number from %(least)s to %(most)s."),
    "target_range": _l("Write a share above 0 and up to 1, such as 0.95 for 95 %%."),
    "kind_unknown": _l("Choose how it is counted."),
    "amount_malformed": _l("Write an amount such as 300.00."),
    "month_malformed": _l("“%(value)s” is no month. Write it as 2026-10."),
    "month_past": _l("A version is never in force backwards: %(earliest)s at the soonest."),
    "month_far": _l("This is far ahead: %(latest)s at the latest."),
    "month_before_last": _l("The version before it begins in %(last)s: begin then or later."),
    "floor_over_cap": _l("Nobody could earn an award: the floor is above the cap of %(cap)s."),
    "draft_overtaken": _l("Another version was published since. Withdraw this, look at it again and propose it anew."),
    "draft_changed": _l("This draft was changed in another window. Keeping it now writes over that."),
    "reason_missing": _l("Please give a reason."),
    "text_too_long": _l("This is too long: at most %(limit)s characters."),
}


def fault(one: Fault) -> str:
    """What is wrong, in the reader's language."""
    if one.code == "points_sum":
        return _sum(int(str(one.facts["total"])), int(str(one.facts["missing"])))
    text = FAULTS.get(one.code)
    return gettext("The norm sheet is not as it should be.") if text is None else str(text) % one.facts


def _sum(total: int, missing: int) -> str:
    if missing > 0:
        return ngettext(
            "The points sum to %(total)s: one point is missing.",
            "The points sum to %(total)s: %(num)s points are missing.", missing, total=total,
        )  # fmt: skip
    return ngettext(
        "The points sum to %(total)s: one point too many.", "The points sum to %(total)s: %(num)s points too many.",
        -missing, total=total,
    )  # fmt: skip


def label(where: str) -> str:
    """What a field is called: `punctual.points`, `punctual`, `award_floor`."""
    code, _, column = where.partition(".")
    if code == "discipline":
        return str(DISCIPLINES.get(column, column))
    if code in ITEMS:
        title = str(ITEMS[code][0])
        return f"{title} · {COLUMNS[column]}" if column else title
    return str({"in_force_from": gettext("In force from"), "why": gettext("Why")}.get(code) or PARAMETERS[code][0])


def values(change: Change) -> tuple[str, str]:
    """Both values as people read them."""
    return _value(change.where, change.before), _value(change.where, change.after)


def _value(where: str, value: str | None) -> str:
    code, _, column = where.partition(".")
    if value is None:
        return gettext("not judged")
    if code in ITEMS and not column:
        return ngettext("%(num)s point", "%(num)s points", int(value))
    if column == "kind":
        return str(KINDS[value])
    if column == "target":
        return f"{in_percent(value)}%" if value else "–"
    return money(value) if code == "award_base" else value or "–"


def by_field(faults: Iterable[Fault]) -> dict[str, list[str]]:
    """Sentences by field; those about the whole sheet under an empty name."""
    found: dict[str, list[str]] = {}
    for one in faults:
        found.setdefault(one.where, []).append(fault(one))
    return found
