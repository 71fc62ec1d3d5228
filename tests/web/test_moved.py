"""Who was moved to another branch, or given another role, still reads, answers and appeals what counts about them."""

import re
from dataclasses import replace

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import visit_id
from fieldapp.services import closed, exports, finding_views, findings, leavers
from fieldapp.services.findings import Draft
from tests.builders import perfect_visit
from tests.cast import M001, MAIN, NORTH, Q001, T001
from tests.closing import SEPTEMBER, close, finding, september
from tests.closing import store as closing_store
from tests.links import store
from tests.moves import move
from tests.services.test_appeals import LATE, NINE, appeal, late_visit
from tests.web.dispatch.test_pages import page
from tests.web.test_score_overview import text_of

TEXT = "I paid for them."


@pytest.fixture
def gift(work):
    """T001 came late to WO-1, and is said to have taken a gift; then the admin moves them to north."""
    late_visit(work)
    draft = Draft(source="complaint", technician="T001", discipline="gifts", note="a carton of milk")
    finding = findings.record(work, Q001.actor, draft, finding_id=work.new_id())
    move(work)
    return finding


@pytest.fixture
def me(gift, sign_in):
    return sign_in("T001")


def links(client, address):
    return re.findall(r'href="(/(?:scores|me)/[^"#]*)"', client.get(address, follow_redirects=True).text)


def test_a_breach_of_discipline_is_told_on_every_page_of_ones_own_and_answered_there(me, gift, work, sign_in):
    for own in ("/scores/", "/me/"):
        html = text_of(me.get(own, follow_redirects=True))
        assert "Accepting gifts, meals or pay (Main): You can answer until the end of Wed, Oct 21." in html
        assert f"/scores/findings/{gift}?in=main" in links(me, own)
    assert re.search(
        r'href="/scores/"[^>]*>.*?waiting: </span>1</span>', page(me.get("/scores/", follow_redirects=True))
    )
    html = page(me.get(f"/scores/findings/{gift}?in=main"))
    for told in ("a carton of milk", "What counts about you in Main", "Send the answer"):
        assert told in html
    answer = me.post(f"/scores/findings/{gift}?in=main", data={"text": TEXT})
    assert (answer.status_code, answer.location) == (303, f"/scores/findings/{gift}?in=main")
    assert TEXT in page(sign_in("M001").get(f"/quality/findings/{MAIN}/{gift}"))


def test_an_old_link_leads_to_the_branch_in_which_it_is(me, gift, work):
    answer = me.get(f"/scores/findings/{gift}?_external=1&_scheme=evil")
    assert answer.location == f"/scores/findings/{gift}?_external=1&_scheme=evil&in=main"
    assert me.get(f"/scores/visits/{LATE.visit}").location.endswith("?in=main")
    assert me.get(f"/scores/visits/{LATE.visit}/appeal/punctual").location.endswith("?in=main")
    assert me.post(f"/scores/findings/{gift}", data={"text": TEXT}).status_code == 404


def test_a_late_visit_of_the_old_branch_is_read_and_appealed(me, sign_in):
    item = "/scores/2026-10/T001/punctual?in=main"
    [form] = [link for link in links(me, item) if "/appeal/" in link]
    assert me.get(form).status_code == 200
    made = me.post(form, data={"text": TEXT}, content_type="multipart/form-data")
    assert made.status_code == 303
    assert TEXT in page(me.get(made.location))
    assert "Punctuality" in page(me.get("/scores/appeals/?in=main"))
    assert "/scores/appeals/?in=main" in links(me, "/scores/appeals/")
    assert "WO-1" in page(sign_in("M001").get("/quality/appeals/"))


def test_what_was_appealed_before_the_move_is_still_read(work, sign_in):
    late_visit(work)
    filed = appeal(work)
    move(work)
    me = sign_in("T001")
    assert me.get(f"/scores/appeals/{filed.appeal.id}", follow_redirects=True).status_code == 200


@pytest.mark.parametrize("role", ["quality", "manager", "dispatcher", "admin"])
@pytest.mark.parametrize("branch", ["main", "north"])
def test_who_has_another_role_by_now_answers_and_appeals_as_themselves(gift, work, sign_in, role, branch):
    move(work, branch=branch, team=None, role=role)
    me = sign_in("T001")
    assert f"/scores/findings/{gift}?in=main" in links(me, "/me/")
    assert "/me/stored?in=main" in links(me, "/me/")
    assert me.get(f"/scores/findings/{gift}").location.endswith("?in=main")
    assert me.post(f"/scores/findings/{gift}?in=main", data={"text": TEXT}).status_code == 303
    assert [one.text for one in finding_views.detail(work, M001.actor, MAIN, gift).statements] == [TEXT]
    form = f"/scores/visits/{LATE.visit}/appeal/punctual?in=main"
    assert me.post(form, data={"text": TEXT}, content_type="multipart/form-data").status_code == 303
    assert me.get("/scores/appeals/").location == "/scores/appeals/?in=main"
    assert "Punctuality" in page(me.get("/scores/appeals/?in=main"))


def test_the_months_of_the_old_branch_are_read_and_lead_back(gift, sign_in, clock):
    clock.advance(days=40)
    me = sign_in("T001")
    assert me.get("/scores/?in=main").location == "/scores/2026-10/T001/?in=main"
    html = text_of(me.get("/scores/2026-10/T001/?in=main"))
    assert "Chen Wei T001" in html
    assert "My branch of today" in html
    found = links(me, "/scores/2026-10/T001/?in=main")
    kept = [link for link in found if re.match(r"/scores/\d|/scores/visits", link)]
    assert kept
    assert all(link.endswith("in=main") for link in kept)
    assert [link for link in found if me.get(link, follow_redirects=True).status_code != 200] == []
    assert "/scores/?in=main" in links(me, "/scores/")
    assert me.get("/scores/2026-07/T001/?in=main").status_code == 200


def test_who_never_moved_is_asked_nothing(work, sign_in):
    late_visit(work)
    assert "What counts about you" not in sign_in("T001").get("/scores/", follow_redirects=True).text
    assert sign_in("T001").get("/scores/?in=main").location.endswith("/T001/")


def kept(client):
    """What the file of everything tells, as kind and branch of each thing."""
    answer = client.get("/me/stored.json", follow_redirects=True)
    assert answer.status_code == 200
    return [(one["kind"], one.get("branch")) for one in answer.json]


@pytest.mark.parametrize("role", ["technician", "quality", "admin"])
def test_everything_that_is_stored_is_told_of_each_branch_and_whole_in_the_file(gift, work, sign_in, role):
    move(work, role=role, team="n" if role == "technician" else None)
    store(work, perfect_visit("WO-N", NINE, "T001"), NORTH)
    me = sign_in("T001")
    html = text_of(me.get("/me/stored?in=main"))
    for told in ("What counts about you in Main", "My visits 1", "Findings about me 1", "2026-10 1 1 0"):
        assert told in html
    assert "/me/stored?in=north" in links(me, "/me/stored?in=main") or role == "technician"
    assert {("visit", "main"), ("visit", "north"), ("finding", "main"), ("score", "main"), ("audit", "main")} <= {
        *kept(me)
    }
    assert [kind for kind, _ in kept(me)].count("account") == 1
    exported = [(one["kind"], one.get("branch")) for one in leavers.everything(work, OPERATOR, "T001")]
    assert {("visit", "main"), ("visit", "north"), ("finding", "main")} <= {*exported}
    assert [
        link for link in links(me, "/me/stored?in=main") if me.get(link, follow_redirects=True).status_code != 200
    ] == []


def test_what_somebody_did_in_another_role_names_nobody_else_there(gift, work, sign_in):
    move(work, branch=MAIN, role="quality", team=None)
    draft = Draft(source="spot_check", technician="T002", item="decorum", favourable=False, note="x")
    theirs = findings.record(work, replace(T001.actor, role="quality"), draft, finding_id=work.new_id())
    move(work)
    me = sign_in("T001")
    for answer in (me.get("/me/stored?in=main"), me.get("/me/stored.json")):
        assert "finding.recorded" in answer.text
        assert gift in answer.text
        assert theirs not in answer.text
        assert "T002" not in answer.text


def test_a_closed_month_s_slip_of_the_old_branch_is_ones_own(work, sign_in):
    september(work)
    close(work)
    move(work)
    me = sign_in("T001")
    assert "Chen Wei" in page(me.get("/scores/2026-09/T001/slip?in=main"))
    assert me.get("/scores/2026-09/T001/slip.pdf?in=main").content_type == "application/pdf"
    assert me.get("/scores/2026-09/T002/slip?in=main").status_code == 404


@pytest.mark.parametrize("role", ["technician", "quality"])
def test_who_left_keeps_their_name_in_the_old_branch(work, sign_in, role):
    september(work)
    move(work, role=role, team="n" if role == "technician" else None)
    manager = sign_in("M001")
    month = "/scores/2026-09/"
    for address in (
        month, f"{month}T001/", f"{month}overview", "/scores/closing/main/2026-09/", f"{month}behind?technician=T001",
        f"{month}behind/technicians?item=sign_off", f"/scores/visits/{visit_id(MAIN, 'WO-2')}",
    ):  # fmt: skip
        answer = manager.get(address)
        assert answer.status_code == 200
        assert "Chen Wei" in answer.text, address
        assert "T001 T001" not in text_of(answer), address
    close(work)
    assert [one.name for one in closed_names(work)] == ["Chen Wei", "李静"]
    assert {row["technician_name"] for row in exported(work)} == {"Chen Wei", "李静", ""}
    assert "Chen Wei" in manager.get("/scores/2026-09/T001/slip").text


def closed_names(work):
    with work.read() as db:
        return closed.everybody(db, closed.find(db, MAIN, SEPTEMBER))


def exported(work):
    rows = []
    exports.export(work, M001.actor, MAIN, SEPTEMBER, "visits", rows.append)
    return rows


def test_the_admin_reads_before_a_move_what_stays_and_after_it_what_is_not_settled(work, sign_in):
    late_visit(work)
    appeal(work)
    draft = Draft(source="complaint", technician="T001", discipline="gifts", note="a carton of milk")
    findings.record(work, Q001.actor, draft, finding_id=work.new_id())
    for _ in range(2):
        html = text_of(sign_in("A001").get("/admin/accounts/T001"))
        assert "Not settled in Main 1 finding to be decided · 1 appeal to be answered · 1 month to be closed" in html
        assert "It stays in this branch, whatever branch or role you give them" in html
        assert "carton" not in html
        move(work)
    assert "Not settled" not in sign_in("A001").get("/admin/accounts/T002").text


def test_a_month_that_is_closed_is_settled(work, sign_in):
    september(work)
    assert "1 month to be closed" in sign_in("A001").get("/admin/accounts/T001").text
    close(work)
    assert "Not settled" not in sign_in("A001").get("/admin/accounts/T001").text


def test_why_a_visit_of_the_old_branch_was_late_is_still_said(me):
    html = page(me.get(f"/scores/visits/{LATE.visit}?in=main"))
    assert f"/causes/{LATE.visit}?in=main" in html
    said = me.post(f"/causes/{LATE.visit}?in=main", data={"seen": "0", "cause": "plan", "note": "two at once"})
    assert said.location == f"/causes/{LATE.visit}?in=main"
    assert "two at once" in page(me.get(said.location))


def test_that_more_is_known_about_a_closed_month_of_the_old_branch_is_told(work, sign_in):
    september(work)
    close(work)
    move(work)
    assert "Something new about a closed month" not in page(sign_in("T001").get("/me/"))
    closing_store(work, [finding("WO-1", item="decorum")])
    assert "Something new about a closed month" in page(sign_in("T001").get("/me/"))
    assert "Known since the close" in page(sign_in("T001").get("/scores/2026-09/T001/?in=main"))
