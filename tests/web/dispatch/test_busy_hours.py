"""The busy hours on a page: for who plans shifts, each number with its visits."""

import html
import re

import pytest

from tests.services.test_busy_hours import week
from tests.web.test_score_overview import text_of

PAGE = "/dispatch/busy-hours"


@pytest.fixture(autouse=True)
def history(work, clock) -> None:
    week(work, clock)


def links(answer) -> dict[str, str]:
    """What each link of the page says, and where it leads."""
    found = re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', answer.get_data(as_text=True))
    return {text: html.unescape(to) for to, text in found if "hours=" in to}


def test_a_dispatcher_reads_when_most_begins_and_where_promises_break(sign_in):
    page = text_of(sign_in("D001").get(PAGE))
    assert "4 visits · 2 broken promises (50 %)" in page
    assert "Most begins: Wednesday, 09:00–10:00, 0.8 a week." in page
    assert "Wednesday, 09:00–10:00: 3 visits, 2 broken promises" in page
    assert "Promises break most often" not in page  # two of three say nothing yet


def test_every_number_opens_as_many_visits(sign_in):
    desk = sign_in("D001")
    found = links(desk.get(PAGE))
    for text, numbers in {"4 visits": "1235", "2 broken promises": "13", "2 broken": "13"}.items():
        listed = desk.get(found[text]).get_data(as_text=True)
        assert re.findall(r">WO-(\d)</a>", listed) == sorted(numbers), text
    assert "The window begins: at any hour" in listed or "The window begins: Wednesday" in listed


def test_the_list_keeps_the_hours_while_it_is_narrowed_and_lets_go_of_them(sign_in):
    page = sign_in("D001").get("/dispatch/?hours=2-9&broken=1")
    text = page.get_data(as_text=True)
    # Nobody said between which days: it says them itself.
    assert 'name="from" type="date" value="2026-07-24"' in text
    assert 'name="to" type="date" value="2026-10-22"' in text
    assert '<input type="hidden" name="hours" value="2-9">' in text
    assert re.findall(r">WO-(\d)</a>", text) == ["1", "3"]
    assert "At any hour" in text_of(page)


@pytest.mark.parametrize("query", ["hours=9-9", "weeks=x", "by=nothing", "weeks=-4"])
def test_nonsense_narrows_nothing(sign_in, query):
    assert "WO-5" in sign_in("D001").get(f"/dispatch/?{query}").get_data(as_text=True)
    assert "4 visits" in text_of(sign_in("D001").get(f"{PAGE}?{query}"))


def test_a_manager_is_led_there_and_reads_the_same_sums(sign_in):
    manager = sign_in("M001")
    assert f'href="{PAGE}"' in manager.get("/scores/2026-10/overview").get_data(as_text=True)
    assert "2 broken promises" in text_of(manager.get(f"{PAGE}?weeks=13&by=planned"))


def test_nobody_else_does_and_another_branch_has_its_own(sign_in):
    for login in ("T001", "Q001", "A001"):
        assert sign_in(login).get(PAGE).status_code == 403
    assert "No visit began between" in text_of(sign_in("D900").get(PAGE))
