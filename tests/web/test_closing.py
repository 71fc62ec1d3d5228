"""The pages of a month's close: both people's steps clicked through, and every score page under the seal."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from fieldapp.services.work import Work
from tests import builders
from tests.closing import NINE, close, finding, propose, september, store
from tests.services.test_approvals import ask, soon

PAGE = "/scores/closing/main/2026-09/"


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))))


def seen(client: Any, url: str = PAGE) -> str:
    """The fingerprint that the page's forms carry."""
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', client.get(url).get_data(as_text=True))
    assert found
    return found[1]


def press(client: Any, step: str, fingerprint: str | None = None) -> Any:
    return client.post(f"{PAGE}{step}", data={"seen": fingerprint or seen(client)})


def test_two_people_click_through_a_close(work: Work, sign_in: Any) -> None:
    september(work)
    first, second = sign_in("M001"), sign_in("Q001")
    page = text_of(first.get(PAGE))
    for words in (
        "Ready to be closed",
        "Chen Wei",
        "provisional",
        "Propose to close",
        "1 judged visit is nobody’s: WO-4",
    ):
        assert words in page
    assert (press(first, "propose").status_code, press(first, "propose").status_code) == (303, 409)
    page = text_of(first.get(PAGE))
    assert "Waiting for a second person" in page
    assert "You entered this yourself. Somebody else has to decide it." in page
    assert "Confirm and close for good" not in page
    page = text_of(second.get(PAGE))
    assert "Ma Ling (M001) proposed these figures" in page
    assert press(second, "confirm").status_code == 303
    page = text_of(second.get(PAGE))
    for words in ("Closed. From now on these figures never change.", "Confirmed by Qian Yu (Q001)", "Fingerprint"):
        assert words in page
    assert "Propose to close" not in page


def test_the_second_person_finds_it_among_the_approvals_and_the_bar_counts_it(work: Work, sign_in: Any) -> None:
    september(work)
    propose(work)
    other = sign_in("Q900")
    page = other.get("/quality/approvals/").get_data(as_text=True)
    assert "Main: close 2026-09" in page
    assert f'href="{PAGE}"' in page
    assert re.search(r'href="/quality/approvals/"[^>]*>.*?waiting: </span>1</span>', page)
    assert press(other, "confirm").status_code == 303
    assert "close 2026-09" not in other.get("/quality/approvals/").get_data(as_text=True)


def test_figures_that_changed_come_back_as_they_are_now(work: Work, sign_in: Any) -> None:
    september(work)
    propose(work)
    second = sign_in("Q001")
    before = seen(second)
    store(work, [finding("WO-1", item="decorum")])
    answer = press(second, "confirm", before)
    page = text_of(answer)
    assert answer.status_code == 409
    assert "The figures have changed since they were proposed. Nothing was closed" in page
    assert "Ma Ling (M001) proposed other figures" in page
    assert "Propose these figures anew" in page
    assert press(second, "propose").status_code == 303
    assert press(sign_in("M001"), "confirm").status_code == 303


def test_what_stands_open_opens_what_is_behind_it(work: Work, sign_in: Any) -> None:
    september(work)
    arrived = builders.line("visit.arrived", "WO-5", NINE, "T001", gps={"status": "denied"})
    store(work, [builders.scheduled("WO-5", NINE), arrived, finding("WO-1", source="complaint", item="decorum")])
    client = sign_in("M001")
    answer = client.get(PAGE)
    page = text_of(answer)
    assert "2026-09 cannot be closed yet. Visits without an outcome: 1." in page
    assert "Propose to close" not in page
    for link in (r"(/scores/visits/[^\"]+)\">WO-5<", r"(/quality/findings/main/[^\"]+)\">Complaint<"):
        found = re.search(f'href="{link}', answer.get_data(as_text=True))
        assert found
        assert client.get(found[1]).status_code == 200
    assert press(client, "propose", "0" * 64).status_code == 409


def test_a_running_month_shows_its_figures_and_what_waits(work: Work, sign_in: Any) -> None:
    ask(work, soon(work))
    page = text_of(sign_in("M001").get("/scores/closing/main/2026-10/"))
    assert "2026-10 has not ended yet." in page
    assert "1 late changes to be approved" in page


def test_the_proposal_can_be_withdrawn_on_the_page(work: Work, sign_in: Any) -> None:
    september(work)
    propose(work)
    client = sign_in("M001")
    assert press(client, "withdraw").status_code == 303
    assert "The proposal was withdrawn." in text_of(client.get(PAGE))


def test_every_score_page_of_a_closed_month_carries_the_seal(work: Work, sign_in: Any) -> None:
    september(work)
    close(work)
    manager, technician = sign_in("M001"), sign_in("T001")
    visit = re.search(r'href="(/scores/visits/[^"]+)"', technician.get("/scores/2026-09/T001/visits").text)
    assert visit
    pages = [(manager, "/scores/2026-09/"), *(
        (technician, address)
        for address in ("/scores/2026-09/T001/", "/scores/2026-09/T001/sign_off", "/scores/2026-09/T001/visits",
                        html.unescape(visit[1]))
    )]  # fmt: skip
    for client, address in pages:
        assert re.search(r"month closed", text_of(client.get(address))), address
    assert "provisional" not in text_of(manager.get("/scores/2026-09/"))
    assert "provisional" in text_of(manager.get("/scores/2026-10/"))


def test_a_closed_sheet_opens_its_visits_as_they_counted(work: Work, sign_in: Any) -> None:
    september(work)
    close(work)
    store(work, [finding("WO-1", item="uniform")])
    technician = sign_in("T001")
    page = technician.get("/scores/2026-09/T001/uniform")
    assert "2 visits where it was met" in text_of(page)
    link = re.search(r'href="(/scores/visits/[^"]+)">WO-1<', page.get_data(as_text=True))
    assert link
    told = text_of(technician.get(html.unescape(link[1])))
    then, now = told.index("What counted when the month was closed, and why"), told.index("What later facts say")
    later, checked = "A finding says that this was not done.", "Checked off by the technician."
    assert now < told.index(later) < then < told.index(checked)


def test_a_visit_that_came_after_the_close_says_so(work: Work, sign_in: Any) -> None:
    september(work)
    close(work)
    store(work, builders.perfect_visit("WO-9", NINE))
    visit = builders.ids.visit_id("main", "WO-9")
    assert "Came after the close" in text_of(sign_in("T001").get(f"/scores/visits/{visit}"))


def test_a_visit_that_a_closed_month_keeps_says_where_it_counts(work: Work, sign_in: Any) -> None:
    september(work)
    store(work, [builders.scheduled("WO-5", NINE)])
    close(work)
    moved = NINE + timedelta(days=29)
    later = builders.promise(moved) | {"told_at": (NINE - timedelta(days=1)).isoformat()}
    change = builders.line("promise.changed", "WO-5", NINE, "office", asked_by="customer", promise=later,
                           apology=False, cause="customer")  # fmt: skip
    store(work, [change, *builders.perfect_visit("WO-5", moved)[1:]])
    client = sign_in("M001")
    answer = client.get("/scores/closing/main/2026-10/")
    assert "1 visits that count in a closed month WO-5" in text_of(answer)
    found = re.search(r'href="([^"]+)">counts in 2026-09<', answer.get_data(as_text=True))
    assert found
    assert "WO-5" in text_of(client.get(found[1]))
    visit = builders.ids.visit_id("main", "WO-5")
    page = text_of(sign_in("T001").get(f"/scores/visits/{visit}"))
    assert "Counts in 2026-09 Its promise lies in 2026-10 by now" in page


@pytest.mark.parametrize("address", ["/scores/closing/nowhere/2026-09/", "/scores/closing/north/2026-09/"])
def test_months_of_others_answer_like_those_of_nobody(sign_in: Any, address: str) -> None:
    client = sign_in("M001")
    assert client.get(address).status_code == 404
    for step in ("propose", "confirm", "withdraw"):
        assert client.post(f"{address}{step}", data={"seen": "0" * 64}).status_code == 404


def test_what_is_no_month_is_said(sign_in: Any) -> None:
    assert sign_in("M001").get("/scores/closing/main/october/").status_code == 422


def test_a_manager_takes_the_payroll_of_a_closed_month(work: Work, sign_in: Any) -> None:
    september(work)
    manager = sign_in("M001")
    assert manager.get(f"{PAGE}payroll.csv").status_code == 409
    close(work)
    assert f'href="{PAGE}payroll.xlsx"' in manager.get(PAGE).get_data(as_text=True)
    answer = manager.get(f"{PAGE}payroll.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="payroll-main-2026-09.csv"'
    assert answer.content_type == "text/csv; charset=utf-8"
    lines = answer.get_data().decode("utf-8-sig").splitlines()
    assert [line.split(",")[2] for line in lines] == ["technician", "T001", "T002"]
    assert manager.get(f"{PAGE}payroll.xlsx").get_data().startswith(b"PK")
    assert manager.get(f"{PAGE}payroll.ods").status_code == 404
    assert manager.get("/scores/closing/north/2026-09/payroll.csv").status_code == 404
    quality = sign_in("Q001")
    assert quality.get(f"{PAGE}payroll.csv").status_code == 403
    assert "payroll" not in quality.get(PAGE).get_data(as_text=True)
