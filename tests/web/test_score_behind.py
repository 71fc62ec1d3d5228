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
    return re.findall(r'href="/scores/visits/[^"]*">([^<]*)', page.text)


def test_a_lost_item_opens_the_visits_that_breached_it(history, sign_in):  # noqa: F811 - the fixture
    manager = sign_in("M001")
    links = [one for one in behind(manager.get(OVERVIEW).text) if "item=punctual" in one]
    assert links
    assert sorted(visits(manager, links[0])) == [f"WO-L{number}{day}" for number in range(3) for day in range(3)]


def test_a_lost_exception_item_opens_its_findings(history, sign_in, work):  # noqa: F811 - the fixture
    draft = Draft(source="spot_check", technician="T001", item="decorum", favourable=False, note="seen")
    made = record(work, cast.Q001.actor, draft, finding_id=work.new_id())
    manager = sign_in("M001")
    [address] = {one for one in behind(manager.get(OVERVIEW).text) if "item=decorum" in one}
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


def test_numbers_of_groups_open_nothing_for_who_reads_no_single_persons(history, sign_in):  # noqa: F811 - the fixture
    for login in ("T001", "D001"):
        client = sign_in(login)
        assert behind(client.get(FAIRNESS).text) == []
        assert client.get("/scores/2026-10/behind?item=punctual").status_code == 403


@pytest.mark.parametrize("query", ["item=none", "district=Nowhere", "first=900", "technician=T900"])
def test_nothing_is_behind_what_nobody_counted(history, sign_in, query):  # noqa: F811 - the fixture
    assert "Nothing is behind it." in text_of(sign_in("M001").get(f"/scores/2026-10/behind?{query}"))


def test_of_another_branch_nothing_is_seen(history, sign_in):  # noqa: F811 - the fixture
    assert "Nothing is behind it." in text_of(sign_in("Q900").get("/scores/2026-10/behind"))
