"""`/scores/norm/drafts/<id>/simulation`: what a draft of the norm would have meant for the branch's last months."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import NotFound
from fieldapp.domain.scoring.simulations import Simulated
from fieldapp.services import simulations
from fieldapp.web import score_words
from fieldapp.web.context import current_actor, current_work
from fieldapp.web.scores import rulebook_words
from fieldapp.web.scores.months import this_month

blueprint = Blueprint("simulations", __name__)

#: How long one answer may work: short enough for any proxy, and to see that it goes on.
AT_ONCE = timedelta(seconds=5)


@dataclass(frozen=True, order=True)
class Crossing:
    """A month on the other side of the floor, with both scores (None: not listed by that version)."""

    month: Month
    before: Decimal | None
    after: Decimal | None


@dataclass
class Person:
    """A technician over all months: in which the floor is crossed, which items are lost and won how often."""

    technician: str
    down: list[Crossing] = field(default_factory=list)
    up: list[Crossing] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    won: Counter[str] = field(default_factory=Counter)
    before: Decimal = Decimal("0.00")
    after: Decimal = Decimal("0.00")

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


@blueprint.get("/<draft_id>/simulation")
def page(draft_id: str) -> ResponseReturnValue:
    """What is worked out so far."""
    found = simulations.look(current_work(), current_actor(), draft_id)
    results = found.results
    people = people_of(results)
    return render_template(
        "scores/simulation.html", found=found, people=people, lost=_sum(one.lost for one in people),
        won=_sum(one.won for one in people), items=score_words.ITEMS, words=rulebook_words, this_month=this_month(),
        closed=simulations.closed_awards(current_work(), current_actor(), found.months),
        before=sum((one.award_before for one in results), Decimal()),
        after=sum((one.award_after for one in results), Decimal()),
    )  # fmt: skip


@blueprint.post("/<draft_id>/simulation")
def go_on(draft_id: str) -> ResponseReturnValue:
    """Work on for a few seconds; the page goes on by itself until all months are done."""
    anew = request.form.get("anew") == "yes"
    simulations.go_on(current_work(), current_actor(), draft_id, for_at_most=AT_ONCE, anew=anew)
    return redirect(url_for("simulations.page", draft_id=draft_id), 303)


@blueprint.get("/<draft_id>/simulation/behind")
def behind(draft_id: str) -> ResponseReturnValue:
    """The months of technicians that a number counts: of a month or a technician, across the floor, by an item."""
    found, asked = simulations.look(current_work(), current_actor(), draft_id), request.args
    lost, won = asked.get("lost"), asked.get("won")
    if not {lost, won} <= {None, *score_words.ITEMS}:
        raise NotFound()
    rows = [
        (result.month, one)
        for result in found.results
        for one in result.changed
        if asked.get("month") in (None, result.month)
        and asked.get("technician") in (None, one.technician)
        and asked.get("crosses") in (None, one.crosses)
        and (lost is None or lost in one.lost)
        and (won is None or won in one.won)
    ]
    return render_template(
        "scores/simulation_behind.html", found=found, rows=sorted(rows, key=lambda row: (row[0], row[1].technician)),
        items=score_words.ITEMS, asked=asked,
    )  # fmt: skip


def people_of(results: Iterable[Simulated]) -> list[Person]:
    """Everybody whose months would be others, who loses most first."""
    found: dict[str, Person] = {}
    for result in results:
        for one in result.changed:
            person = found.setdefault(one.technician, Person(one.technician))
            if one.crosses:
                scores = (side.score if side else None for side in (one.before, one.after))
                (person.down if one.crosses == "down" else person.up).append(Crossing(result.month, *scores))
            person.lost.update(one.lost)
            person.won.update(one.won)
            before, after = one.awards
            person.before += before
            person.after += after
    return sorted(found.values(), key=lambda one: (one.difference, one.technician))


def _sum(counters: Iterable[Counter[str]]) -> Counter[str]:
    return sum(counters, Counter())
