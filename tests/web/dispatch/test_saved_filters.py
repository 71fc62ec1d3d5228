"""Saved filters of the list of visits: kept, applied, renamed, deleted; each person's own; gone with the person."""

import html
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.services import leavers, saved_filters
from fieldapp.services.saved_filters import MOST
from fieldapp.services.work import Work
from fieldapp.storage import accounts
from fieldapp.storage.erase_list import EraseList
from tests.cast import D001, D900, MAIN, NORTH, Person
from tests.web.dispatch.test_pages import schedule

TODAY = {"state": "planned", "technician": "-", "from": "2026-10-14", "to": "2026-10-16"}


@pytest.fixture
def desk(sign_in: Any) -> Any:
    return sign_in("D001")


def own(work: Work, who: Person = D001, branch: str = MAIN) -> dict[str, dict[str, str]]:
    return {one.name: dict(one.wish) for one in saved_filters.list_own(work, who.actor, branch)}


def save(desk: Any, name: str = "Nobody's", **wish: str) -> Any:
    return desk.post("/dispatch/filters", data={**(wish or TODAY), "name": name})


def change(desk: Any, work: Work, name: str, act: str, to: str = "") -> Any:
    [one] = [one for one in saved_filters.list_own(work, D001.actor, MAIN) if one.name == name]
    return desk.post(f"/dispatch/filters/{one.filter_id}", data={**TODAY, "name": to, "act": act})


def test_a_saved_filter_leads_to_the_same_list_and_its_days_move_along(desk: Any, work: Work, clock: Any) -> None:
    assert save(desk).location.startswith("/dispatch/?")
    page = desk.get("/dispatch/").text
    [link] = re.findall(r'href="([^"]+)">Nobody&#39;s</a>', page)
    assert html.unescape(link) == "/dispatch/?from=2026-10-14&state=planned&technician=-&to=2026-10-16"
    clock.advance(days=3)
    assert own(work) == {"Nobody's": {**TODAY, "from": "2026-10-17", "to": "2026-10-19"}}


def test_the_list_comes_back_as_it_was_narrowed_with_what_can_be_saved_of_it(desk: Any, work: Work) -> None:
    schedule(desk)
    answer = desk.post("/dispatch/filters", data={"q": "何美玲", "state": "-", "name": "Hers"}, follow_redirects=True)
    assert "The filter is saved." in answer.text
    assert 'value="何美玲"' in answer.text
    # Whom somebody searched for would outlive that person's erasure.
    assert own(work) == {"Hers": {"state": "-"}}
    assert "何" not in "".join(map(str, own(work).values()))


def test_renaming_and_deleting(desk: Any, work: Work) -> None:
    save(desk)
    assert change(desk, work, "Nobody's", "rename", "  The pool ").status_code == 303
    assert list(own(work)) == ["The pool"]
    assert change(desk, work, "The pool", "delete").status_code == 303
    assert own(work) == {}


@pytest.mark.parametrize(
    ("name", "text", "status"),
    [("", "Please", 422), ("x" * 61, "at most 60", 422), ("Mine", "You have a filter of this name already.", 409)],
)
def test_a_refused_name_stands_beside_the_reason(desk: Any, work: Work, name: str, text: str, status: int) -> None:
    save(desk, "Mine")
    save(desk, "Other")
    for answer in (save(desk, name), change(desk, work, "Other", "rename", name)):
        assert answer.status_code == status
        [shown] = re.findall(r'name="name"[^>]*value="([^"]*)" aria-invalid', answer.text)
        assert shown == name
        assert text in re.findall(r'class="error".*?<span>(.*?)</span>', answer.text, re.DOTALL)[0]
        assert '<option value="planned" selected>' in answer.text
    assert sorted(own(work)) == ["Mine", "Other"]


def test_nobody_keeps_more_than_can_be_looked_through(desk: Any, work: Work) -> None:
    for number in range(MOST):
        save(desk, f"Number {number}")
    assert f"You have saved {MOST} filters" in save(desk, "One more").text
    assert len(own(work)) == MOST


def test_everybody_has_their_own(desk: Any, sign_in: Any, work: Work) -> None:
    save(desk)
    other = sign_in("D900")
    assert "Nobody&#39;s" not in other.get("/dispatch/").text
    [one] = saved_filters.list_own(work, D001.actor, MAIN)
    for act in ("rename", "delete"):
        assert other.post(f"/dispatch/filters/{one.filter_id}", data={"name": "Theirs", "act": act}).status_code == 404
    assert save(other).status_code == 303  # the same name is another's there
    assert list(own(work, D900, NORTH)) == list(own(work)) == ["Nobody's"]


def test_nonsense_is_not_kept(desk: Any, work: Work) -> None:
    save(desk, "Odd", **{"from": "9999-12-31", "to": "soon", "state": "x" * 100, "page": "7", "evil": "1"})
    assert own(work) == {"Odd": {"from": "9999-12-31"}}


def test_a_day_at_the_end_of_time_stays_there(desk: Any, work: Work, clock: Any) -> None:
    save(desk, "Odd", **{"from": "9999-12-31"})
    clock.advance(days=9)
    assert own(work) == {"Odd": {"from": "9999-12-31"}}


def test_they_are_handed_out_and_erased_with_the_person(desk: Any, work: Work, clock: Any, tmp_path: Path) -> None:
    save(desk)
    told = [one for one in leavers.everything(work, OPERATOR, "D001") if one["kind"] == "saved_filter"]
    assert [(one["name"], one["wish"]["technician"]) for one in told] == [("Nobody's", "-")]
    with work.write() as db:
        found = accounts.find_by_login(db, "D001")
        assert found
        accounts.save(db, replace(found, disabled_at=work.now()))
    clock.advance(days=2)
    leavers.erase(work, OPERATOR, EraseList(tmp_path / "erasures.jsonl"), "D001", timedelta(days=1))
    assert own(work) == {}
