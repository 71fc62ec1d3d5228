"""The norm sheet as data: what is refused, which version judges which month."""

from copy import deepcopy
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest

from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Invalid
from fieldapp.domain.scoring.rulebook import Rulebooks, encode_rulebook, fingerprint, parse_rulebook
from fieldapp.services.rulebooks import shipped_rulebooks
from tests.domain.scoring.story import BOOKS, Story

PARAMETERS = {
    "notice_minutes": 60, "call_ahead_minutes": 15, "grace_minutes": 0, "linger_minutes": 15,
    "missed_after_minutes": 120, "award_floor": 75, "award_cap": 100, "commendation_points": 1,
    "commendation_cap": 5, "min_visits": 1, "appeal_days": 7, "answer_days": 7, "award_base": "300.00",
}  # fmt: skip


def sheet(**changes) -> dict:
    raw = {
        "sheet": "tiny",
        "version": 1,
        "parameters": dict(PARAMETERS),
        "item": [
            {"code": "punctual", "article": "I", "points": 60, "kind": "rate", "target": "0.95"},
            {"code": "decorum", "article": "II", "points": 40, "kind": "exception"},
        ],
        "discipline": [{"code": "gifts", "article": "III"}],
    }
    return deepcopy(raw) | changes


def problem(raw: dict) -> str:
    with pytest.raises(Invalid) as refused:
        parse_rulebook(raw)
    assert refused.value.code == "rulebook_invalid"
    return str(refused.value.facts["problem"])


def test_the_installer_sheet_holds_the_norm():
    book = shipped_rulebooks().versions[0]
    assert (book.name, len(book.items), sum(item.points for item in book.items)) == ("installer/1", 22, 100)
    assert [(article.code, article.house) for article in book.disciplines] == [
        ("abuse", False), ("intoxication", False), ("gifts", False),
        ("overcharging", True), ("forgery", True), ("disclosure", True),
    ]  # fmt: skip
    assert sum(item.points for item in book.items if item.kind == "exception") == 18
    assert book.find_item("explained").rate == Fraction(9, 10)
    assert book.parameters.award == Decimal("300.00")


def test_points_that_do_not_add_up_are_refused():
    raw = sheet()
    raw["item"][0]["points"] = 59
    assert problem(raw) == "points_sum (total 99, missing 1)"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"kind": "vibes"}, "vibes"),
        ({"target": None}, "punctual.target target_missing"),
        ({"kind": "exception"}, "punctual.target target_needless"),
        ({"target": "1.01"}, "punctual.target target_range"),
        ({"target": "0.00"}, "punctual.target target_range"),
        ({"target": 0.95}, "target"),
        ({"colour": "red"}, "colour"),
        ({"code": "gifts"}, "gifts code_twice"),
        ({"min_sample": 0}, "min_sample"),
    ],
)
def test_an_item_that_makes_no_sense_is_refused(change: dict, word: str):
    raw = sheet()
    raw["item"][0].update(change)
    assert word in problem(raw)


def test_a_missing_or_strange_parameter_is_refused():
    assert "award_base" in problem(sheet(parameters={k: v for k, v in PARAMETERS.items() if k != "award_base"}))
    assert "bonus" in problem(sheet(parameters=PARAMETERS | {"bonus": 1}))


def test_a_month_is_judged_by_the_version_in_force_on_its_first_day():
    first, second = parse_rulebook(sheet()), parse_rulebook(sheet(version=2, in_force_from="2026-11"))
    books = Rulebooks.of([second, first])
    months = ["2020-01", "2026-10", "2026-11", "2031-05"]
    assert [books.in_force(Month(month)).version for month in months] == [1, 1, 2, 2]


def test_versions_have_no_gap_and_later_months():
    first = parse_rulebook(sheet())
    with pytest.raises(Invalid):
        Rulebooks.of([first, parse_rulebook(sheet(version=3, in_force_from="2026-11"))])
    with pytest.raises(Invalid):
        Rulebooks.of([])
    assert problem(sheet(version=2)) == "in_force_from month_missing"
    second, earlier = sheet(version=2, in_force_from="2026-11"), sheet(version=3, in_force_from="2026-10")
    with pytest.raises(Invalid):
        Rulebooks.of([first, parse_rulebook(second), parse_rulebook(earlier)])


def test_a_version_from_the_same_month_takes_the_place_of_one_that_was_never_in_force():
    books = [parse_rulebook(sheet())]
    books += [parse_rulebook(sheet(version=number, in_force_from="2026-11")) for number in (2, 3)]
    assert [Rulebooks.of(books).in_force(Month(month)).version for month in ("2026-10", "2026-11")] == [1, 3]


def test_items_that_the_product_cannot_judge_are_refused():
    with pytest.raises(Invalid) as refused:
        parse_rulebook(sheet(), known={"punctual"})
    assert refused.value.facts["problem"] == "decorum item_unknown"


def test_a_floor_that_nobody_can_pass_is_refused():
    assert "floor_over_cap" in problem(sheet(parameters=PARAMETERS | {"award_floor": 101}))


def test_the_fingerprint_covers_every_number_and_the_month():
    book = parse_rulebook(sheet(version=2, in_force_from="2026-11"))
    others = [
        sheet(version=2, in_force_from="2026-12"),
        sheet(version=3, in_force_from="2026-11"),
        sheet(version=2, in_force_from="2026-11", parameters=PARAMETERS | {"answer_days": 8}),
    ]
    assert len({fingerprint(one) for one in [book, *map(parse_rulebook, others)]}) == 4
    assert fingerprint(parse_rulebook(msgspec.json.decode(encode_rulebook(book)))) == fingerprint(book)


def test_a_visit_is_judged_by_the_version_of_its_month():
    from fieldapp.domain.scoring.judging import judge_visit
    from tests.domain.scoring.story import ZONE

    lenient = sheet(version=2, in_force_from="2026-10", parameters=PARAMETERS | {"grace_minutes": 30})
    books = Rulebooks.of([parse_rulebook(sheet()), parse_rulebook(lenient)])
    judgement = judge_visit(Story().done("10:20").events, books, ZONE)
    assert (judgement.rulebook, judgement.verdicts[0].met) == ("tiny/2", True)
    assert judge_visit(Story().done("10:20").events, BOOKS, ZONE).rulebook == "installer/1"
