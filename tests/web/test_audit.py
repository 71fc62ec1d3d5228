"""The audit on the page: narrowed, page by page, taken away as a table; never what people wrote."""

import csv
import io
import re
from datetime import timedelta

import pytest

from fieldapp.services import doctor
from fieldapp.storage import audit
from tests import cast


@pytest.fixture
def told(work, clock):
    """Entries of main, a minute apart: `told("account.changed", by="A001")`."""

    def act(action, *, by="A001", about="T001", branch=cast.MAIN, **facts):
        clock.advance(minutes=1)
        with work.write() as db:
            audit.append(
                db, branch, entry_id=work.new_id(), now=clock(), actor=by, action=action, subject=about, facts=facts
            )

    return act


def rows(page):
    """Number and action of each row, as they stand."""
    return [(int(number), action) for number, action in re.findall(
        r'<th scope="row" class="end num">(\d+)</th>.*?<code>([\w.]+)</code>', page.text, re.DOTALL)]  # fmt: skip


def of_main(client, **asked):
    return client.get("/admin/audit/", query_string={"chain": cast.MAIN, **asked})


def file_of(client, **asked):
    with client.post("/admin/audit/export.csv", data={"chain": cast.MAIN, **asked}) as answer:
        assert answer.status_code == 200
        return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def test_it_is_narrowed_by_who_what_about_and_when(sign_in, told, clock):
    first = clock()
    told("account.changed", before="technician", role="quality")
    told("account.disabled", by="A002")
    told("accounts.unlike")
    clock.advance(days=2)
    told("month.closed", by="M001", about="2026-09 100%")
    client = sign_in("A001")
    assert [action for _, action in rows(of_main(client))] == [
        "month.closed", "accounts.unlike", "account.disabled", "account.changed",
    ]  # fmt: skip
    assert rows(of_main(client, by="A002")) == [(2, "account.disabled")]
    assert rows(of_main(client, action="account")) == [(2, "account.disabled"), (1, "account.changed")]
    assert rows(of_main(client, action="account.changed", subject="T001")) == [(1, "account.changed")]
    assert rows(of_main(client, subject="%")) == [(4, "month.closed")], "signs of a pattern are signs"
    assert rows(of_main(client, subject="_")) == []
    day = f"{first:%Y-%m-%d}"
    assert [number for number, _ in rows(of_main(client, until=day))] == [3, 2, 1], "the last day is in it"
    assert rows(of_main(client, since=f"{first + timedelta(days=1):%Y-%m-%d}")) == [(4, "month.closed")]
    assert len(rows(of_main(client, since="no day", until="9999-12-31", before="x"))) == 4
    assert "Nothing like that" in of_main(client, by="T777").text


def test_pages_follow_each_other_by_number_whatever_comes_in_between(sign_in, told):
    for _ in range(120):
        told("account.changed")
    client = sign_in("A001")
    page, seen = of_main(client, action="account"), []
    while True:
        seen += [number for number, _ in rows(page)]
        onward = re.search(r'rel="next" href="([^"]+)"', page.text)
        if onward is None:
            break
        told("account.changed")
        page = client.get(onward[1].replace("&amp;", "&"))
    assert seen == list(range(120, 0, -1))


def test_each_chain_is_looked_at_by_itself_the_company_s_first(sign_in, told):
    told("branch.added", branch=None)
    told("visit.noted", branch=cast.NORTH)
    client = sign_in("A001")
    assert "branch.added" in client.get("/admin/audit/").text
    assert rows(client.get("/admin/audit/?chain=north")) == [(1, "visit.noted")]
    assert client.get("/admin/audit/?chain=elsewhere").status_code == 404
    assert client.post("/admin/audit/export.csv", data={"chain": "elsewhere"}).status_code == 404


SECRETS = ("Her train is late", "13800138000", "+8613800138000", "Wang Fang", "王芳")


def test_what_people_wrote_and_whole_numbers_stand_neither_on_the_page_nor_in_the_file(sign_in, told):
    told(
        "change.requested", about="13800138000", reason="Her train is late", phone="+8613800138000", who=["王芳"],
        more={"name": "Wang Fang", "kind": "late"}, visits=3, is_new=True, day="2026-10-14", none=None,
    )  # fmt: skip
    client = sign_in("A001")
    page, [line] = of_main(client).text, file_of(client, action="change")
    for text in (page, str(line)):
        assert [one for one in SECRETS if one in text] == []
        assert "…00" in text
        for kept in ("visits", "true", "2026-10-14", "late"):
            assert kept in text


def test_the_file_holds_all_that_was_asked_for_and_the_audit_says_who_took_it(sign_in, told, work):
    for _ in range(60):
        told("account.changed")
    told("month.closed", by="=1+1", about="@SUM(A1)")
    client = sign_in("A001")
    found = file_of(client)
    assert [int(row["number"]) for row in found] == list(range(62, 0, -1))
    assert (found[0]["who"], found[0]["what"]) == ("A001", "audit.exported"), "it says itself who took it"
    assert (found[1]["who"], found[1]["about"]) == ("'=1+1", "'@SUM(A1)"), "no cell is a formula"
    assert [row["what"] for row in file_of(client, action="month")] == ["month.closed"]
    with work.read() as db:
        kept = audit.with_action(db, cast.MAIN, "audit.exported")
        assert found[1]["hash"] == audit.hash_at(db, cast.MAIN, 61)
        assert audit.verify(db) == []
    assert [(one.actor, one.facts) for one in kept] == [("A001", {}), ("A001", {"action": "month"})]


def test_the_end_of_the_chain_is_the_one_that_the_doctor_takes(sign_in, told, work):
    told("account.changed")
    page = of_main(sign_in("A001"), by="nobody").text
    head = re.search(r"<code>(main:1:[0-9a-f]{64})</code>", page)[1]
    told("account.changed")
    assert doctor.head_on_paper(work, head).faults == ()


@pytest.mark.parametrize("login", ["T001", "D001", "Q001", "M001"])
def test_it_is_the_admin_s(sign_in, login):
    client = sign_in(login)
    assert client.get("/admin/audit/").status_code == 403
    assert client.post("/admin/audit/export.csv").status_code == 403
