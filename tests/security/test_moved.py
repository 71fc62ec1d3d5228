"""Whoever was moved, or has another role, reaches what is about themselves where it counts, and nothing else there."""

import io
from typing import get_args

import pytest
from PIL import Image

from fieldapp.domain import access
from fieldapp.domain.appeals import Subject
from fieldapp.domain.ids import visit_id
from fieldapp.services import findings, oneself
from fieldapp.services.findings import Draft
from tests import links
from tests.cast import BY_LOGIN, MAIN, NORTH, Q001, T001, T002
from tests.moves import move
from tests.security.test_authorisation import NOBODY, doors
from tests.services.test_appeals import appeal, late_visit

ROLES = ("technician", "dispatcher", "quality", "manager", "admin")


def breach(work, technician):
    draft = Draft(source="complaint", technician=technician, discipline="gifts", note=f"secret of {technician}")
    return findings.record(work, Q001.actor, draft, finding_id=work.new_id())


@pytest.fixture
def things(work):
    """A late visit, an appeal about it, and a finding, of T001 and of T002 each; by whose they are."""
    found = {}
    for number, person in (("WO-1", T001), ("WO-2", T002)):
        late_visit(work, number, person.login)
        subject = Subject(visit=visit_id(MAIN, number), item="punctual")
        filed = appeal(work, subject, person, f"secret of {person.login}")
        found[person.login] = {
            "visit": subject.visit, "appeal": filed.appeal.id, "finding": breach(work, person.login),
        }  # fmt: skip
    return found


def become(work, role, branch=NORTH):
    move(work, branch=branch, role=role, team="n" if branch == NORTH else "a")


ADDRESSES = (
    "/scores/findings/{finding}", "/scores/findings/{finding}/appeal", "/scores/appeals/{appeal}",
    "/scores/visits/{visit}", "/scores/visits/{visit}/appeal/punctual", "/scores/2026-10/{who}/",
    "/scores/2026-10/{who}/visits", "/scores/2026-10/{who}/findings", "/scores/2026-10/{who}/punctual",
    "/causes/{visit}",
)  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_nothing_of_a_colleague_is_read_in_the_old_branch(work, sign_in, things, role):
    become(work, role)
    me = sign_in("T001")
    for address in ADDRESSES:
        look(me, things, address)


def look(me, things, address):
    """That it opens what is one's own, and answers for a colleague's as for what nobody has."""
    theirs = me.get(address.format(who="T002", **things["T002"]), query_string={"in": MAIN})
    nobodys = me.get(address.format(who="T999", finding=NOBODY, appeal=NOBODY, visit=NOBODY), query_string={"in": MAIN})
    assert theirs.status_code == nobodys.status_code == 404
    assert "secret of" not in theirs.text
    own = me.get(address.format(who="T001", **things["T001"]), query_string={"in": MAIN})
    # A breach that nobody upheld cannot be appealed, and what was appealed leads to the appeal.
    assert own.status_code in ({302, 303, 409} if "appeal" in address else {200}) | {200}


@pytest.mark.parametrize("role", ROLES)
def test_nothing_of_a_colleague_is_answered_or_appealed(work, sign_in, things, role):
    become(work, role)
    me, theirs = sign_in("T001"), things["T002"]
    for address in ("/scores/findings/{finding}", "/scores/findings/{finding}/appeal",
                    "/scores/visits/{visit}/appeal/punctual", "/causes/{visit}"):  # fmt: skip
        answer = me.post(
            f"{address.format(**theirs)}?in={MAIN}", data={"text": "x"}, content_type="multipart/form-data"
        )
        assert answer.status_code == 404, address


#: Pages of what counts about oneself; all others do not know the branch in the address.
OWN = ("/causes/", "/scores/findings/", "/scores/appeals/", "/scores/visits/", "/scores/2026-10/T002/", "/me/stored")


@pytest.mark.parametrize("role", ROLES)
def test_the_branch_in_the_address_opens_no_page_of_the_office(app, work, sign_in, things, role):
    become(work, role)
    me, told = sign_in("T001"), []
    for method, url, guard in doors(app):
        if (
            method != "GET"
            or guard.startswith("public")
            or url.startswith(("/scores/2026-10/?", "/api/sync/v1/photos"))
        ):
            continue
        url = url.replace("T001", "T002")
        plain, there = me.get(url), me.get(url, query_string={"in": MAIN})
        if url.startswith(OWN) or url in {"/scores/", "/scores/2026-10/"}:
            told += [url] if "T002" in there.text.replace(url, "") or there.status_code >= 500 else []
        elif (plain.status_code, "What counts about you in Main" in there.text) != (there.status_code, False):
            told.append(url)
    assert told == []


@pytest.mark.parametrize("role", ["quality", "manager"])
def test_a_team_s_month_is_not_read_by_naming_the_branch(work, sign_in, things, role):
    become(work, role)
    me = sign_in("T001")
    assert me.get(f"/scores/2026-10/?in={MAIN}").location == "/scores/2026-10/T001/?in=main"
    for page in ("/scores/2026-10/overview", "/scores/2026-10/fairness", "/scores/2026-10/behind"):
        assert "T002" not in me.get(f"{page}?in={MAIN}").text


@pytest.mark.parametrize("login", ["T900", "Q900", "D900", "A001", "Q001", "M001"])
def test_a_branch_in_which_nothing_counts_about_somebody_is_like_none(sign_in, things, login):
    client = sign_in(login)
    for branch in (MAIN, "nowhere", "", "main' OR 1=1", "\x00"):
        answer = client.get("/scores/", query_string={"in": branch})
        assert answer.status_code == 404, branch


def test_a_program_is_nobody(work, app, things):
    actor = access.Actor("-", "T001", "x", "token", NORTH, scopes=frozenset({"scores:read"}))
    assert oneself.places(work, actor) == []


@pytest.mark.parametrize(
    "permission", sorted(set(get_args(access.Permission)) - {"scores.own", "appeals.file", "causes.record"})
)
def test_oneself_holds_no_right_of_an_office_and_none_of_a_phone(permission):
    for person in ("T001", "Q001", "M001", "D001", "A001"):
        assert not access.may(access.oneself_in(BY_LOGIN[person].actor, MAIN), permission, branch=MAIN)


def test_oneself_reaches_ones_own_rows_of_that_branch_only():
    me = access.oneself_in(BY_LOGIN["T900"].actor, MAIN)
    assert access.may(me, "scores.own", branch=MAIN, technician="T900")
    assert not access.may(me, "scores.own", branch=MAIN, technician="T001")
    assert not access.may(me, "scores.own", branch=NORTH, technician="T900")


def test_photos_of_a_colleague_stay_closed(work, sign_in, things):
    become(work, "technician")
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, "JPEG")
    sha = findings.attach(work, T002.actor, content.getvalue())
    me = sign_in("T001")
    for visit in (things["T002"]["visit"], things["T001"]["visit"], ""):
        assert me.get(f"/api/sync/v1/photos/{sha}?in={MAIN}&visit={visit}").status_code == 404
    assert me.get(f"/scores/findings/{things['T002']['finding']}/photos/{sha}?in={MAIN}").status_code == 404


@pytest.mark.parametrize(("branch", "is_blind"), [(MAIN, True), (NORTH, False)])
def test_who_may_have_to_call_the_customer_learns_no_answer_as_oneself_before(work, sign_in, branch, is_blind):
    visit = links.unsigned_visit(work, courteous="no")
    move(work, branch=branch, role="quality", team=None)
    me = sign_in("T001")
    for address in (f"/scores/visits/{visit}", "/scores/2026-10/T001/courtesy"):
        html = me.get(f"{address}?in={MAIN}").text
        assert ("to be called back" in html or "who calls asks without knowing it" in html) is is_blind
        assert not (is_blind and "a secret word between us" in html)
    [kept] = [one for one in me.get(f"/me/stored.json?in={MAIN}").json if one["kind"] == "visit"]
    assert ("courtesy" in {one["item"] for one in kept["verdicts"]}) is not is_blind
