"""`/quality/findings/`: recorded by quality staff, decided by somebody else, with every word kept."""

import io
import re

import pytest

from fieldapp.services import finding_views, findings
from tests.builders import line
from tests.cast import M001, MAIN, Q001, T001
from tests.links import store
from tests.services.test_appeals import NINE
from tests.services.test_findings import GIFT, picture, record, sheet, visits  # noqa: F401 - the visits are there
from tests.web.dispatch.test_pages import page
from tests.web.test_scores import text_of

FORM = {
    "source": "spot_check", "visit": "WO-1", "technician": "", "about": "shoe_covers", "favourable": "no",
    "note": "walked in with boots", "occurred_on": "",
}  # fmt: skip


@pytest.fixture
def quality(sign_in):
    return sign_in("Q001")


def key(answer):
    return re.search(r'name="finding_id"[^>]*value="([^"]+)"', page(answer))[1]


def send(client, **other):
    return client.post(
        "/quality/findings/new", data={"finding_id": key(client.get("/quality/findings/new")), **FORM, **other}
    )


def test_a_finding_is_recorded_and_shown_with_what_it_does(quality, work):
    answer = send(quality)
    assert answer.status_code == 303
    html = page(quality.get(answer.location))
    for text in ("Shoe covers", "Chen Wei (T001)", "walked in with boots", "Counts as a breach.", "WO-1"):
        assert text in html
    assert [item.breached for item in sheet(work).items if item.code == "shoe_covers"] == [1]


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"technician": "T002"}, "WO-1 is a visit of T001."),
        ({"visit": "WO-77"}, "There is no visit with the order number"),
        ({"visit": "", "technician": "T900"}, "There is no technician T900"),
        ({"about": ""}, "exactly one thing"),
        ({"about": "politeness"}, "is no item of the norm sheet"),
        ({"favourable": ""}, "Say whether it was as it should be."),
        ({"about": "gifts", "favourable": "yes"}, "a breach of discipline never is"),
        ({"about": "commendation"}, "A commendation is always favourable"),
        ({"source": "praise"}, "Praise is always favourable"),
        ({"source": ""}, "Say where the finding comes from."),
        ({"occurred_on": "2026-10-15"}, "This day is still to come."),
        ({"occurred_on": "yesterday"}, "Not a valid date value"),
        ({"note": " "}, "Describe what was seen or said"),
    ],
)
def test_a_refusal_names_its_field_and_loses_no_word(quality, other, sentence):
    html = page(answer := send(quality, **{"note": "boots <b>", **other}))
    assert answer.status_code == 422
    assert sentence in html
    if "note" not in other:
        assert "boots &lt;b&gt;" in answer.text


def test_two_kinds_in_one_form_are_one_kind(quality, work):
    answer = quality.post("/quality/findings/new", data={
        **FORM, "finding_id": work.new_id(), "about": ["shoe_covers", "gifts"], "discipline": "gifts",
    })  # fmt: skip
    view = finding_views.detail(work, Q001.actor, MAIN, answer.location.rsplit("/", 1)[1])
    assert (view.finding.item, view.finding.discipline) == ("shoe_covers", None)


def test_a_form_sent_twice_leads_to_the_same_finding(quality, work):
    data = {**FORM, "finding_id": work.new_id()}
    assert (
        quality.post("/quality/findings/new", data=data).location
        == quality.post("/quality/findings/new", data=data).location
    )


def test_a_link_from_elsewhere_fills_the_form(quality):
    html = page(
        quality.get("/quality/findings/new?visit=WO-2&source=call_back&technician=T002&about=kit&favourable=yes")
    )
    assert 'value="WO-2"' in html
    assert re.search(r'<option selected value="T002"', html)
    assert re.search(r'<option selected value="kit"', html)
    assert re.search(r'checked[^>]*value="call_back"', html)


def test_what_waits_is_listed_and_decided_by_somebody_else(quality, sign_in, work):
    finding = record(work, source="complaint", item="grooming")
    address = f"/quality/findings/{MAIN}/{finding}"
    assert address in page(quality.get("/quality/findings/"))
    html = page(quality.get(address))
    assert "You entered this yourself. Somebody else has to decide it." in html
    assert 'value="upheld"' not in html
    assert quality.post(address, data={"outcome": "upheld", "seen": "0", "reason": "x"}).status_code == 403
    manager = sign_in("M001")
    assert (
        manager.post(address, data={"outcome": "upheld", "seen": "0", "reason": "The photo shows it."}).status_code
        == 303
    )
    html = page(manager.get(address))
    assert "Counts against the item." in html
    assert "The photo shows it." in html
    assert 'value="dismissed"' in html
    assert 'value="upheld"' not in html


def test_before_the_hearing_the_page_offers_no_decision(sign_in, work):
    finding = record(work, **GIFT)
    address = f"/quality/findings/{MAIN}/{finding}"
    manager = sign_in("M001")
    html = page(manager.get(address))
    assert "The technician is heard first" in html
    assert "Wed, Oct 21" in html
    assert 'name="outcome"' not in html
    answer = manager.post(address, data={"outcome": "upheld", "seen": "0", "reason": "at once"})
    assert answer.status_code == 409
    assert "can until 2026-10-21" in page(answer)
    findings.answer(work, T001.actor, finding, "I paid for them.")
    assert "I paid for them." in page(manager.get(address))
    assert manager.post(address, data={"outcome": "dismissed", "seen": "0", "reason": "he did"}).status_code == 303


def test_who_comes_second_is_told_and_keeps_their_words(sign_in, work):
    finding = record(work, source="complaint", item="grooming")
    address = f"/quality/findings/{MAIN}/{finding}"
    sign_in("M001").post(address, data={"outcome": "upheld", "seen": "0", "reason": "first"})
    answer = sign_in("M002").post(address, data={"outcome": "dismissed", "seen": "0", "reason": "my own words"})
    html = page(answer)
    assert answer.status_code == 409
    assert "Somebody decided this meanwhile." in html
    assert "my own words" in html
    assert "first" in html


@pytest.mark.parametrize("data", [{}, {"outcome": "upheld"}, {"outcome": "perhaps", "seen": "0", "reason": "x"}])
def test_an_odd_decision_decides_nothing(sign_in, work, data):
    finding = record(work, source="complaint", item="grooming")
    assert sign_in("M001").post(f"/quality/findings/{MAIN}/{finding}", data=data).status_code in {409, 422}
    assert finding_views.count_waiting(work, M001.actor) == 1


def test_photos_are_attached_and_shown_to_those_who_may_see_the_finding(quality, sign_in, work):
    finding = record(work)
    address = f"/quality/findings/{MAIN}/{finding}"
    upload = {"photos": [(io.BytesIO(picture()), "x.png"), (io.BytesIO(picture(120)), "y.png")]}
    answer = quality.post(f"{address}/photos", data=upload, content_type="multipart/form-data")
    assert answer.status_code == 303
    sources = re.findall(r'src="([^"]+/photos/[0-9a-f]{64})"', page(sign_in("M001").get(address)))
    assert len(sources) == 2
    shown = quality.get(sources[0])
    assert (shown.mimetype, shown.data[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    mine = sources[0].replace(f"/quality/findings/{MAIN}", "/scores/findings")
    assert sign_in("T001").get(mine).status_code == 200
    assert sign_in("T002").get(mine).status_code == 404


def test_what_is_no_photo_is_refused_in_words(quality, work):
    address = f"/quality/findings/{MAIN}/{record(work)}/photos"
    answer = quality.post(
        address, data={"photos": (io.BytesIO(b"%PDF-1.7"), "x.jpg")}, content_type="multipart/form-data"
    )
    assert answer.status_code == 422
    assert "This is no photo that can be shown." in page(answer)
    assert quality.post(address, data={}, content_type="multipart/form-data").status_code == 422
    assert quality.post(address, data={}, content_type="multipart/form-data", csrf=False).status_code == 400


def test_a_month_shows_everything_and_can_be_narrowed(quality, work):
    record(work, item="grooming")
    record(work, order="WO-2", source="call_back")
    html = page(quality.get("/quality/findings/all?month=2026-10"))
    assert "Grooming" in html
    assert "Shoe covers" in html
    assert "Grooming" not in page(quality.get("/quality/findings/all?month=2026-10&source=call_back"))
    assert "No finding matches." in page(quality.get("/quality/findings/all?month=2026-09"))
    assert quality.get("/quality/findings/all?month=soon").status_code == 422


def test_the_bar_counts_what_waits(quality, work):
    record(work, source="complaint", item="grooming")
    assert re.search(r'href="/quality/findings/"[^>]*>.*?waiting: </span>1</span>', page(quality.get("/quality/")))


@pytest.mark.parametrize("login", ["M001", "T001", "D001", "A001"])
def test_nobody_else_records(sign_in, work, login):
    somebody = sign_in(login)
    assert somebody.get("/quality/findings/new").status_code == 403
    assert somebody.post("/quality/findings/new", data={**FORM, "finding_id": work.new_id()}).status_code == 403


def test_odd_addresses_are_nothing(quality, work):
    finding = record(work)
    for path in (f"/quality/findings/{MAIN}/x", f"/quality/findings/north/{finding}", "/quality/findings/nowhere/x"):
        assert quality.get(path).status_code == 404
        assert quality.post(path, data={"outcome": "upheld", "seen": "0", "reason": "x"}).status_code == 404


def test_what_an_import_brought_says_so_wherever_it_is_told(sign_in, work):
    found = line("finding.recorded", None, NINE, "Q001", source="complaint", technician="T001", discipline="gifts",
                 favourable=False, occurred_on="2026-10-05")  # fmt: skip
    upheld = line("finding.decided", None, NINE, "M001", finding=found["id"], outcome="upheld")
    store(work, [{"visit": None, **one} for one in (found, upheld)])
    came = "imported Wed, Oct 14"
    for login, path in (
        ("M001", f"/quality/findings/{MAIN}/{found['id']}"),
        ("T001", f"/scores/findings/{found['id']}"),
    ):
        html = text_of(sign_in(login).get(path))
        assert f"Recorded by Qian Yu (Q001), Mon, Oct 5, 09:00 · {came}" in html
        assert f"Recorded Qian Yu (Q001) · {came}" in html
        assert f"Upheld Ma Ling (M001) · {came}" in html
    html = text_of(sign_in("T001").get("/scores/2026-10/T001/gifts"))
    assert f"Upheld by Ma Ling (M001), Mon, Oct 5, 09:00 · {came}." in html
    assert html.count(came) == 2
    assert came in text_of(sign_in("Q001").get("/quality/findings/all?month=2026-10"))


def test_what_was_recorded_and_decided_here_is_no_import(sign_in, work, clock):
    made = record(work, item="grooming")
    findings.decide(work, M001.actor, MAIN, made, "dismissed", "Seen otherwise.", seen=0)
    for path in (f"/quality/findings/{MAIN}/{made}", f"/scores/findings/{made}", "/scores/2026-10/T001/grooming"):
        assert "imported Wed" not in text_of(sign_in("M001").get(path))
