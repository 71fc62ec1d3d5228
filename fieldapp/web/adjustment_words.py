"""The words of adjustments: figures before and after, and what changed behind them. Codes come from the domain."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from fieldapp.domain.adjustments import UNTOLD, Difference, FindingChange, VerdictChange, VisitChange
from fieldapp.domain.closing import Figure, ItemFigure
from fieldapp.domain.scoring.rulebook import Item, Rulebook
from fieldapp.web import evidence_words, score_words
from fieldapp.web.money import money

#: What became of a proposal.
STATES: dict[str, Any] = {
    "open": _l("waits for a second person"),
    "confirmed": _l("confirmed"),
    "refused": _l("refused"),
    "withdrawn": _l("withdrawn"),
    "overtaken": _l("overtaken by a newer proposal"),
}
_SIDES: dict[str | None, Any] = {
    "met": _l("met"), "breached": _l("breached"), "adverse": _l("counts against the item"),
    "veto": _l("takes the month's award"), "commendation": _l("one point more"), None: _l("counts nothing"),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One figure that two people look at, before and after; `is_same` where it did not move."""

    label: str
    before: str
    after: str
    is_same: bool


@dataclass(frozen=True)
class Told:
    """A visit or a finding that counts otherwise: what, in short how, and verdict by verdict (title, how, why)."""

    title: str
    said: str
    lines: tuple[tuple[str, str, str], ...] = ()
    visit: str | None = None
    finding: str | None = None


def signed(amount: Decimal) -> str:
    """An amount of money with its sign, e.g. `+15.00`, `−9.00`, `±0.00`."""
    sign = "±" if not amount else "+" if amount > 0 else "−"
    return sign + money(abs(amount))


def rows(before: Figure, after: Figure, book: Rulebook) -> list[Row]:
    """What the month came to, and each item that moved."""
    found = [
        _row(_("Visits judged"), str(before.judged_visits), str(after.judged_visits)),
        _row(_("Points"), f"{before.earned} / {before.assessed}", f"{after.earned} / {after.assessed}"),
        _row(_("Commendations"), str(before.commendations), str(after.commendations)),
        _row(_("Score"), score(before), score(after)),
        _row(_("Award"), award(before), award(after)),
    ]
    return [*found, *_items(before, after, book)]


def score(figure: Figure) -> str:
    """The score, or that there were not enough visits."""
    return str(figure.score) if figure.status == "assessed" else _("not enough visits")


def award(figure: Figure) -> str:
    """The award, and why there is none."""
    if figure.veto:
        return _("%(amount)s (vetoed)", amount=money(figure.award))
    return money(figure.award)


def _items(before: Figure, after: Figure, book: Rulebook) -> Iterator[Row]:
    then, latest = ({one.code: one for one in side.items} for side in (before, after))
    for item in book.items:
        old, new = then.get(item.code), latest.get(item.code)
        if old is not None and new is not None and old != new:
            yield _row(evidence_words.title(item.code), counted(old, item), counted(new, item))


def counted(figure: ItemFigure, item: Item) -> str:
    """An item's counts and what they come to, e.g. `19 of 20: achieved`."""
    status = str(score_words.STATUS[figure.status])
    if item.kind == "exception":
        found = ngettext("%(num)s upheld finding", "%(num)s upheld findings", figure.adverse)
        return _("%(counts)s: %(status)s", counts=found, status=status)
    sample = figure.met + figure.breached
    if not sample:
        return status
    counts = _("%(met)s of %(sample)s", met=figure.met, sample=sample)
    return _("%(counts)s: %(status)s", counts=counts, status=status)


def _row(label: str, before: str, after: str) -> Row:
    return Row(label, before, after, before == after)


# --- Behind them --------------------------------------------------------------------------------------------------


def changes(difference: Difference, code: str | None = None) -> list[Told]:
    """Every visit and finding that counts otherwise, or those in which one item does."""
    visits = [one for one in difference.visits if code is None or any(it.code == code for it in one.verdicts)]
    findings = [one for one in difference.findings if code in (None, one.code)]
    return [*(_visit(one) for one in visits), *(_finding(one) for one in findings)]


def _visit(change: VisitChange) -> Told:
    return Told(
        title=change.external_id, said=_outcomes(change), lines=tuple(_verdict(one) for one in change.verdicts),
        visit=change.visit,
    )  # fmt: skip


def _outcomes(change: VisitChange) -> str:
    if change.before is None:
        return _("new in this month: %(outcome)s", outcome=score_words.OUTCOMES[change.after])
    if change.after is None:
        return _("counts here no longer (was: %(outcome)s)", outcome=score_words.OUTCOMES[change.before])
    if change.before != change.after:
        return _arrow(score_words.OUTCOMES[change.before], score_words.OUTCOMES[change.after])
    return str(score_words.OUTCOMES[change.after])


def _verdict(change: VerdictChange) -> tuple[str, str, str]:
    if change == UNTOLD:
        return _("The customer’s answers"), _("hidden until the call"), ""
    before, after = (_met(one) for one in (change.before, change.after))
    how = after if change.before is None else _arrow(before, after)
    return evidence_words.title(change.code), how, str(score_words.SOURCES[change.source])


def _met(met: bool | None) -> str:
    return _("no verdict") if met is None else str(_SIDES["met" if met else "breached"])


def _finding(change: FindingChange) -> Told:
    title = _("%(source)s: %(what)s", source=score_words.FINDING_SOURCES[change.source],
              what=evidence_words.title(change.code))  # fmt: skip
    return Told(title, _arrow(_SIDES[change.before], _SIDES[change.after]), finding=change.finding)


def _arrow(before: object, after: object) -> str:
    return f"{before} → {after}"
