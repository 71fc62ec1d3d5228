"""The monthly slip in words: one view for the page and the paper, so that both say the same."""

from datetime import datetime
from decimal import Decimal

from flask_babel import gettext as _
from flask_babel import ngettext

from fieldapp.domain.closing import Figure, ItemFigure
from fieldapp.domain.scoring.rulebook import Item as Rule
from fieldapp.domain.scoring.rulebook import Rulebook
from fieldapp.services.adjusted import Adjusted
from fieldapp.services.slip_pdf import Change, Headings, Item, Pair, Paper
from fieldapp.services.slips import Slip
from fieldapp.web import adjustment_words, evidence_words, score_words
from fieldapp.web.context import current_zone
from fieldapp.web.locale import current_language
from fieldapp.web.money import money, price
from fieldapp.web.templating import in_percent

#: The font on paper has no minus sign; its dash is as wide.
_MINUS, _DASH = "−", "–"


def paper(slip: Slip) -> Paper:
    """Everything that stands on a slip, in the reader's language."""
    standing, row, book = slip.standing, slip.sealed.row, slip.sealed.book
    return Paper(
        language=current_language(), made_at=slip.now, title=_("Monthly slip %(month)s", month=slip.month),
        company=slip.branch.name, footer=f"{standing.name} ({standing.technician}) · {slip.month}",
        headings=Headings(
            figures=_("Figures"), items=_("Items"), adjustments=_("After the close"), seal=_("Seal and audit"),
        ),
        facts=[
            (_("Technician"), f"{standing.name} ({standing.technician})"),
            (_("Month"), _("%(month)s, times of %(zone)s", month=slip.month, zone=slip.branch.timezone)),
            (_("Rulebook"), book.name),
            (_("Closed"), _closed(row.closed_at, row.proposed_by, row.confirmed_by)),
            (_("Printed"), _moment(slip.now)),
        ],
        remarks=_remarks(standing.figure, book), figures=_figures(slip), columns=_columns(),
        items=_items(standing.closed, standing.figure, book),
        adjustments=[_change(one) for one in standing.adjustments],
        seal=[
            (_("Fingerprint of the month"), row.fingerprint),
            (_("Fingerprint of this sheet"), slip.sealed.sheets.get(standing.technician, _("not listed"))),
            *(
                (_("Fingerprint of adjustment %(number)s", number=number), one.row.fingerprint)
                for number, one in enumerate(standing.adjustments, start=1)
            ),
            (_("Signed by key"), slip.sealed.snapshot.key),
            (_("End of the audit chain"), slip.head_code),
        ],
        note=_(
            "Keep this slip: it holds the end of the audit chain on this day. “fieldapp doctor --head” with that line "
            "shows whether anything that was recorded until then has been changed since."
        ),
    )  # fmt: skip


def _closed(moment: datetime, first: str, second: str) -> str:
    return _("%(moment)s, by %(first)s and %(second)s", moment=_moment(moment), first=first, second=second)


def _moment(moment: datetime) -> str:
    """Day and time in the branch's zone, with the year: paper is read years later."""
    return f"{moment.astimezone(current_zone()):%Y-%m-%d %H:%M}"


def _remarks(figure: Figure, book: Rulebook) -> list[str]:
    """Why there is no award, if so."""
    joint = _("; ")
    if figure.veto:
        return [_("No award this month: %(what)s", what=joint.join(map(evidence_words.title, figure.veto)))]
    if figure.status == "not_assessed":
        return [_("A score needs at least %(count)s judged visits in the month.", count=book.parameters.min_visits)]
    if figure.score < book.parameters.award_floor:
        return [_("below %(floor)s: no award", floor=book.parameters.award_floor)]
    return []


def _figures(slip: Slip) -> list[Pair]:
    """The arithmetic of what was closed, and the sum with what was adjusted since; the last line is what is paid."""
    closed, standing, currency = slip.standing.closed, slip.standing, slip.branch.currency
    lines = [
        (_("Visits judged"), str(closed.judged_visits)),
        (_("Points that could be assessed"), str(closed.assessed)),
        (_("Points earned"), str(closed.earned)),
        (_("Scaled: 100 × %(earned)s ÷ %(assessed)s", earned=closed.earned, assessed=closed.assessed),
         str(closed.base)),
        (_("Commendations: %(count)s, at most %(cap)s count", count=closed.commendations,
           cap=slip.sealed.book.parameters.commendation_cap), f"+ {closed.bonus}"),
        (_("Score"), adjustment_words.score(closed)),
    ]  # fmt: skip
    if not standing.adjustments:
        return [*lines, (_("Award"), price(closed.award, currency))]
    return [
        *lines,
        (_("Award when the month was closed"), price(closed.award, currency)),
        (ngettext("%(num)s adjustment", "%(num)s adjustments", len(standing.adjustments)), _signed(standing.award)),
        (_("Score that stands"), adjustment_words.score(standing.figure)),
        (_("Award that stands"), price(standing.figure.award, currency)),
    ]


def _columns() -> list[str]:
    return [_("Article"), _("Item"), _("Counted"), _("Needed"), _("Points"), ""]


def _items(closed: Figure, stands: Figure, book: Rulebook) -> list[Item]:
    """Every item of the norm with what was counted for it; where an adjustment changed it, both."""
    then, now = ({one.code: one for one in side.items} for side in (closed, stands))
    return [_item(rule, then[rule.code], now[rule.code]) for rule in book.items]


def _item(rule: Rule, then: ItemFigure, now: ItemFigure) -> Item:
    return Item(
        article=rule.article, title=evidence_words.title(rule.code),
        counted=_both(_counted(rule, then), _counted(rule, now)), needed=_needed(rule),
        points=_both(_points(rule, then), _points(rule, now)), status=str(score_words.STATUS[now.status]),
    )  # fmt: skip


def _both(then: str, now: str) -> str:
    return then if then == now else f"{then} → {now}"


def _counted(rule: Rule, figure: ItemFigure) -> str:
    """The numerator of the verdicts, or the findings."""
    if rule.kind == "exception":
        return ngettext("%(num)s upheld finding", "%(num)s upheld findings", figure.adverse)
    sample = figure.met + figure.breached
    return f"{figure.met} / {sample}" if sample else "–"


def _needed(rule: Rule) -> str:
    if rule.kind == "exception":
        return _("at most %(allow)s", allow=rule.allow)
    return f"{in_percent(rule.rate)}%"


def _points(rule: Rule, figure: ItemFigure) -> str:
    if figure.status == "not_assessed":
        return f"– / {rule.points}"
    return f"{rule.points if figure.status == 'achieved' else 0} / {rule.points}"


def _change(one: Adjusted) -> Change:
    said = one.content
    sides = (adjustment_words.score(one.before), adjustment_words.score(one.after))
    awards = (money(one.before.award), money(one.after.award))
    return Change(
        title=_("Adjustment %(number)s", number=said.difference.number),
        facts=[
            (_("Score"), " → ".join(sides)),
            (_("Award"), f"{' → '.join(awards)} ({_signed(one.after.award - one.before.award)})"),
            (_("Proposed by"), f"{one.author_name} ({said.author}), {_moment(said.proposed_at)}: {said.reason}"),
            (_("Confirmed by"), f"{one.approver_name} ({said.approver}), {_moment(said.confirmed_at)}: {said.answer}"),
        ],
        lines=[_line(told) for told in adjustment_words.changes(said.difference)],
    )


def _line(told: adjustment_words.Told) -> str:
    verdicts = _("; ").join(f"{title}: {how}" for title, how, _why in told.lines)
    return f"{told.title} · {told.said}" + (f" · {verdicts}" if verdicts else "")


def _signed(amount: Decimal) -> str:
    return adjustment_words.signed(amount).replace(_MINUS, _DASH)
