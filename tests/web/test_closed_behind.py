"""Numbers of a closed month and their lists: both say what was closed, whatever is found out later."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from fieldapp.services.work import Work
from tests import builders
from tests.closing import NINE, close, finding, september, store, upheld
from tests.web.test_closing import text_of

MONTH = "/scores/2026-09/"


@pytest.fixture
def closed(work: Work, clock: Any) -> None:
    """September with a late visit and what two people found, closed; then more is found."""
    late = builders.perfect_visit("WO-5", NINE)
    next(one for one in late if one["type"] == "visit.arrived")["at"] = NINE.replace(hour=4).isoformat()
    september(work)
    seen = [finding("WO-3", technician="T002", item="composure"), finding(item="decorum")]
    store(work, [*late, *seen, *map(upheld, seen)])
    close(work)


def find_more(work: Work) -> None:
    """Two things come to light that the closed sheets do not hold."""
    later = [
        finding("WO-1", item="punctual"),
        finding("WO-2", item="composure"),
        finding(technician="T002", item="decorum"),
    ]
    store(work, [*later, *map(upheld, later)])


def numbers(client: Any) -> dict[str, str]:
    """What the overview says of the closed sheets, by where it leads."""
    page = client.get(f"{MONTH}overview").get_data(as_text=True)
    found = re.findall(r'href="([^"]*/behind\?[^"]*closed=1[^"]*)">([\d.]+)(?:</a>| judged)', page)
    return {html.unescape(to): number for to, number in found}


def listed(client: Any, address: str) -> tuple[str, int]:
    """The points that a list sums up, and its visits."""
    page = client.get(address)
    points = re.search(r"Points lost: ([\d.]+)", text_of(page))
    rows = re.findall(r'<th scope="row"><a href="(/scores/visits/[^"]*)">', page.get_data(as_text=True))
    assert all(client.get(html.unescape(one)).status_code == 200 for one in rows)
    return points[1] if points else "", len(rows)


@pytest.mark.parametrize("later", [False, True])
def test_a_number_of_a_closed_month_opens_what_was_closed(closed: None, work: Work, sign_in: Any, later: bool) -> None:
    manager = sign_in("M001")
    before = numbers(manager)
    if later:
        find_more(work)
    assert numbers(manager) == before
    assert any("item=decorum" in one for one in before)
    assert any("item=punctual" in one for one in before)
    for address, number in before.items():
        points, visits = listed(manager, address)
        assert number == (str(visits) if "lost=1" not in address else str(int(float(points)))), address
    together = re.findall(r'href="([^"]*)">100&nbsp;%', manager.get(f"{MONTH}overview").text)
    points, _ = listed(manager, html.unescape(together[0]))
    assert float(points) == sum(float(number) for address, number in before.items() if "lost=1" in address)


def test_what_is_known_today_stands_beside_it_and_says_so(closed: None, work: Work, sign_in: Any) -> None:
    find_more(work)
    manager = sign_in("M001")
    address = next(
        one for one in numbers(manager) if re.search(r"item=punctual&|item=punctual$", one) and "lost" in one
    )
    page = manager.get(address)
    assert "Counted from what was closed." in text_of(page)
    today = html.unescape(re.search(r'href="([^"]*)">As known today', page.get_data(as_text=True))[1])
    assert "Counted from what is known today" in text_of(manager.get(today))
    assert (listed(manager, address)[1], listed(manager, today)[1]) == (1, 2)
    back = html.unescape(re.search(r'href="([^"]*)">As it was closed', manager.get(today).get_data(as_text=True))[1])
    assert listed(manager, back) == listed(manager, address)


def test_a_technician_finds_their_own_part_of_what_was_closed(closed: None, sign_in: Any) -> None:
    technician = sign_in("T002")
    assert listed(technician, f"{MONTH}behind?closed=1")[1] == 1
    assert "Chen Wei" not in text_of(technician.get(f"{MONTH}behind?closed=1&lost=1"))
    assert technician.get(f"{MONTH}behind?closed=1&technician=T001").status_code == 404
    assert "Nothing is behind it." in text_of(technician.get(f"{MONTH}behind?closed=1&item=decorum"))


@pytest.mark.parametrize(
    "address", ["2026-08/behind?closed=1", "2026-09/behind?closed=1&district=Hill", "2026-09/behind?verdicts=1&late=1"]
)
def test_no_closed_sheet_tells_circumstances_or_an_open_month(closed: None, sign_in: Any, address: str) -> None:
    assert sign_in("M001").get(f"/scores/{address}").status_code == 404


def test_a_share_of_a_hundred_opens_the_verdicts_on_that_item_and_no_other_visit(work: Work, sign_in: Any) -> None:
    september(work)
    manager = sign_in("M001")
    page = manager.get(f"{MONTH}overview").get_data(as_text=True)
    whole = [html.unescape(one) for one in re.findall(r'href="([^"]*/behind\?[^"]*)">100\.0</a>', page)]
    assert whole
    assert all("item=" in one for one in whole)
    [address] = [one for one in whole if "item=punctual" in one]
    assert listed(manager, address)[1] == 3
    assert "every verdict on it" in text_of(manager.get(address))
    assert listed(manager, f"{MONTH}behind?item=change_notice&verdicts=1")[1] == 0


def test_a_share_leaves_out_no_visit_that_nobody_came_to(work: Work, sign_in: Any) -> None:
    september(work)
    store(work, [builders.scheduled("WO-6", NINE)])
    manager = sign_in("M001")
    page = manager.get(f"{MONTH}overview").get_data(as_text=True)
    [(share, address)] = {
        (share, to) for to, share in re.findall(r'href="([^"]*/behind\?item=punctual)">([\d.]+)</a>', page)
    }
    assert (share, listed(manager, address)[1]) == ("75.0", 1)
    assert listed(manager, f"{address}&verdicts=1")[1] == 4


def test_the_distribution_of_a_closed_month_is_of_the_scores_that_were_closed(work: Work, sign_in: Any) -> None:
    people = [f"T00{number}" for number in range(1, 6)]
    visits = [(who, day) for who in people for day in range(8)]
    store(work, [
        one for who, day in visits
        for one in builders.perfect_visit(f"WO-{who}-{day}", NINE + timedelta(days=day), who)
    ])  # fmt: skip
    close(work)
    manager = sign_in("M001")
    before = manager.get(f"{MONTH}fairness").get_data(as_text=True)
    bands = re.findall(r'href="([^"]*behind/technicians[^"]*)">([\d.]+)</a>', before)
    found = [finding(technician=who, item=item) for who in people for item in ("decorum", "composure")]
    store(work, [*found, *map(upheld, found)])
    page = manager.get(f"{MONTH}fairness").get_data(as_text=True)
    assert re.findall(r'href="([^"]*behind/technicians[^"]*)">([\d.]+)</a>', page) == bands
    assert [number for _, number in bands] == ["100.0", "5"]
    list_ = text_of(manager.get(html.unescape(bands[-1][0])))
    assert "Counted from what was closed." in list_
    assert all(who in list_ for who in people)
    assert "Scores are those of the closed month" in html.unescape(page)
