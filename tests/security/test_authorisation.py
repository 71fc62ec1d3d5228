"""The acceptance list of security.md, items 11 to 13: who may go where, and whose things are whose."""

import hashlib
import io
import re

import pytest
from PIL import Image

from fieldapp.domain import access
from fieldapp.domain.ids import visit_id
from fieldapp.services import cases, findings, tokens
from fieldapp.services.findings import Draft
from fieldapp.web import guards
from tests import builders, cast, links
from tests.sync.phone import MARK, Phone, plan

NOBODY = "0199a1c2-7b1e-7c33-9d2a-5f0e8c1b2a44"
VALUES = {
    "month": "2026-10", "technician": "T001", "login": "T001", "tag": "en", "sha256": "a" * 64, "blob": "a" * 64,
    "branch": cast.MAIN, "act": "complain", "external_id": "WO-404",
}  # fmt: skip


def doors(app):
    """Every (route, method) with its address and its guard."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"OPTIONS"}):
            values = {name: VALUES.get(name, NOBODY) for name in rule.arguments}
            with app.test_request_context():
                url = app.url_for(rule.endpoint, _method=method, **values)
            yield method, url, guards.guard_of(app, rule.endpoint)


def knock(client, method, url):
    """The status of an empty request that a page of ours could send."""
    if url.startswith("/api/"):
        media = "application/json" if method == "POST" else "application/offset+octet-stream"
        return client.open(url, method=method, headers={**MARK, "Content-Type": media}).status_code
    return client.open(url, method=method, data={"csrf_token": client.token()}).status_code


@pytest.mark.parametrize("role", list(cast.ONE_OF_EACH))
def test_11_each_role_gets_through_its_own_doors_and_no_others(app, sign_in, role):
    client = sign_in(cast.ONE_OF_EACH[role].login)
    wrong = []
    for method, url, guard in doors(app):
        kind, _, names = guard.partition(": ")
        if url == "/logout" or kind == "public":
            continue
        status = knock(client, method, url)
        refused = status in {401, 403} if kind == "roles" else status == 401
        may = kind == "signed_in" or (kind == "roles" and role in names.split(", "))  # programs' doors: nobody
        if status >= 500 or refused is may:
            wrong.append(f"{method} {url}: {status}, guard {guard}")
    assert wrong == []


@pytest.mark.parametrize("scope", access.SCOPES)
def test_11_a_program_gets_through_the_doors_of_its_scopes_and_no_others(app, work, scope):
    token = tokens.add_token(work, access.OPERATOR, branch=cast.MAIN, name="crm", scopes=[scope])
    actor = tokens.list_tokens(work, access.OPERATOR)[0].actor
    client, wrong = app.test_client(), []
    for method, url, guard in doors(app):
        kind, _, wanted = guard.partition(": ")
        if kind == "public":
            continue
        answer = client.open(url, method=method, headers={**MARK, "Authorization": f"Bearer {token}"}, json={})
        refused = answer.status_code in {302, 400, 401, 403}
        may = kind == "scope" and access.has_scope(actor, wanted)
        if answer.status_code >= 500 or refused is may:
            wrong.append(f"{method} {url}: {answer.status_code}, guard {guard}")
    assert wrong == []


def test_11_a_stranger_is_sent_to_the_door_or_told_to_sign_in(app):
    client = app.test_client()
    for method, url, guard in doors(app):
        if guard.startswith("public"):
            continue
        page = method in {"GET", "HEAD"} and not url.startswith(("/api/", "/dispatch/board/")) and url != "/m/me.json"
        assert knock(client, method, url) == (302 if page else 401), f"{method} {url}"


@pytest.fixture
def theirs(work, clock):
    """Things of `north`, and of other people of `main`, by what they are."""
    elsewhere = plan(work, builders.scheduled("WO-N", clock(), "T900"), branch=cast.NORTH)[0]
    done = links.store(work, builders.perfect_visit("WO-N2", clock() - builders.timedelta(hours=3), "T900"), cast.NORTH)
    colleague = links.signed_visit(work, "WO-2", technician="T002")
    with work.write() as db:
        case = cases.open_by_customer(db, work, cast.NORTH, elsewhere, "complaint", "secret words")
    draft = Draft(source="complaint", discipline="gifts", note="secret words")
    finding = findings.record(work, cast.Q001.actor, draft, order="WO-2", finding_id=work.new_id())
    return {"elsewhere": elsewhere, "done": done, "colleague": colleague, "case": case, "finding": finding}


def same_answer(client, method, address, theirs):
    """Whether `address` answers for their thing as it does for one that nobody has, but for the id itself."""
    answers = []
    for one in (theirs, NOBODY):
        answer = client.open(address.format(one), method=method, data={"csrf_token": client.token()}, headers=MARK)
        text = answer.get_data(as_text=True).replace(one, "-").replace(answer.headers["X-Request-Id"], "-")
        answers.append((answer.status_code, re.sub(r'name="csrf_token"[^>]*>', "", text)))
    assert answers[0] == answers[1]
    return answers[0][0]


@pytest.mark.parametrize(
    ("login", "method", "address", "whose"),
    [
        *(("D001", "GET", f"/dispatch/visits/{{}}{end}", "elsewhere")
          for end in ("", "/move", "/assign", "/cancel", "/amend", "/decide", "/link")),
        *(("D001", "POST", f"/dispatch/visits/{{}}/{end}", "elsewhere")
          for end in ("move", "assign", "cancel", "amend", "decide", "link")),
        ("Q001", "GET", "/quality/cases/{}", "case"), ("M001", "GET", "/quality/cases/{}", "case"),
        ("Q001", "POST", "/quality/cases/{}/notes", "case"), ("Q001", "POST", "/quality/cases/{}/close", "case"),
        ("Q001", "GET", "/scores/visits/{}", "done"), ("T001", "GET", "/scores/visits/{}", "done"),
        ("T001", "GET", "/scores/findings/{}", "finding"), ("T001", "POST", "/scores/findings/{}", "finding"),
        ("Q900", "GET", "/scores/findings/{}", "finding"), ("Q001", "GET", "/quality/findings/north/{}", "finding"),
        ("T001", "GET", "/scores/visits/{}/appeal/punctual", "colleague"),
        ("T001", "POST", "/scores/visits/{}/appeal/punctual", "colleague"),
        ("T001", "GET", "/scores/visits/{}", "colleague"), ("T001", "GET", "/m/receipt/{}.json", "colleague"),
        ("T001", "GET", "/m/receipt/{}.json", "done"),
    ],
)  # fmt: skip
def test_12_what_is_somebody_else_s_answers_like_what_nobody_has(sign_in, theirs, login, method, address, whose):
    assert same_answer(sign_in(login), method, address, theirs[whose]) == 404


def test_12_phones_sessions_photos_and_people_of_others_answer_like_none(work, clock, sign_in, theirs):
    other, second, me = sign_in("T002"), sign_in("T002"), sign_in("T001")
    phone = Phone(clock, other, "T002")
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG")
    picture = stream.getvalue()
    blob = hashlib.sha256(picture).hexdigest()
    sizes = {**MARK, "Upload-Offset": "0", "Upload-Length": str(len(picture))}
    media = "application/offset+octet-stream"
    other.patch(f"/api/sync/v1/blobs/{blob}", data=picture, headers=sizes, content_type=media)
    photo = {"slot": "other", "blob": blob, "bytes": len(picture), "w": 1, "h": 1}
    phone.push(phone.append("photo.added", theirs["colleague"], data=photo))
    session = re.search(r"/me/devices/([0-9a-f-]{36})/end", other.get("/me/").text)[1]
    assert other.get(f"/api/sync/v1/photos/{blob}?visit={theirs['colleague']}").status_code == 200
    assert same_answer(me, "POST", "/me/phones/{}/revoke", phone.device_id) == 404
    assert same_answer(me, "POST", "/me/devices/{}/end", session) == 404
    assert same_answer(me, "GET", "/api/sync/v1/photos/" + blob + "?visit={}", theirs["colleague"]) == 404
    assert me.get("/scores/2026-10/T002/").status_code == me.get("/scores/2026-10/T999/").status_code == 404
    quality = sign_in("Q001")
    assert quality.get("/scores/2026-10/T900/").status_code == quality.get("/scores/2026-10/T999/").status_code == 404
    assert other.get("/me/").status_code == second.get("/me/").status_code == 200


def test_12_a_phone_s_fact_about_a_visit_elsewhere_waits_like_one_about_none(clock, sign_in, theirs):
    phone = Phone(clock, sign_in("T001"), "T001")
    facts = [phone.append("note.added", one) for one in (theirs["elsewhere"], NOBODY)]
    assert phone.fates(*facts) == [("held", "unknown_visit")] * 2


def test_13_more_fields_than_asked_for_change_nothing(work, sign_in, clock):
    more = {"branch": cast.NORTH, "visit_id": NOBODY, "actor": "A001", "state": "completed", "rev": "9", "id": NOBODY}
    order = {
        "external_id": "WO-7", "job_type": "install", "customer_name": "Li", "phone": "13800138000",
        "address": "Road 1", "language": "en", "charges": "", "note": "", "window_start": "2026-12-01T08:30",
        "window_end": "2026-12-01T10:30", "told_at": "2026-10-14T09:00", "channel": "phone", "technician": "",
        "planned_start": "", "duration": "", "override": "",
    }  # fmt: skip
    answer = sign_in("D001").post("/dispatch/new", data={**more, **order})
    assert answer.location.endswith(visit_id(cast.MAIN, "WO-7"))
    assert "planned" in sign_in("D001").get("/dispatch/?q=WO-7").text.lower()
    me = sign_in("T001")
    form = {"current": cast.PASSWORD, "password": "a quiet river bend", "role": "admin", "login": "A001"}
    assert me.post("/me/password", data=form).status_code == 303
    assert me.get("/admin/").status_code == 403
    assert sign_in("A001")
