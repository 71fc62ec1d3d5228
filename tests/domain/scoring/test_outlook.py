"""What clean visits can still bring: every promise is compared with the score that so many visits really give."""

from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fieldapp.domain.scoring.counts import Counts
from fieldapp.domain.scoring.engine import ScoreSheet, score
from fieldapp.domain.scoring.outlook import SILENT, Outlook, look_ahead, needed
from fieldapp.domain.scoring.rules import RULES
from tests.domain.scoring.story import BOOKS, OCTOBER, Story, decision, finding_alone, sheets
from tests.domain.scoring.test_worked_example import month_of_t

BOOK = BOOKS.in_force(OCTOBER)
CLEAN = [item.code for item in BOOK.items if item.kind == "rate" and item.code in RULES and item.code not in SILENT]
verdicts = st.dictionaries(st.sampled_from(CLEAN), st.tuples(st.integers(0, 30), st.integers(0, 3)))


def of(told: dict[str, tuple[int, int]], clean: int = 0, visits: int = 20) -> ScoreSheet:
    """The sheet of so many met and breached verdicts, and of `clean` visits after them."""
    counts = Counts(
        Counter(completed=visits + clean),
        Counter({code: told.get(code, (0, 0))[0] + clean for code in CLEAN}),
        Counter({code: breached for code, (_, breached) in told.items()}),
    )
    return score("T001", OCTOBER, counts, (), BOOK)


def well_but(**told: tuple[int, int]) -> ScoreSheet:
    """Twenty clean visits, but for some items."""
    return of(dict.fromkeys(CLEAN, (20, 0)) | told)


def ahead(sheet: ScoreSheet, most: int | None = None) -> Outlook:
    return look_ahead(sheet, BOOK, most)


@given(verdicts)
def test_the_fewest_visits_are_the_first_that_really_reach_the_mark(told):
    found = ahead(of(told))
    within = [clean for clean in range(1, 60) if found.mark is not None and of(told, clean).score >= found.mark]
    assert found.visits == within[0] if within else found.visits is None or found.visits >= 60


@given(verdicts)
def test_each_step_tells_the_score_that_so_many_visits_give_and_the_one_before_does_not(told):
    before = of(told).score
    for step in ahead(of(told)).steps:
        assert of(told, step.visits).score == step.score
        assert of(told, step.visits - 1).score == before
        before = step.score


def test_the_worked_example_can_win_back_two_items_and_not_the_third():
    sheet = sheets(*month_of_t())["T"]
    found = ahead(sheet)
    assert [(one.visits, [item.code for item in one.won], one.score) for one in found.steps] == [
        (2, ["sign_off"], Decimal("90.4")),
        (31, ["cleanup"], Decimal("98.8")),
    ]
    assert [item.code for item in found.lost] == ["decorum"]
    assert (found.mark, found.visits, found.best) == (100, None, Decimal("98.8"))


def test_where_the_norm_asks_for_all_one_breach_is_for_good():
    rules = {item.code: item for item in BOOK.items}
    lines = {item.code: item for item in of({"consent": (19, 1)}).items}
    assert needed(rules["consent"], lines["consent"]) is None


def test_a_finding_is_not_made_good_by_visits():
    sheet = sheets(Story("V1").done("09:05"), finding_alone(item="decorum"))["T"]
    assert "decorum" in [item.code for item in ahead(sheet).lost]


def test_below_the_floor_the_floor_is_the_next_mark_and_above_it_the_cap():
    poor, good = of(dict.fromkeys(CLEAN, (5, 1))), well_but(cleanup=(9, 1))
    assert (ahead(poor).mark, ahead(good).mark) == (75, 100)


def test_when_everything_is_reached_there_is_no_next_mark():
    found = ahead(well_but())
    assert (found.mark, found.visits, found.steps, found.lost) == (None, None, (), ())


def test_commendations_are_offered_only_as_far_as_they_count():
    near, far = well_but(departure=(5, 1)), well_but(sign_off=(5, 1))
    assert (near.score, ahead(near).commendations) == (Decimal("97.8"), 3)
    assert ahead(far).commendations is None


def test_what_lies_beyond_the_visits_that_can_come_is_not_promised():
    sheet = well_but(sign_off=(17, 1))
    assert ahead(sheet).visits == 2
    assert (ahead(sheet, most=1).visits, ahead(sheet, most=1).steps) == (None, ())


def test_without_a_judged_visit_the_first_ones_make_a_score():
    found = ahead(of({}, visits=0))
    assert (found.unjudged, found.visits) == (1, 1)


def test_a_breach_of_discipline_stays_whatever_visits_follow():
    gifts = finding_alone(source="complaint", discipline="gifts")
    assert ahead(sheets(Story("V1").done("09:05"), gifts, decision(gifts))["T"]).vetoed
