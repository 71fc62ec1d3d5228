"""GET and POST /appeals, GET /appeals/{appeal}."""

import base64
import io
from datetime import timedelta

import pytest
from PIL import Image

from fieldapp.domain.appeals import Subject
from fieldapp.domain.ids import visit_id
from fieldapp.services import appeal_views, appeals, findings
from fieldapp.services.findings import Draft
from tests import builders, cast
from tests.moves import move
from tests.sync.phone import plan


@pytest.fixture
def filed(work, clock):
    """Two appeals of T001 about shoe covers that customers missed; the first is decided."""
    start = clock() - timedelta(days=1)
    made = []
    for number, hours in (("WO-1", 0), ("WO-2", 3)):
        plan(work, *builders.perfect_visit(number, start + timedelta(hours=hours), shoe_covers="no"))
        subject = Subject(visit=visit_id(cast.MAIN, number), item="shoe_covers")
        made.append(appeals.file(work, cast.T001.actor, cast.MAIN, subject, "I wore them.").appeal)
        clock.advance(minutes=1)
    appeals.decide(work, cast.M001.actor, cast.MAIN, made[0].id, "overturned", "The photo shows them.")
    return [one.id for one in made]


def test_appeals_are_told_with_where_they_stand(program, filed):
    hr = program("appeals:read")
    first, second = hr.get("/appeals").json["items"]
    assert first == {
        "id": filed[0], "technician": "T001", "visit": "WO-1", "finding": None, "about": "shoe_covers",
        "state": "overturned", "filed_at": "2026-10-14T01:30:00Z", "text": "I wore them.", "photos": [],
        "handed_in_by": None, "due": first["due"], "decided_by": "M001", "decided_at": "2026-10-14T01:32:00Z",
        "reason": "The photo shows them.",
    }  # fmt: skip
    assert hr.get(f"/appeals/{filed[0]}").json == first
    assert (second["id"], second["state"], second["decided_by"]) == (filed[1], "open", None)
    assert second["due"] > second["filed_at"]


def test_they_come_page_by_page_and_by_state(program, filed):
    hr = program("appeals:read")
    assert [one["id"] for one in hr.pages("/appeals?limit=1")] == filed
    assert [one["id"] for one in hr.pages("/appeals?state=open&limit=1")] == filed[1:]
    assert hr.get("/appeals?state=lost").status_code == 422


def test_who_has_not_the_scope_or_is_of_another_branch_sees_none(program, filed):
    assert program("scores:read").get("/appeals").status_code == 403
    assert program("appeals:read", branch=cast.NORTH).pages("/appeals") == []
    assert program("appeals:read", branch=cast.NORTH, name="n").get(f"/appeals/{filed[0]}").status_code == 404
    assert program("appeals:read", name="hr").get("/appeals/none").status_code == 404


WORE = {"technician": "T001", "visit": "WO-1", "item": "shoe_covers", "text": "I wore them."}


@pytest.fixture
def missed(work, clock):
    """WO-1 of T001, whose customer saw no shoe covers, and a finding about decorum there."""
    plan(work, *builders.perfect_visit("WO-1", clock() - timedelta(days=1), shoe_covers="no"))
    draft = Draft(source="spot_check", item="decorum", favourable=False, note="Boots on the sofa")
    return findings.record(work, cast.Q001.actor, draft, order="WO-1", finding_id=work.new_id())


def test_a_program_hands_in_what_a_technician_says_and_the_appeal_is_theirs(program, missed, work):
    portal = program("appeals:write", name="portal")
    answer = portal.ask("POST", "/appeals", json=WORE, headers={"Idempotency-Key": "1"})
    assert answer.status_code == 201, answer.json
    made = answer.json
    assert (made["technician"], made["state"], made["text"]) == ("T001", "open", "I wore them.")
    assert made["handed_in_by"] == "api.portal"
    assert portal.get(answer.headers["Location"].removeprefix("/api/v1")).json == made
    assert portal.ask("POST", "/appeals", json=WORE, headers={"Idempotency-Key": "1"}).json == made
    assert portal.ask("POST", "/appeals", json=WORE).json["code"] == "appeal_filed"
    [mine] = appeal_views.list_own(work, cast.T001.actor)
    assert mine.appeal.id == made["id"]
    decided = appeals.decide(work, cast.M001.actor, cast.MAIN, made["id"], "confirmed", "No photo shows them.")
    assert decided.appeal.state == "confirmed"


def picture(colour="navy", size=(40, 30)):
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "JPEG")
    return stream.getvalue()


def test_photos_go_with_the_appeal_and_both_sides_see_them(program, missed, work, sign_in):
    photos = [base64.b64encode(picture(colour)).decode() for colour in ("navy", "olive")]
    portal = program("appeals:write")
    sent = [
        portal.ask("POST", "/appeals", json={**WORE, "photos": photos}, headers={"Idempotency-Key": "1"})
        for _ in range(2)
    ]
    assert [one.status_code for one in sent] == [201, 201]
    made = sent[0].json
    assert sent[1].json == made
    assert len(made["photos"]) == 2
    for login, address in (("T001", "/scores/appeals"), ("M001", f"/quality/appeals/{cast.MAIN}")):
        shown = sign_in(login).get(f"{address}/{made['id']}/photos/{made['photos'][0]}")
        assert (shown.status_code, shown.content_type) == (200, "image/jpeg")


@pytest.mark.parametrize(
    ("photos", "status", "code"),
    [
        (["not base64!"], 422, "schema_invalid"), ([base64.b64encode(b"<svg/>").decode()], 422, "photo_unreadable"),
        (["QQ=="] * 5, 422, "schema_invalid"), (["A" * 17_000_000], 413, "request_entity_too_large"),
    ],
)  # fmt: skip
def test_what_is_no_photo_is_refused_and_nothing_filed(program, missed, photos, status, code):
    portal = program("appeals:write")
    answer = portal.ask("POST", "/appeals", json={**WORE, "photos": photos})
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert portal.pages("/appeals") == []


def test_an_appeal_against_a_finding_is_handed_in_by_its_id(program, missed):
    body = {"technician": "T001", "finding": missed, "text": "They asked me to."}
    assert program("appeals:write").ask("POST", "/appeals", json=body).json["finding"] == missed


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"technician": "T002"}, 422, "appeal_whose"), ({"visit": "WO-404"}, 404, "not_found"),
        ({"item": "badge"}, 409, "appeal_nothing"), ({"item": ""}, 422, "schema_invalid"),
        ({"text": ""}, 422, "schema_invalid"), ({"text": " "}, 422, "text_missing"),
        ({"finding": "0" * 8}, 422, "schema_invalid"), ({"state": "overturned"}, 422, "schema_invalid"),
    ],
)  # fmt: skip
def test_what_is_no_appeal_is_refused(program, missed, wrong, status, code):
    portal = program("appeals:write")
    answer = portal.ask("POST", "/appeals", json={**WORE, **wrong})
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert portal.pages("/appeals") == []


def test_who_may_only_read_hands_in_nothing_and_no_program_reaches_another_branch(program, missed):
    assert program("appeals:read").ask("POST", "/appeals", json=WORE).json["code"] == "scope_missing"
    stranger = program("appeals:write", branch=cast.NORTH, name="north")
    assert stranger.ask("POST", "/appeals", json=WORE).status_code == 404
    assert stranger.ask("POST", "/appeals", json={**WORE, "visit": None}).status_code == 422


def test_after_the_deadline_the_way_on_is_told_with_the_refusal(program, missed, clock):
    clock.advance(days=40)
    answer = program("appeals:write").ask("POST", "/appeals", json=WORE)
    assert (answer.status_code, answer.json["code"]) == (409, "appeal_late")
    for way in ("record a finding", "reverse the decision", "adjustment"):
        assert way in answer.json["title"]


def test_a_program_hands_in_where_it_counts_also_for_who_was_moved_and_one_of_the_new_branch_reads_nothing(
    program, work, missed
):  # fmt: skip
    move(work)
    scopes = ("appeals:write", "findings:read", "scores:read", "visits:read")
    old, new = program(*scopes), program(*scopes, name="new", branch=cast.NORTH)
    assert new.ask("POST", "/appeals", json=WORE, headers={"Idempotency-Key": "one"}).status_code == 404
    assert new.get(f"/findings/{missed}").status_code == 404
    assert new.get("/appeals").json["items"] == []
    assert new.get("/appeals?in=main").status_code == 422
    assert "T001" not in new.get("/scores/2026-10").text
    made = old.ask("POST", "/appeals", json=WORE, headers={"Idempotency-Key": "two"})
    assert (made.status_code, made.json["technician"], made.json["handed_in_by"]) == (201, "T001", "api.crm")
