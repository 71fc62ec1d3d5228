"""Pages of a visit that turned out to be another technician's: none leads to what its reader may not see.

What counts for whom is tests/services/test_handed_over.py's.
"""

import html
import re
from datetime import timedelta

import pytest

from fieldapp.domain.appeals import Subject
from fieldapp.domain.ids import visit_id
from fieldapp.services import appeals
from tests.builders import line, perfect_visit
from tests.cast import M002, MAIN, T001, T002
from tests.closing import NINE, adjust, close, finding, september, store, upheld
from tests.web.test_scores import text_of

MONTH = "/scores/2026-09"
WO_1 = visit_id(MAIN, "WO-1")
#: What leads to a visit, a finding or an appeal, and these themselves.
MEANT = re.compile(
    rf"{MONTH}/T00./(|findings|courtesy|sign_off|decorum|forgery|cleanup)$|/scores/(findings|visits|appeals)/"
)


def hand_over(work, number="WO-1", to="T002", minutes=3):
    """Another phone says that its technician was at the door before."""
    came = NINE + timedelta(minutes=5 - minutes)
    store(work, [line("visit.arrived", number, came, to, gps={"status": "denied"})])


def dead(client, *starts):
    """Addresses that these pages, and those behind them, lead to and that are refused: with the page that does."""
    seen, ahead, found = set(starts), [(one, "") for one in starts], []
    while ahead:
        url, source = ahead.pop()
        answer = client.get(url)
        if answer.status_code >= 400:
            found.append((url, answer.status_code, source))
        elif answer.content_type.startswith("text/html"):
            for link in map(html.unescape, re.findall(r'href="([^"#]+)', answer.text)):
                if MEANT.match(link) and link not in seen:
                    seen.add(link)
                    ahead.append((link, url))
    return found


@pytest.fixture
def judged(work):
    """WO-1 of T001 with a finding on an item, one of discipline that is upheld, and one on an exception."""
    september(work)
    rude, forged = finding("WO-1", item="courtesy"), finding("WO-1", source="call_back", discipline="forgery")
    store(work, [rude, forged, upheld(forged), finding("WO-1", item="decorum")])
    return Subject(finding=rude["id"])


@pytest.fixture(params=["open", "closed", "adjusted"])
def handed_over(request, work, judged):
    """The same of T002 by now: in a month that runs, was closed before, was adjusted since."""
    if request.param != "open":
        close(work)
    hand_over(work)
    if request.param == "adjusted":
        adjust(work, "T001")
        adjust(work, "T002")
    return judged


@pytest.mark.parametrize("login", ["T001", "T002"])
def test_no_page_leads_to_one_that_its_reader_may_not_see(work, sign_in, handed_over, login):
    filed = appeals.file(work, T002.actor, MAIN, handed_over, "That was not me.")
    appeals.decide(work, M002.actor, MAIN, filed.appeal.id, "overturned", "It was not.")
    appeals.file(work, T002.actor, MAIN, Subject(visit=WO_1, item="sign_off"), "They forged it, not me.")
    assert dead(sign_in(login), f"{MONTH}/{login}/", f"{MONTH}/{login}/findings") == []


@pytest.mark.parametrize("is_adjusted", [False, True])
@pytest.mark.parametrize("login", ["T001", "T002", "T003", "M001"])
def test_adjustments_lead_to_no_visit_that_came_and_went(work, sign_in, judged, login, is_adjusted):
    close(work)
    hand_over(work)
    adjust(work, "T001")
    adjust(work, "T002")
    hand_over(work, to="T003", minutes=4)
    if is_adjusted:
        adjust(work, "T002")
        adjust(work, "T003")
    mine = sign_in(login)
    whose = ["T001", "T002", "T003"] if login == "M001" else [login]
    assert dead(mine, *(f"{MONTH}/{one}/" for one in whose)) == []
    if login == "M001":
        assert dead(mine, *(f"{MONTH}/adjustments/main/{one}" for one in whose)) == []


def test_the_first_technician_opens_the_visit_as_their_closed_month_counted_it(work, sign_in, judged):
    close(work)
    hand_over(work)
    page = sign_in("T001").get(f"/scores/findings/{judged.finding}").text
    assert f'href="/scores/visits/{WO_1}?month=2026-09&amp;technician=T001"' in page


def test_of_a_month_that_runs_they_read_its_number_alone(work, sign_in, judged):
    hand_over(work)
    page = sign_in("T001").get(f"/scores/findings/{judged.finding}").text
    assert "WO-1" in page
    assert f"/scores/visits/{WO_1}" not in page
    assert f"/scores/visits/{WO_1}" in sign_in("M001").get(f"/scores/findings/{judged.finding}").text


def test_the_other_s_appeal_is_not_told_as_one_s_own(work, sign_in, judged):
    close(work)
    hand_over(work)
    filed = appeals.file(work, T002.actor, MAIN, judged, "That was not me.")
    mine, item = sign_in("T001"), f"{MONTH}/T001/courtesy"
    assert "appealed" not in text_of(mine.get(item))
    appeals.decide(work, M002.actor, MAIN, filed.appeal.id, "overturned", "It was not.")
    page = mine.get(item)
    assert "overturned on appeal" not in text_of(page)
    assert "Open appeal" not in text_of(page)


def test_whose_it_is_by_now_reads_the_earlier_appeal_as_somebody_else_s(work, sign_in):
    store(work, perfect_visit("WO-1", NINE, cleanup="no"))
    appeals.file(work, T001.actor, MAIN, Subject(visit=WO_1, item="cleanup"), "The belongings were theirs.")
    hand_over(work)
    told = "Filed by another technician, whose visit it was taken for then."
    client = sign_in("T002")
    assert told in text_of(client.get(f"{MONTH}/T002/cleanup"))
    assert dead(client, f"{MONTH}/T002/cleanup") == []


def test_one_s_own_appeal_names_a_visit_that_has_left_and_leads_nowhere(work, sign_in):
    store(work, perfect_visit("WO-1", NINE, cleanup="no"))
    appeals.file(work, T001.actor, MAIN, Subject(visit=WO_1, item="cleanup"), "The belongings were theirs.")
    mine = sign_in("T001")
    address = f"/scores/appeals/{Subject(visit=WO_1, item='cleanup').appeal_id}"
    assert f"/scores/visits/{WO_1}" in mine.get(address).text
    hand_over(work)
    assert "WO-1" in mine.get(address).text
    assert dead(mine, address) == []
