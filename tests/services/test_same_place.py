"""What else was at an address or for a number, and which visit is one more for the same thing."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import visit_id
from fieldapp.services import erasing, planning
from fieldapp.services.work import Work
from fieldapp.storage.erase_list import EraseList
from tests import builders
from tests.cast import D001, MAIN, Q001, Person
from tests.closing import NINE, store


def place(**where: str) -> dict[str, str]:
    return builders.customer(**{"name": "Lin Mei", "phone": "13900000001", "address": "5 Harbour Road", **where})


def seen(work: Work, number: str) -> list[tuple[str, bool, bool]]:
    """Order number, whether it was before, whether one of the two repeats the other."""
    found = planning.get_visit(work, D001.actor, MAIN, visit_id(MAIN, number)).there
    return [(one.visit.external_id, one.is_earlier, one.repeat) for one in found]


def visit(work: Work, number: str, days: float, *, done: bool = False, **where: str) -> None:
    start = NINE + timedelta(days=days)
    lines = builders.perfect_visit(number, start) if done else [builders.scheduled(number, start)]
    lines[0]["data"]["customer"] = place(**where)
    store(work, lines)


def test_a_visit_within_thirty_days_after_work_is_one_more_for_the_same(work: Work) -> None:
    visit(work, "FIRST", 0, done=True)
    visit(work, "AGAIN", 30)
    visit(work, "LATER", 31)
    assert seen(work, "AGAIN") == [("LATER", False, False), ("FIRST", True, True)]
    assert seen(work, "FIRST") == [("LATER", False, False), ("AGAIN", False, True)]
    assert seen(work, "LATER") == [("AGAIN", True, False), ("FIRST", True, False)]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"address": "9 Hill Road"}, True), ({"phone": "13900000002"}, True),
        ({"address": "9 Hill Road", "phone": "+86 139-0000 0001"}, True),
        ({"address": "５, HARBOUR road.", "phone": "13900000002"}, True),
        ({"address": "9 Hill Road", "phone": "13900000002"}, False),
    ],
)  # fmt: skip
def test_the_address_or_the_number_is_enough(work: Work, where: dict[str, str], found: bool) -> None:
    visit(work, "FIRST", 0, done=True)
    visit(work, "OTHER", 5, **where)
    assert bool(seen(work, "OTHER")) is found


def test_who_was_erased_lives_at_no_address(work: Work, tmp_path: Path) -> None:
    for number in ("FIRST", "OTHER"):
        visit(work, number, 0, done=True)
        erased = [(MAIN, visit_id(MAIN, number))]
        erasing.erase(work, OPERATOR, EraseList(tmp_path / "erasures.jsonl"), erased)
    assert seen(work, "OTHER") == []


def test_the_page_links_them_both_ways(work: Work, sign_in: Callable[[str], Any]) -> None:
    visit(work, "FIRST", 0, done=True)
    visit(work, "AGAIN", 12)
    desk = sign_in("D001")
    assert "came again for it" in desk.get(f"/dispatch/visits/{visit_id(MAIN, 'FIRST')}").text
    page = desk.get(f"/dispatch/visits/{visit_id(MAIN, 'AGAIN')}").text
    assert "this visit repeats it" in page
    assert f"/dispatch/visits/{visit_id(MAIN, 'FIRST')}" in page


@pytest.mark.sqlite
@pytest.mark.parametrize("typed", ["13900000001", "0086 139 0000 0001", "+8613900000001"])
@pytest.mark.parametrize("who", [D001, Q001], ids=lambda who: who.role)
def test_a_whole_number_is_found_however_it_is_written_without_opening_what_others_are_called(
    work: Work, typed: str, who: Person
) -> None:
    visit(work, "FIRST", 0)
    visit(work, "OTHER", 1, phone="13900000002", address="9 Hill Road")
    with work.write() as db:
        db.connection().exec_driver_sql("UPDATE visits SET person = x'00ff' WHERE external_id = 'OTHER'")
    found = planning.list_visits(work, who.actor, MAIN, text=typed)
    assert [one.external_id for one in found.visits] == ["FIRST"]


def test_a_number_that_nobody_has_is_searched_for_in_order_numbers_and_longer_numbers(work: Work) -> None:
    visit(work, "A-20260901", 0)
    visit(work, "OTHER", 1, phone="010 2026 0901")
    found = planning.list_visits(work, D001.actor, MAIN, text="20260901")
    assert [one.external_id for one in found.visits] == ["A-20260901"]
    found = planning.list_visits(work, D001.actor, MAIN, text="10 2026 0901")
    assert [one.external_id for one in found.visits] == ["OTHER"]


@pytest.mark.postgres
@pytest.mark.parametrize("typed", ["\x00", "Lin\x00 Mei", "%", "_", "\\", "'", "林" * 500])
def test_whatever_is_typed_into_the_search_is_a_search(postgres_work: Work, typed: str) -> None:
    visit(postgres_work, "FIRST", 0)
    found = planning.list_visits(postgres_work, D001.actor, MAIN, text=typed).visits
    assert [one.external_id for one in found] == (["FIRST"] if "Lin" in typed or typed == "\x00" else [])
