"""Causes of lateness, clicked through: a technician says it, a second person confirms it, others are kept out."""

import re
from datetime import timedelta

import pytest

from fieldapp.domain.ids import visit_id
from fieldapp.storage import audit
from tests import cast
from tests.builders import line, promise
from tests.web.test_score_overview import arriving, store, text_of

LATE, PUNCTUAL = (f"/causes/{visit_id(cast.MAIN, number)}" for number in ("WO-1", "WO-2"))
NOTE = "The lift was broken, <b>12</b> floors."


@pytest.fixture(autouse=True)
def history(work, clock) -> None:
    """T001 was forty minutes late once, and in time once; T002 was late after the company had told another window."""
    told = promise(cast.NOW + timedelta(hours=1), told_before=timedelta(minutes=70))
    change = line("promise.changed", "WO-3", cast.NOW, "office", asked_by="company", promise=told, apology=True,
                  cause="system")  # fmt: skip
    store(work, *arriving("WO-1", 100), *arriving("WO-2", 5, day=1), *arriving("WO-3", 95, "T002"), change)
    clock.advance(days=2)


def say(client, path=LATE, seen="0", cause="access", note=NOTE, action=""):
    return client.post(path + action, data={"seen": seen, "cause": cause, "note": note})


def test_the_technician_is_led_from_the_late_visit_to_the_form_and_says_why(sign_in):
    technician = sign_in("T001")
    page = technician.get(f"/scores/visits/{visit_id(cast.MAIN, 'WO-1')}").text
    assert f'href="{LATE}"' in page
    assert "Say why it was late" in page
    assert say(technician).location == LATE
    page = text_of(technician.get(LATE))
    assert "to be confirmed" in page
    assert NOTE in page
    assert "Say why it was late" not in technician.get(f"/scores/visits/{visit_id(cast.MAIN, 'WO-1')}").text


def test_a_visit_in_time_has_no_cause(sign_in):
    technician = sign_in("T001")
    assert "Cause of the lateness" not in technician.get(f"/scores/visits/{visit_id(cast.MAIN, 'WO-2')}").text
    assert technician.get(PUNCTUAL).status_code == 404
    assert say(technician, PUNCTUAL).status_code == 404


def test_quality_staff_confirm_what_the_technician_said(sign_in, work):
    say(sign_in("T001"))
    quality = sign_in("Q001")
    listed = text_of(quality.get("/causes/?month=2026-10"))
    assert "To be confirmed (1) Without a cause (1) Confirmed (0)" in listed
    assert "40 minutes late" in listed
    assert say(quality, seen="1", note="", action="/confirm").status_code == 303
    assert "confirmed" in text_of(quality.get(LATE))
    assert "Confirmed (1)" in text_of(quality.get("/causes/?month=2026-10&state=confirmed"))
    with work.read() as db:
        told = [action for action in ("lateness.recorded", "lateness.confirmed")
                if list(audit.with_action(db, cast.MAIN, action))]  # fmt: skip
    assert told == ["lateness.recorded", "lateness.confirmed"]


def test_nobody_confirms_what_they_said_themselves(sign_in):
    quality = sign_in("Q001")
    say(quality)
    answer = say(quality, seen="1", action="/confirm")
    assert answer.status_code == 403
    assert "A second person confirms it" in answer.text
    assert "Confirm this cause" not in quality.get(LATE).text
    assert "Confirm this cause" in sign_in("M001").get(LATE).text


def test_another_cause_needs_words_and_what_was_typed_stays(sign_in):
    say(sign_in("T001"))
    answer = say(sign_in("Q001"), seen="1", cause="plan", note="", action="/confirm")
    assert answer.status_code == 422
    assert "Please give a reason." in answer.text
    assert re.search(r'<input checked[^>]*value="plan"', answer.text)


def test_who_was_slower_reads_what_the_other_said_and_loses_nothing(sign_in):
    technician, desk = sign_in("T001"), sign_in("D001")
    say(desk, cause="plan", note="Two visits at once.")
    answer = say(technician)
    assert answer.status_code == 409
    assert "Two visits at once." in answer.text
    assert "The lift was broken, &lt;b&gt;12&lt;/b&gt; floors." in answer.text
    assert "Please read it and decide again." in answer.text


def test_without_a_choice_nothing_is_recorded(sign_in):
    answer = say(sign_in("T001"), cause="")
    assert answer.status_code == 422
    assert "Please choose a cause." in answer.text


def test_the_form_begins_with_what_the_customer_was_told(sign_in):
    desk = sign_in("D001")
    page = desk.get(f"/causes/{visit_id(cast.MAIN, 'WO-3')}").text
    assert re.search(r'<input checked[^>]*value="system"', page)
    assert "the customer was told" in text_of(desk.get("/causes/?month=2026-10&state=missing"))


def test_others_see_and_say_nothing(sign_in):
    assert sign_in("T002").get(LATE).status_code == 404
    assert say(sign_in("T002")).status_code == 404
    assert sign_in("Q900").get(LATE).status_code == 404
    assert sign_in("T001").get("/causes/").status_code == 403
    assert sign_in("A001").get("/causes/").status_code == 403
    say(sign_in("T001"))
    assert say(sign_in("D001"), seen="1", action="/confirm").status_code == 403


def test_it_changes_no_score(sign_in):
    quality = sign_in("Q001")
    before = quality.get("/scores/2026-10/T001/punctual").text
    say(sign_in("T001"), cause="force_majeure")
    say(quality, seen="1", cause="force_majeure", note="", action="/confirm")
    assert text_of(quality.get("/scores/2026-10/T001/")).count("40 minutes") == 0
    assert "40 minutes late" in before
    assert "40 minutes late" in quality.get("/scores/2026-10/T001/punctual").text
