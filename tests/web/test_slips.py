"""The monthly slip: what stands on it, for whom, in which language; and what it is good for afterwards."""

import re
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from fieldapp.services.doctor import head_on_paper
from fieldapp.services.work import Work
from fieldapp.storage import audit
from tests.cast import MAIN
from tests.cli.test_closing import run as command
from tests.closing import adjust, close, faults, finding, look, september, store, upheld
from tests.web.test_closing import text_of

SLIP = "/scores/2026-09/T001/slip"
run = command


@pytest.fixture
def closed(work: Work) -> Work:
    """September is closed, and T001's was adjusted since."""
    september(work)
    close(work)
    store(work, [finding("WO-1", item="decorum")])
    adjust(work)
    return work


def words_of(answer: Any) -> str:
    """All words on the paper."""
    assert answer.content_type == "application/pdf"
    pages = PdfReader(BytesIO(answer.get_data())).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def head(work: Work) -> str:
    with work.read() as db:
        number, last = audit.head(db, MAIN)
    return f"{MAIN}:{number}:{last}"


def test_page_and_paper_say_the_same(closed: Work, sign_in: Any) -> None:
    technician, standing = sign_in("T001"), look(closed).standing
    page, paper = text_of(technician.get(SLIP)), words_of(technician.get(f"{SLIP}.pdf"))
    row = look(closed).sealed.row
    for words in (
        "Monthly slip 2026-09", "Chen Wei", "installer/1", f"CNY {standing.closed.award}",
        f"CNY {standing.figure.award}", "2 / 2", "1 / 2", "0 / 10", "98%", "at most 0", "1 upheld finding",
        "It was found out later.", "I have looked at it.", "Ma Ling (M001)", "Mo Fan (M002)", "by M001 and Q001",
        row.fingerprint, standing.adjustments[0].row.fingerprint, head(closed),
    ):  # fmt: skip
        assert words in page
        assert words in paper


def test_what_an_adjustment_changed_leads_to_it_and_the_rest_to_its_visits(closed: Work, sign_in: Any) -> None:
    page = sign_in("T001").get(SLIP).get_data(as_text=True)
    sheet = "/scores/2026-09/T001/"
    assert page.count(f'href="{sheet}#adjustment-1">0 upheld findings → 1 upheld finding</a>') == 1
    assert f"{sheet}decorum" not in page
    assert f"{sheet}punctual" in page


@pytest.mark.parametrize(
    ("tag", "words"),
    [("zh-Hant", ("月度回單", "準時", "稽核鏈末端")), ("zh-Hans", ("月度回单", "准时", "审计链末端"))],
)
def test_it_speaks_the_reader_s_language(closed: Work, sign_in: Any, tag: str, words: tuple[str, ...]) -> None:
    technician, headers = sign_in("T001"), {"Accept-Language": tag}
    page, paper = technician.get(SLIP, headers=headers), technician.get(f"{SLIP}.pdf", headers=headers)
    for told in (text_of(page), words_of(paper)):
        assert all(one in told for one in words)


def test_a_veto_stands_first(work: Work, sign_in: Any) -> None:
    gift = finding(None, source="complaint", discipline="gifts")
    september(work)
    store(work, [gift])
    store(work, [upheld(gift)])
    close(work)
    assert "No award this month: Accepting gifts, meals or pay" in words_of(sign_in("T001").get(f"{SLIP}.pdf"))


def test_there_is_none_of_an_open_month(work: Work, sign_in: Any) -> None:
    september(work)
    technician = sign_in("T001")
    for address in (SLIP, f"{SLIP}.pdf"):
        answer = technician.get(address)
        assert answer.status_code == 409
        assert "There is no slip of 2026-09 yet" in text_of(answer)
    assert SLIP not in technician.get("/scores/2026-09/T001/").get_data(as_text=True)


@pytest.mark.parametrize(
    ("login", "status"),
    [("T001", 200), ("Q001", 200), ("M001", 200), ("T002", 404), ("Q900", 404), ("D001", 403), ("A001", 403)],
)
def test_it_is_for_the_technician_and_the_branch_s_quality_and_management(
    closed: Work, sign_in: Any, login: str, status: int
) -> None:
    client = sign_in(login)
    for address in (SLIP, f"{SLIP}.pdf"):
        assert client.get(address).status_code == status


def test_the_file_has_a_name_and_the_sheet_leads_to_the_slip(closed: Work, sign_in: Any) -> None:
    technician = sign_in("T001")
    assert f'href="{SLIP}"' in technician.get("/scores/2026-09/T001/").get_data(as_text=True)
    assert technician.get(f"{SLIP}.pdf").headers["Content-Disposition"] == (
        'attachment; filename="slip-2026-09-T001.pdf"'
    )


def test_who_was_not_listed_has_a_slip_too(closed: Work, sign_in: Any) -> None:
    assert "not listed" in words_of(sign_in("T003").get("/scores/2026-09/T003/slip.pdf"))


# --- What it is good for ------------------------------------------------------------------------------------------


def test_a_slip_proves_what_the_chain_held_on_its_day(closed: Work) -> None:
    told = head(closed)
    store(closed, [finding("WO-1", item="composure")])
    adjust(closed)
    assert head_on_paper(closed, told).faults == ()
    assert faults(closed) == []


def test_a_chain_that_was_written_anew_from_the_first_row_is_found_out_by_the_slip(closed: Work) -> None:
    """Whoever holds the database can compute every hash again; not what stands on paper."""
    told = head(closed)
    with closed.write() as db:
        rows = db.query(audit.AuditRow).filter(audit.AuditRow.branch == MAIN).order_by(audit.AuditRow.number).all()
        prev = audit.START
        for row in rows:
            row.facts, row.prev = row.facts.replace("M001", "M002"), prev
            row.actor = row.actor.replace("M001", "M002")
            prev = row.hash = audit.digest(row)
        found = db.get(audit.AuditHeadRow, MAIN)
        assert found
        found.head = prev
    with closed.read() as db:
        assert audit.verify(db) == []
    assert head_on_paper(closed, told).faults == (
        f"audit main row {told.split(':')[1]} is not the one that the slip was printed with",
    )


def test_the_doctor_is_shown_a_slip(run: Any, work: Work) -> None:
    run("close", "2026-09", "--as", "M001")
    run("close", "2026-09", "--as", "M002")
    good = run("doctor", "--head", head(work))
    assert (good.exit_code, good.stdout.splitlines()[-1]) == (0, f"ok    slip {head(work).rsplit(':', 1)[0]}")
    assert run("doctor", "--head", f"main:1:{'0' * 64}").exit_code == 1
    assert run("doctor", "--head", f"main:999:{'0' * 64}").exit_code == 1
    odd = run("doctor", "--head", "main:1")
    assert (odd.exit_code, odd.stderr) == (
        2, "fieldapp: “main:1” is no end of an audit chain. Copy the whole line from the slip.\n",
    )  # fmt: skip
