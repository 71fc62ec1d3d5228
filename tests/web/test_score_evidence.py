"""Every verdict says what, when, by which source and article, and how well it is proven; and opens its visit."""

import hashlib
import io
import re
from datetime import timedelta

import pytest
from PIL import Image

from fieldapp.domain.ids import visit_id
from fieldapp.domain.visits.device_time import FLAG_CODES
from fieldapp.services import photos
from fieldapp.services.recording import record
from fieldapp.storage.events import Record
from fieldapp.web import evidence_words
from tests import cast
from tests.builders import as_event, line, perfect_visit, promise
from tests.closing import finding, september
from tests.links import store
from tests.services.test_appeals import LATE, NINE, WHY, appeal, decide, found, late_visit, store_lines
from tests.web.test_scores import text_of

MONTH = "/scores/2026-10/T001"
VISIT = f"/scores/visits/{LATE.visit}"


def from_phone(work, number, *, minutes=0, grade="B", flags=(), proven=None, received=None):
    """A perfect visit whose arrival a phone recorded, `minutes` later than usual and with this proof of its time."""
    entries = perfect_visit(number, NINE)
    arrival = next(one for one in entries if one["type"] == "visit.arrived")
    entries.remove(arrival)
    arrival["at"] = (NINE + timedelta(minutes=5 + minutes)).isoformat()
    store(work, entries)
    event = as_event(arrival)
    event = type(event)(**{name: getattr(event, name) for name in event.__struct_fields__} | {"grade": grade})
    made = Record(event=event, origin="push", received_at=received or NINE, flags=flags, proven_at=proven)
    with work.write() as db:
        record(db, cast.MAIN, [made], work.now())


def test_a_late_arrival_says_when_what_was_promised_and_who_knows_it(work, sign_in):
    from_phone(work, "WO-1", minutes=72, proven=NINE + timedelta(minutes=45))
    page = text_of(sign_in("T001").get(f"{MONTH}/punctual"))
    assert "Arrived 10:17, promised 09:00–10:00: 17 minutes late." in page
    assert "Evidence B: recorded without signal; clock agreed with the server at 09:45." in page
    assert "Source: recorded times. Arrived · Mon, Oct 5, 10:17 · Chen Wei (T001)" in page
    assert "at 09:45. Article III.1, rulebook installer/1" in page


@pytest.mark.parametrize(
    ("grade", "proven", "told"),
    [("A", None, "Evidence A: the server heard of it as it happened."),
     ("B", None, "Evidence B: recorded without signal; nothing contradicts the phone's clock."),
     ("B", NINE - timedelta(days=2), "clock agreed with the server at Sat, Oct 3, 09:00.")],
)  # fmt: skip
def test_each_grade_says_what_it_rests_on(work, sign_in, grade, proven, told):
    from_phone(work, "WO-1", grade=grade, proven=proven)
    assert told in text_of(sign_in("T001").get(f"{MONTH}/punctual"))


def test_what_was_imported_or_entered_says_so(work, sign_in):
    late_visit(work)
    assert "Evidence A: imported, counts as proven." in text_of(sign_in("T001").get(f"{MONTH}/punctual"))


def test_a_time_in_doubt_is_told_with_its_reason_to_both_sides(work, sign_in):
    from_phone(work, "WO-1", grade="C", flags=("clock_slept", "gps_differs"))
    for login in ("T001", "Q001"):
        for path in (f"{MONTH}/punctual", VISIT):
            page = text_of(sign_in(login).get(path))
            assert "not counted" in page
            assert "contradict each other; nothing is counted until a person decides" in page
            assert (
                "Evidence C: nobody can rely on this time; the phone's clock gained while it was without signal; "
                "the satellites told another time." in page
            )


def test_a_finding_is_told_with_its_note_who_recorded_and_who_upheld_it(work, sign_in):
    late_visit(work)
    subject = found(work, "WO-1", item="decorum", source="complaint", note="Shouted at the dog.")
    page = text_of(sign_in("T001").get(f"{MONTH}/decorum"))
    assert "waits for a second person" in page
    store_lines(work, line("finding.decided", None, NINE, "M001", finding=subject.finding, outcome="upheld",
                           reason="Two neighbours heard it."))  # fmt: skip
    page = text_of(sign_in("T001").get(f"{MONTH}/decorum"))
    for text in ("adverse", "Complaint: this was not done.", "Shouted at the dog.", "Finding recorded",
                 "Qian Yu (Q001)", "Upheld by Ma Ling (M001), Mon, Oct 5, 09:00", "imported",
                 "Two neighbours heard it.", "WO-1",
                 "Article III.4, rulebook installer/1"):  # fmt: skip
        assert text in page


def test_a_veto_opens_what_it_rests_on(work, sign_in):
    late_visit(work)
    found(work, "WO-1", discipline="gifts", note="Took cigarettes.")
    client = sign_in("T001")
    link = re.search(r'href="([^"]+)">Accepting gifts', client.get(f"{MONTH}/").text)[1]
    page = text_of(client.get(link))
    assert "Took cigarettes." in page
    assert "Article IV.3" in page


def test_commendations_open_what_they_rest_on(work, sign_in):
    late_visit(work)
    praise = found(work, "WO-1", source="praise", commendation=True, favourable=True, note="Carried my shopping up.")
    store_lines(work, line("finding.decided", None, NINE, "M001", finding=praise.finding, outcome="upheld"))
    client = sign_in("T001")
    link = re.search(r'href="([^"]+)">\+ 1<', client.get(f"{MONTH}/").text)[1]
    assert "Carried my shopping up." in text_of(client.get(link))


def test_what_appeals_and_second_persons_took_away_is_told_with_who_and_why(work, sign_in):
    late_visit(work)
    decide(work, appeal(work, found(work, "WO-1", item="decorum")))
    decide(work, appeal(work))
    client = sign_in("T001")
    told = f"Overturned on appeal by Ma Ling (M001), Wed, Oct 14, 09:30: {WHY}"
    page = text_of(client.get(f"{MONTH}/decorum"))
    assert "overturned on appeal" in page
    assert told in page
    page = text_of(client.get(f"{MONTH}/punctual"))
    assert "Counted in the technician's favour after an appeal." in page
    assert "Source: decided on appeal." in page
    assert told in page


def test_a_visit_opens_with_what_was_promised_what_happened_and_its_photos(work, sign_in):
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG")
    content = stream.getvalue()
    sha = hashlib.sha256(content).hexdigest()
    late_visit(work)
    taken = line("photo.added", "WO-1", NINE + timedelta(minutes=120), slot="after", blob=sha, bytes=1, w=8, h=8)
    lost = line("photo.added", "WO-1", NINE + timedelta(minutes=121), slot="after", blob="b" * 64, bytes=1, w=8, h=8)
    store(work, [taken, lost])
    photos.add_piece(work, cast.T001.actor, sha, offset=0, length=len(content), piece=content)
    for login in ("T001", "Q001"):
        client = sign_in(login)
        html = client.get(VISIT).text
        page = text_of(client.get(VISIT))
        for text in ("What the customer was promised", "first promise", "What happened", "Customer signed", "Photos"):
            assert text in page
        assert "Wang Fang" not in page, "whose home it is, is not the score's business"
        [address] = re.findall(r'<img src="([^"]+)"', html)
        assert client.get(address.replace("&amp;", "&")).content_type == "image/jpeg"


def test_flags_are_shown_and_change_nothing(work, sign_in):
    entries = perfect_visit("WO-1", NINE)
    next(one for one in entries if one["type"] == "signature.captured")["data"]["shown_ms"] = 900
    late = next(one for one in entries if one["type"] == "visit.arrived")
    late["at"] = (NINE + timedelta(minutes=80)).isoformat()
    told = {"asked_by": "company", "apology": True, "cause": "plan", "promise": promise(NINE + timedelta(hours=1))}
    told["promise"]["told_at"] = NINE.isoformat()
    store(work, [*entries, line("promise.changed", "WO-1", NINE, "T001", **told)])
    page = text_of(sign_in("T001").get(VISIT))
    assert "for a cause of the company’s that the late technician named alone" in page
    assert "The statement was signed after being shown for 1 s." in page
    assert "None of this changes a score by itself." in page


def test_every_flag_has_words():
    assert set(evidence_words.FLAGS) == FLAG_CODES


def test_nothing_that_is_no_item_opens(work, sign_in):
    late_visit(work)
    client = sign_in("T001")
    assert [client.get(f"{MONTH}/{code}").status_code for code in ("haircut", "gifts", "commendation")] == [
        404,
        200,
        200,
    ]


def test_what_was_found_about_a_colleague_at_a_visit_is_none_of_its_technicians_business(work, sign_in):
    september(work)
    store(work, [finding("WO-1", technician="T002", item="decorum"), finding("WO-1", item="uniform")])
    page = sign_in("T001").get(f"/scores/visits/{visit_id(cast.MAIN, 'WO-1')}").get_data(as_text=True)
    assert "Uniform" in page
    assert "Decorum" not in page
