"""The list behind a sum: exactly the visits and findings that are in it, reached from the number itself."""

import html
import re

import pytest

from fieldapp.services.findings import Draft, record
from tests import cast
from tests.web.test_fairness import history  # noqa: F401 - a fixture
from tests.web.test_score_overview import text_of

OVERVIEW, FAIRNESS = "/scores/2026-10/overview", "/scores/2026-10/fairness"


def behind(page: str) -> list[str]:
    """Where the numbers of a page lead."""
    return [html.unescape(one) for one in re.findall(r'href="(/scores/2026-10/behind[^"]*)"', page)]


def visits(client, address: str) -> list[str]:
    """The order numbers of a list."""
    page = client.get(address)
    assert page.status_code == 200, address
    return re.findall(r'<th scope="row"><a href="/scores/visits/[^"]*">([^<]*)', page.text)


def test_a_lost_item_opens_the_visits_that_breached_it(history, sign_in):  # noqa: F811 - the fixture
    manager = sign_in("M001")
    links = [one for one in behind(manager.get(OVERVIEW).text) if "item=punctual" in one]
    assert links
    assert sorted(visits(manager, links[0])) == [f"WO-L{number}{day}" for number in range(3) for day in range(3)]


def test_a_lost_exception_item_opens_its_findings(history, sign_in, work):  # noqa: F811 - the fixture
    draft = Draft(source="spot_check", technician="T001", item="decorum", favourable=False, note="seen")
    made = record(work, cast.Q001.actor, draft, finding_id=work.new_id())
    manager = sign_in("M001")
    [address] = {one for one in behind(manager.get(OVERVIEW).text) if "?item=decorum&lost" in one}
    assert f'href="/quality/findings/main/{made}"' in manager.get(address).text


def test_every_column_of_arrivals_opens_as_many_visits_as_it_says(history, sign_in):  # noqa: F811 - the fixture
    manager = sign_in("M001")
    page = manager.get(OVERVIEW).text
    columns = re.findall(r'href="([^"]*behind[^"]*(?:first|last)=[^"]*)">(\d+)</a>', page)
    assert sum(int(number) for _, number in columns) == 19
    for address, number in columns:
        assert len(visits(manager, html.unescape(address))) == int(number)


def test_groups_and_people_of_the_fairness_page_open_their_visits(history, sign_in):  # noqa: F811 - the fixture
    quality = sign_in("Q001")
    found = re.findall(r'href="([^"]*behind[^"]*)">(\d+)</a>', quality.get(FAIRNESS).text)
    assert any("district=Harbour" in one for one, _ in found)
    assert any("technician=T001" in one and "completed" in one for one, _ in found)
    for address, number in found:
        assert len(visits(quality, html.unescape(address))) == int(number), address


def test_a_technician_finds_their_own_part_behind_the_branchs_numbers_and_nobody_elses(history, sign_in):  # noqa: F811
    technician = sign_in("T002")
    found = behind(technician.get(FAIRNESS).text)
    assert any("district=Harbour" in one for one in found)
    for address in found:
        assert all(number[3:] in {"L10", "L11", "L12", "W10", "W11", "W12"} for number in visits(technician, address))
    late = "/scores/2026-10/behind?district=Harbour&lost=1"
    assert sorted(visits(technician, late)) == ["WO-L10", "WO-L11", "WO-L12"]
    page = text_of(technician.get(late))
    assert "Points lost: 15.0" in page
    assert "Of what the number counts, you see what is yours." in page
    assert "Chen Wei" not in page
    # The district of one visit is T001's alone: nothing of it is told, not even that it is there.
    assert "Nothing is behind it." in text_of(technician.get("/scores/2026-10/behind?district=Island"))
    for address in ("behind?technician=T001", "behind?technician=T001&lost=1", "behind?technician=T900"):
        assert technician.get(f"/scores/2026-10/{address}").status_code == 404
    people = text_of(technician.get("/scores/2026-10/behind/technicians?item=punctual"))
    assert "李静 T002" in people
    assert "T001" not in people


def test_numbers_open_nothing_for_who_plans(history, sign_in):  # noqa: F811 - the fixture
    client = sign_in("D001")
    assert behind(client.get(FAIRNESS).text) == []
    for address in ("behind?item=punctual", "behind", "behind/technicians"):
        assert client.get(f"/scores/2026-10/{address}").status_code == 403


def test_the_others_and_what_is_elsewhere_open_what_they_count(history, sign_in, work):  # noqa: F811 - the fixture
    draft = Draft(source="spot_check", technician="T001", item="decorum", favourable=False, note="seen")
    record(work, cast.Q001.actor, draft, finding_id=work.new_id())
    manager = sign_in("M001")
    others = visits(manager, "/scores/2026-10/behind?others=district")
    assert len(others) == 10
    assert "WO-I" in others
    assert "3.0 more points were lost" in text_of(manager.get(FAIRNESS))
    assert "more points were lost" not in text_of(sign_in("T002").get(FAIRNESS)), "it is one person's"
    page = text_of(manager.get("/scores/2026-10/behind?elsewhere=1"))
    assert "Points lost: 3.0" in page
    assert "1 finding " in page
    assert manager.get("/scores/2026-10/behind?others=weather").status_code == 404
    assert manager.get("/scores/2026-10/behind/technicians?item=weather").status_code == 404


@pytest.mark.parametrize("query", ["item=none", "district=Nowhere", "first=900", "technician=T900"])
def test_nothing_is_behind_what_nobody_counted(history, sign_in, query):  # noqa: F811 - the fixture
    assert "Nothing is behind it." in text_of(sign_in("M001").get(f"/scores/2026-10/behind?{query}"))


def test_of_another_branch_nothing_is_seen(history, sign_in):  # noqa: F811 - the fixture
    assert "Nothing is behind it." in text_of(sign_in("Q900").get("/scores/2026-10/behind"))
