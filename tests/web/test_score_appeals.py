"""A technician's own appeals, clicked through: from the breach to the form, and to what became of it."""

import html
import io
import random
import re

import pytest
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from fieldapp.services import appeal_views
from fieldapp.web.scores.appeals import LARGEST
from tests.cast import MAIN, T001
from tests.services.test_appeals import LATE, TEXT, WHY, appeal, decide, found, late_visit, lost
from tests.web.test_scores import text_of

MONTH = "/scores/2026-10/T001"
FORM = f"/scores/visits/{LATE.visit}/appeal/punctual"
MINE = f"/scores/appeals/{LATE.appeal_id}"


def photo(colour="teal", side=40) -> bytes:
    stream = io.BytesIO()
    picture = Image.new("RGB", (side, side), colour)
    picture.getexif()[0x010F] = "SecretPhoneMaker"
    picture.save(stream, "JPEG", exif=picture.getexif())
    return stream.getvalue()


def send(client, text=TEXT, photos=(), kept=(), path=FORM, **more):
    files = [(io.BytesIO(content), f"{number}.jpg") for number, content in enumerate(photos)]
    data = {"text": text, "photos": files, "kept": list(kept), **more}
    return client.post(path, data=data, content_type="multipart/form-data")


@pytest.fixture
def technician(work, sign_in):
    late_visit(work)
    return sign_in("T001")


def test_a_button_beside_the_breach_leads_to_the_form_which_says_until_when(technician):
    html = technician.get(f"{MONTH}/punctual").text
    assert f'href="{FORM}"' in html
    assert "until the end of Sat, Nov 7" in html
    page = text_of(technician.get(FORM))
    for text in ("Arrived 10:40, promised 09:00–10:00: 40 minutes late.", "You can file until the end of Sat, Nov 7.",
                 "the answer is due by the end of Wed, Oct 21."):  # fmt: skip
        assert text in page


def test_only_what_counts_against_one_has_a_button(technician):
    html = technician.get(f"/scores/visits/{LATE.visit}").text
    assert re.findall(r'href="([^"]+/appeal[^"]*)"', html) == [FORM]


def test_filed_it_is_shown_with_its_text_its_deadline_and_beside_the_breach(technician, work):
    answer = send(technician)
    assert (answer.status_code, answer.location) == (303, MINE)
    page = text_of(technician.get(MINE))
    for text in (TEXT, "appealed, waits for an answer", "by the end of Wed, Oct 21", "Appeal filed", "Customer signed",
                 "The answer is due by the end of Wed, Oct 21."):  # fmt: skip
        assert text in page
    html = technician.get(f"{MONTH}/punctual").text
    assert f'href="{MINE}"' in html
    assert f'href="{FORM}"' not in html
    assert technician.get(FORM).location == MINE
    assert MINE in technician.get("/scores/appeals/").text
    assert "/scores/appeals/" in technician.get(f"{MONTH}/").text


def test_a_photo_is_attached_and_shown_drawn_anew(technician, sign_in, work):
    assert send(technician, photos=[photo()]).status_code == 303
    [address] = set(re.findall(r'src="([^"]+/photos/[^"]+)"', technician.get(MINE).text))
    shown = technician.get(address)
    assert shown.content_type == "image/jpeg"
    assert b"SecretPhoneMaker" not in shown.data
    assert Image.open(io.BytesIO(shown.data)).size == (40, 40)
    assert sign_in("T002").get(address).status_code == 404
    assert technician.get(f"{MINE}/photos/{'a' * 64}").status_code == 404
    reviewer = sign_in("M001")
    html = reviewer.get(f"/quality/appeals/main/{LATE.appeal_id}").text
    [theirs] = set(re.findall(r'src="([^"]+/photos/[^"]+)"', html))
    assert reviewer.get(theirs).data == shown.data


def test_a_refused_form_keeps_every_word_and_every_photo(technician, work):
    answer = send(technician, text=TEXT, photos=[photo(), b"<svg onload=alert(1)>"])
    assert answer.status_code == 422
    assert TEXT in answer.text
    assert "This is no photo that can be shown" in answer.text
    [kept] = re.findall(r'name="kept" value="([0-9a-f]{64})"', answer.text)
    answer = send(technician, text=" ", kept=[kept])
    assert answer.status_code == 422
    assert "Please write a few words." in answer.text
    assert kept in answer.text
    assert send(technician, kept=[kept]).status_code == 303
    assert appeal_views.detail(work, T001.actor, MAIN, LATE.appeal_id).said.attachments == [kept]


@pytest.mark.parametrize("kept", ["a" * 64, "x", "../../etc/passwd"])
def test_a_photo_that_nobody_sent_is_attached_to_nothing(technician, work, kept):
    assert send(technician, kept=[kept]).status_code == 422
    assert technician.get(MINE).status_code == 404


def test_more_photos_than_may_be_are_refused_with_every_word(technician):
    answer = send(technician, photos=[photo(side=side) for side in range(10, 15)])
    assert answer.status_code == 422
    assert "At most 4 photos" in answer.text
    assert TEXT in answer.text


def test_more_bytes_than_photos_can_have_are_refused_at_once(technician):
    kind = "multipart/form-data; boundary=x"
    answer = technician.post(FORM, data=b"x", content_type=kind, environ_overrides={"CONTENT_LENGTH": str(LARGEST + 1)})
    assert answer.status_code == 413


def test_after_the_deadline_the_page_says_when_it_was_and_what_can_still_be_done(technician, clock):
    clock.advance(days=25)
    html = technician.get(f"{MONTH}/punctual").text
    assert "The time to appeal ended with Sat, Nov 7." in html
    assert "What can still be done" in html
    page = text_of(technician.get(FORM))
    assert "they can still record a finding, or reverse the decision about one" in page
    assert "Your managers: Ma Ling, Mo Fan" in page
    assert "<textarea" not in technician.get(FORM).text
    answer = send(technician)
    assert answer.status_code == 409
    assert TEXT in answer.text, "nothing typed is lost"
    assert "they can still record a finding, or reverse the decision about one" in answer.text
    assert technician.get(MINE).status_code == 404


def test_what_counts_for_nobody_or_somebody_else_has_no_form(technician, work, sign_in):
    assert technician.get(FORM.replace("punctual", "badge")).status_code == 409
    assert "there is nothing to appeal" in technician.get(FORM.replace("punctual", "badge")).text
    theirs, nobodys = sign_in("T002").get(FORM), technician.get(FORM.replace(LATE.visit, work.new_id()))
    assert theirs.status_code == nobodys.status_code == 404
    assert send(sign_in("T002")).status_code == 404


def test_managers_and_quality_file_none(sign_in, work):
    late_visit(work)
    for login in ("M001", "Q001"):
        assert send(sign_in(login)).status_code == 403
        assert "/appeal/punctual" not in sign_in(login).get(f"{MONTH}/punctual").text
    assert "Can be appealed until the end of Sat, Nov 7." in sign_in("M001").get(f"{MONTH}/punctual").text


def test_a_form_without_its_token_files_nothing(technician):
    assert technician.post(FORM, data={"text": TEXT}, csrf=False).status_code == 400
    assert technician.get(MINE).status_code == 404


def test_a_form_that_is_sent_twice_leads_to_the_one_appeal(technician):
    assert [send(technician).location, send(technician).location] == [MINE, MINE]


def test_a_finding_has_its_button_and_form_too(technician, work):
    subject = found(work, "WO-1", discipline="gifts", note="Took cigarettes.")
    path = f"/scores/findings/{subject.finding}/appeal"
    assert path in technician.get(f"{MONTH}/gifts").text
    assert "Took cigarettes." in technician.get(path).text
    assert send(technician, path=path).location == f"/scores/appeals/{subject.appeal_id}"


def test_both_outcomes_are_told_with_who_when_and_why(technician, work):
    decide(work, appeal(work))
    page = text_of(technician.get(MINE))
    assert "Overturned: it counts in the technician’s favour Ma Ling (M001), Wed, Oct 14, 09:30" in page
    assert WHY in page
    assert lost(work) == []
    finding = found(work, "WO-1", item="decorum")
    decide(work, appeal(work, finding), outcome="confirmed")
    page = text_of(technician.get(f"/scores/appeals/{finding.appeal_id}"))
    assert "Confirmed: it counts as before" in page
    assert "confirmed on appeal" in text_of(technician.get(f"{MONTH}/decorum"))


def test_an_overdue_answer_is_said_to_the_technician(technician, work, clock):
    appeal(work)
    clock.advance(days=8)
    assert "The answer is overdue" in text_of(technician.get(MINE))


def test_the_page_of_a_finding_has_the_button_for_whom_it_counts_against(technician, sign_in, work):
    subject = found(work, "WO-1", item="decorum")
    page, form = f"/scores/findings/{subject.finding}", f"/scores/findings/{subject.finding}/appeal"
    assert form in technician.get(page).text
    assert form not in sign_in("M001").get(page).text
    send(technician, path=form)
    assert f"/scores/appeals/{subject.appeal_id}" in technician.get(page).text
    decide(work, appeal_views.list_own(work, T001.actor)[0].filed)
    assert "Overturned on appeal" in technician.get(page).text


@pytest.mark.parametrize("size", [40, 3000])
def test_after_the_session_ended_it_is_not_filed_without_its_photos(work, client, sign_in, size):
    """It is filed once and for all: the words are kept, and the photos are asked for again."""
    late_visit(work)
    large = FileStorage(io.BytesIO(random.Random(3).randbytes(size * 1000)), "lift.jpg")
    boundary, body = encode_multipart({"text": TEXT, "photos": large})
    refused = client.post(FORM, data=body, content_type=f"multipart/form-data; boundary={boundary}")
    assert refused.status_code == 401
    assert TEXT in html.unescape(refused.text)
    assert "photos have to be chosen again" in refused.text
    assert 'name="photos_lost" value="yes"' in refused.text
    technician = sign_in("T001")
    again = send(technician, photos_lost="yes")
    assert again.status_code == 422
    assert TEXT in html.unescape(again.text)
    assert "Choose them again" in again.text
    assert send(technician, photos=[photo()]).status_code == 303
