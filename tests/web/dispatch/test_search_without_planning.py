"""Quality staff and managers find visits and see what else was at a place; they plan nothing and see no number."""

import re
from datetime import timedelta
from typing import Any

import pytest

from fieldapp.domain.ids import visit_id
from fieldapp.services import planning
from fieldapp.services.work import Work
from tests import builders
from tests.cast import D001, MAIN, NOW, Q001
from tests.closing import store
from tests.services.test_same_place import place

PHONE = "13900000001"
WHO = pytest.mark.parametrize("login", ["Q001", "M001"])


@pytest.fixture(autouse=True)
def history(work: Work) -> None:
    """Work at Lin Mei's, one more visit there twelve days later, and somebody else's."""
    visits = {"WO-1": (-20, {}), "WO-2": (-8, {}), "WO-3": (-8, {"phone": "13700000009", "address": "9 Hill Road"})}
    for number, (days, where) in visits.items():
        lines = builders.perfect_visit(number, NOW + timedelta(days=days))
        lines[0]["data"]["customer"] = place(**where)
        store(work, lines)


def found(client: Any, **wish: str) -> list[str]:
    answer = client.get("/dispatch/", query_string={"sort": "external_id", **wish})
    assert answer.status_code == 200
    return re.findall(r">(WO-\d)</a></th>", answer.text)


def of(number: str, action: str = "") -> str:
    return f"/dispatch/visits/{visit_id(MAIN, number)}{action}"


@WHO
def test_they_find_by_number_name_and_address_and_open_how_it_went(sign_in: Any, login: str) -> None:
    client = sign_in(login)
    assert 'href="/dispatch/?sort=window"' in client.get("/quality/").text
    assert found(client, q="wo-2") == ["WO-2"]
    assert found(client, q="lin m") == ["WO-1", "WO-2", "WO-3"]
    assert found(client, q="hill") == ["WO-3"]
    page = client.get("/dispatch/?q=wo-2").text
    assert f'href="/scores/visits/{visit_id(MAIN, "WO-2")}"' in page
    assert PHONE not in page
    assert client.get(f"/scores/visits/{visit_id(MAIN, 'WO-2')}").status_code == 200


@pytest.mark.postgres
def test_a_hidden_number_is_found_by_the_whole_of_it_and_not_guessed_sign_by_sign(postgres_work: Work) -> None:
    lines = builders.perfect_visit("WO-7", NOW - timedelta(days=3))
    lines[0]["data"]["customer"] = place(phone=PHONE)
    store(postgres_work, lines)

    def listed(who: Any, text: str) -> list[str]:
        return [one.external_id for one in planning.list_visits(postgres_work, who.actor, MAIN, text=text).visits]

    assert "WO-7" in listed(D001, PHONE[:5])
    assert listed(Q001, PHONE[:5]) == []
    assert "WO-7" in listed(Q001, PHONE)


@WHO
def test_the_history_of_a_place_tells_what_came_again_and_hides_the_number(sign_in: Any, login: str) -> None:
    client = sign_in(login)
    assert f'href="{of("WO-2", "/place")}"' in client.get(f"/scores/visits/{visit_id(MAIN, 'WO-2')}").text
    page = client.get(of("WO-2", "/place")).text
    assert re.findall(r">(WO-\d)</a></th>", page) == ["WO-1"]
    assert "this visit repeats it" in page
    assert "5 Harbour Road" in page
    assert PHONE not in page
    assert "••••••••001" in page


@WHO
def test_they_plan_nothing_and_take_nothing_along(sign_in: Any, login: str) -> None:
    client = sign_in(login)
    page = client.get("/dispatch/").text
    for address in ("/dispatch/new", "/dispatch/visits.csv", "/dispatch/board", "/dispatch/held"):
        assert f'"{address}"' not in page
    for address in ("/dispatch/day", "/dispatch/held", "/dispatch/board", "/dispatch/new", of("WO-1")):
        assert client.get(address).status_code == 403, address
    assert client.post("/dispatch/visits.csv").status_code == 403
    assert client.post(of("WO-1", "/cancel")).status_code == 403


@WHO
def test_they_keep_filters_of_their_own(sign_in: Any, login: str) -> None:
    client = sign_in(login)
    assert client.post("/dispatch/filters", data={"name": "Broken", "broken": "1"}).status_code == 303
    assert ">Broken</a>" in client.get("/dispatch/").text


def test_the_dispatcher_is_led_from_a_visit_to_all_that_was_there(sign_in: Any, work: Work) -> None:
    desk = sign_in("D001")
    assert "These are the latest" not in desk.get(of("WO-1")).text
    for number in range(planning.MOST_THERE):
        lines = builders.scheduled(f"WO-1{number:02}", NOW + timedelta(days=number))
        lines["data"]["customer"] = place()
        store(work, [lines])
    assert f"These are the latest; all {planning.MOST_THERE + 1}" in desk.get(of("WO-1")).text
    listed = desk.get(of("WO-1", "/place")).text
    assert len(re.findall(r">WO-\d+</a></th>", listed)) == planning.MOST_THERE + 1
    assert f"{planning.MOST_THERE + 1} other visits" in listed


def test_technicians_and_other_branches_find_nothing(sign_in: Any) -> None:
    assert sign_in("T001").get("/dispatch/").status_code == 403
    assert sign_in("T001").get(of("WO-1", "/place")).status_code == 403
    assert found(sign_in("Q900")) == []
    assert sign_in("Q900").get(of("WO-1", "/place")).status_code == 404
