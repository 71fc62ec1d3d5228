"""The worked example of the norm (docs/scoring.md): twenty visits, counted by hand."""

from decimal import Decimal

import pytest

from fieldapp.domain.visits.events import Event
from tests.domain.scoring.story import Story, decision, finding_alone, sheets

FULL = {"badge": "yes", "introduced": "yes", "courteous": "yes", "shoe_covers": "yes", "supplied_tools": "no"}


def twenty_visits() -> list[Story]:
    stories = [Story(f"V{n}", day=n) for n in range(1, 21)]
    for n, story in enumerate(stories[:18]):
        # One late, one unsigned, one unclean; ten customers say whether things were explained, one of them "no".
        story.done("10:01" if n == 0 else "09:05", signed=n != 1, cleanup=n != 2)
        explained = {} if n >= 10 else {"explained": "no" if n == 9 else "yes"}
        story.answers(**FULL | explained)
    stories[18].begun().site().not_completed()
    stories[19].kit().arrived().door().no_access()
    return stories


def month_of_t() -> list[Story | Event]:
    praise = [finding_alone(source="praise", commendation=True, favourable=True) for _ in range(2)]
    return [
        *twenty_visits(),
        finding_alone(item="decorum"),
        *praise,
        *(decision(one) for one in praise),
    ]


def test_the_visits_are_those_of_the_example():
    outcomes = [story.judged().outcome for story in twenty_visits()]
    assert (outcomes.count("completed"), outcomes.count("not_completed"), outcomes.count("no_access")) == (18, 1, 1)


@pytest.mark.parametrize(
    ("code", "met", "breached", "status"),
    [
        ("punctual", 19, 1, "achieved"),
        ("sign_off", 17, 1, "not_achieved"),
        ("shoe_covers", 19, 0, "achieved"),
        ("cleanup", 18, 1, "not_achieved"),
        ("explained", 9, 1, "achieved"),
        ("follow_up", 1, 0, "achieved"),
        ("change_notice", 0, 0, "not_assessed"),
        ("uniform", 20, 0, "achieved"),
        ("consent", 19, 0, "achieved"),
    ],
)
def test_every_item_counts_as_by_hand(code: str, met: int, breached: int, status: str):
    item = next(item for item in sheets(*month_of_t())["T"].items if item.code == code)
    assert (item.met, item.breached, item.status) == (met, breached, status)


def test_the_score_is_79_9_and_pays_239_70():
    sheet = sheets(*month_of_t())["T"]
    assert (sheet.judged_visits, sheet.assessed, sheet.earned) == (20, 95, 74)
    assert (sheet.base, sheet.bonus, sheet.score) == (Decimal("77.9"), 2, Decimal("79.9"))
    assert (sheet.award, sheet.veto, sheet.status) == (Decimal("239.70"), (), "assessed")


def test_one_upheld_gift_keeps_the_score_and_takes_the_award():
    gift = finding_alone(discipline="gifts", source="complaint")
    sheet = sheets(*month_of_t(), gift, decision(gift))["T"]
    assert (sheet.score, sheet.award, sheet.veto) == (Decimal("79.9"), Decimal("0.00"), ("gifts",))
