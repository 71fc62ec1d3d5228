"""What must hold, whatever the data (docs/scoring.md, section 8), tried on heaps of random facts."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from fieldapp.domain.ids import EventId, VisitId
from fieldapp.domain.scoring.counts import Counts, difference
from fieldapp.domain.scoring.engine import by_visit, effects_without_visit, judge_all, score_month, tally
from fieldapp.domain.scoring.findings import FindingEffect
from fieldapp.domain.scoring.judging import Judgement, judge_with_findings
from fieldapp.domain.visits.events import Event
from tests.domain.scoring.story import (
    BOOKS,
    MUCH_LATER,
    OCTOBER,
    ZONE,
    Story,
    at,
    decision,
    finding_alone,
    heap,
    sheets,
)

BOOK = BOOKS.in_force(OCTOBER)
RATES = [item.code for item in BOOK.items if item.kind == "rate"]
EXCEPTIONS = [item.code for item in BOOK.items if item.kind == "exception"]
NOWS = st.sampled_from([at("00:00", 1), at("12:00"), at("12:00:01"), MUCH_LATER])
clocks = st.integers(6 * 60, 14 * 60).map(lambda minutes: f"{minutes // 60:02}:{minutes % 60:02}")


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    """The events of one visit, any of them missing, repeated or out of order, with findings, decisions, appeals."""
    story = Story(draw(st.sampled_from("ABC")), draw(st.sampled_from(["T", "U", None])))
    yes_no = st.booleans()
    acts = {
        "kit": lambda: story.kit(draw(clocks), uniform=draw(yes_no), kit=draw(yes_no)),
        "arrived": lambda: story.arrived(draw(clocks), actor=draw(st.sampled_from("TU"))),
        "door": lambda: story.door(draw(clocks), introduced=draw(yes_no)),
        "consent": lambda: story.consent(draw(clocks)),
        "site": lambda: story.site(draw(clocks), cleanup=draw(yes_no)),
        "called": lambda: story.called(draw(clocks)),
        "answers": lambda: story.answers(draw(clocks), courteous=draw(st.sampled_from(["yes", "no", "none"]))),
        "signed": lambda: story.signed(draw(clocks)),
        "completed": lambda: story.completed(draw(clocks)),
        "left": lambda: story.left(draw(clocks)),
        "not_completed": lambda: story.not_completed(draw(clocks), agreed=draw(yes_no)),
        "no_access": lambda: story.no_access(draw(clocks)),
        "moved": lambda: story.moved(
            draw(clocks), "11:00", "12:00", cause=draw(st.sampled_from(["technician", "plan"])),
            asked_by=draw(st.sampled_from(["company", "customer"])),
        ),
        "cancelled": lambda: story.cancelled(draw(clocks), asked_by=draw(st.sampled_from(["company", "customer"]))),
        "reinstated": lambda: story.office("visit.reinstated", draw(clocks), reason="x"),
        "voided": lambda: story.office("visit.voided", draw(clocks), reason="x"),
        "assigned": lambda: story.office(
            "visit.assigned", draw(clocks), technician=draw(st.sampled_from(["T", "U", None]))
        ),
        "judged": lambda: judged(),
        "appealed": lambda: story.appeal(
            draw(st.sampled_from(["overturned", "confirmed"])), item=draw(st.sampled_from(RATES))
        ),
    }  # fmt: skip

    def judged() -> None:
        what = draw(
            st.sampled_from(
                [{"item": code} for code in RATES + EXCEPTIONS]
                + [{"discipline": "gifts"}, {"discipline": "forgery"}, {"commendation": True}]
            )
        )
        source = draw(st.sampled_from(["spot_check", "complaint"]))
        finding = story.finding(draw(clocks), source, favourable=draw(yes_no), **what)
        for _ in range(draw(st.integers(0, 2))):
            story.decided(finding, draw(st.sampled_from(["upheld", "dismissed"])), draw(clocks))
        if draw(yes_no):
            story.appeal(draw(st.sampled_from(["overturned", "confirmed"])), draw(clocks), finding=finding)

    for act in draw(st.lists(st.sampled_from(sorted(acts)), max_size=14)):
        acts[act]()
    # A missing `visit.scheduled`: the rest waits. Two stories of one name: two schedulings, of which the first counts.
    return story.events[draw(st.sampled_from([0, 0, 0, 1])) :]


@st.composite
def heaps(draw: st.DrawFn) -> list[Event]:
    events = heap([])
    for story in draw(st.lists(stories(), min_size=1, max_size=4)):
        events.extend(story)
    for _ in range(draw(st.integers(0, 3))):
        finding = finding_alone(draw(st.sampled_from("TU")), item=draw(st.sampled_from(RATES + EXCEPTIONS)))
        events.append(finding)
        if draw(st.booleans()):
            events.append(decision(finding, draw(st.sampled_from(["upheld", "dismissed"]))))
    return events


@settings(max_examples=120, deadline=None)
@given(heaps(), NOWS, st.randoms(use_true_random=False), st.data())
def test_order_and_duplicates_are_irrelevant(events: list[Event], now, random: Random, data):
    again = data.draw(st.lists(st.sampled_from(events), max_size=10)) if events else []
    mixed = [*events, *again]
    random.shuffle(mixed)
    assert sheets(*mixed, now=now) == sheets(*events, now=now)


@settings(max_examples=60, deadline=None)
@given(heaps(), NOWS, st.randoms(use_true_random=False))
def test_the_score_kept_up_event_by_event_equals_a_recount(events: list[Event], now, random: Random):
    random.shuffle(events)
    log: list[Event] = []
    judgements: dict[VisitId, Judgement] = {}
    effects: dict[EventId, FindingEffect] = {}
    kept: dict[str, Counts] = {}
    for event in events:
        log.append(event)
        for visit, group in by_visit(log).items():
            if event not in group:
                continue
            if visit is None:
                effects |= {one.finding: one for one in effects_without_visit(group, BOOKS)}
            elif (judged := judge_with_findings(group, BOOKS, ZONE)) is not None:
                before = [judgements[visit]] if visit in judgements else []
                for (month, technician), change in difference(before, [judged[0]]).items():
                    if month == OCTOBER:
                        kept.setdefault(technician, Counts()).merge(change)
                judgements[visit] = judged[0]
                effects |= {one.finding: one for one in judged[1]}
    for one in judgements.values():
        if one.month == OCTOBER and one.technician and one.counts_from is not None and one.is_due(now):
            kept[one.technician].came_due(one)
    live = score_month(kept, effects.values(), BOOKS, OCTOBER)
    assert {sheet.technician: sheet for sheet in live} == sheets(*events, now=now)


def _rate(met: int, breached: int) -> float:
    return met / (met + breached) if met + breached else 1.0


@settings(max_examples=80, deadline=None)
@given(heaps(), st.sampled_from(RATES))
def test_one_more_met_verdict_never_lowers_a_rate(events: list[Event], code: str):
    def of(*more: Event) -> tuple[int, int]:
        sheet = sheets(*events, *more).get("T")
        item = next((item for item in sheet.items if item.code == code), None) if sheet else None
        return (item.met, item.breached) if item else (0, 0)

    before, after = of(), of(finding_alone(item=code, favourable=True))
    assert after == (before[0] + 1, before[1])
    assert before == (0, 0) or _rate(*after) >= _rate(*before)


@settings(max_examples=80, deadline=None)
@given(heaps(), st.sampled_from([*EXCEPTIONS, "gifts"]), st.sampled_from("TU"))
def test_one_more_adverse_finding_never_raises_a_score(events: list[Event], code: str, technician: str):
    judgements, effects = judge_all(events, BOOKS, ZONE)
    before = tally(technician, OCTOBER, judgements, effects, BOOK, MUCH_LATER)
    adverse = finding_alone(technician, **{"discipline" if code == "gifts" else "item": code})
    more = [*effects, *effects_without_visit([adverse, decision(adverse)], BOOKS)]
    after = tally(technician, OCTOBER, judgements, more, BOOK, MUCH_LATER)
    assert after.score <= before.score
    assert after.award <= before.award
    assert len(after.veto) >= len(before.veto)


@settings(max_examples=80, deadline=None)
@given(heaps())
def test_points_and_verdicts_add_up(events: list[Event]):
    judgements, _ = judge_all(events, BOOKS, ZONE)
    assert all(len({v.code for v in one.verdicts}) == len(one.verdicts) for one in judgements)
    for sheet in sheets(*events).values():
        assert 0 <= sheet.earned <= sheet.assessed <= 100
        assert sheet.assessed - sheet.earned == sum(item.lost for item in sheet.items)


@settings(max_examples=60, deadline=None)
@given(stories())
def test_a_judgement_does_not_depend_on_the_time_of_day(events: list[Event]):
    judgements, _ = judge_all(events, BOOKS, ZONE)
    for one in judgements:
        if one.counts_from is None:
            assert one.outcome_at(at("00:00", 1)) == one.outcome_at(MUCH_LATER) == one.outcome
        else:
            assert one.outcome_at(one.counts_from) == "pending"
            assert replace(one, counts_from=None).verdicts == one.counted(one.counts_from + timedelta(seconds=1))
