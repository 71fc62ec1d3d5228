"""When the office and an offline phone disagree: everything is kept, and what contradicts the plan waits."""

from datetime import timedelta

import pytest

from fieldapp.services import rulings, sync_day, sync_devices
from fieldapp.storage import events, evidence, visits
from tests import builders, cast
from tests.sync.phone import DAY, Phone, plan

CANCELLED = {"asked_by": "company", "apology": True, "cause": "plan", "reason": "storm"}


def moved(visit, to, at, *, actor="D001", asked_by="customer"):
    return builders.line(
        "promise.changed", visit, at, actor, asked_by=asked_by, promise=builders.promise(to, told_before=to - at),
        apology=True, cause="customer", reason="",
    )  # fmt: skip


def cancelled(visit, at):
    return builders.line("visit.cancelled", visit, at, "D001", told_at=at.isoformat(), **CANCELLED)


def state_of(work, visit):
    with work.read() as db:
        return visits.get(db, cast.MAIN, visit).state


def test_work_on_a_cancelled_visit_waits_and_disputes_it(phone, work, clock, visit):
    plan(work, cancelled("WO-1", clock()))
    assert phone.fates(phone.append("visit.departed", visit), phone.append("visit.arrived", visit)) == [
        ("held", "visit_cancelled")
    ] * 2  # fmt: skip
    assert state_of(work, visit) == "disputed"


def test_later_facts_of_a_disputed_cancelled_visit_wait_too(phone, work, clock, visit):
    plan(work, cancelled("WO-1", clock()))
    phone.push(phone.append("visit.arrived", visit))
    assert phone.fates(phone.append("visit.completed", visit)) == [("held", "visit_cancelled")]


def test_work_by_an_older_plan_after_a_move_waits(phone, work, clock, visit, start):
    plan(work, moved("WO-1", start + timedelta(days=1), clock()))
    assert phone.fates(phone.append("visit.arrived", visit)) == [("held", "promise_moved")]


def waiting(work, as_=cast.T001):
    """What the phone of a technician is told to wait at their visits: what it is, and why."""
    day = sync_day.look(work, as_.actor, device_id=None, known_etag=None)
    return [(one["type"], one["code"], one["data"]) for shown in day.visits or () for one in shown["waiting"]]


def test_a_second_phone_is_told_what_was_done_and_waits_until_it_is_decided(phone, work, clock, visit, start):
    """A phone that was begun anew has no outbox of its own: it would offer the same steps again."""
    plan(work, moved("WO-1", start + timedelta(hours=1), clock()))
    assert waiting(work) == []
    mark = phone.push()["day_etag"]
    told = phone.push(phone.append("visit.arrived", visit), phone.append("consent.given", visit))
    assert told["day_etag"] != mark
    phone.push(phone.append("note.added", visit, actor="T002"))
    consent = {"by": "customer", "method": "spoken"}
    assert waiting(work)[1] == ("consent.given", "promise_moved", consent)
    assert [one[0] for one in waiting(work)] == ["visit.arrived", "consent.given"]
    rulings.reinstate_visit(work, cast.D001.actor, cast.MAIN, visit, rev_of(work, visit), "it was so")
    assert waiting(work) == []


def test_a_phone_is_told_what_was_left_out_and_sets_out_anew(phone, work, clock, visit, start):
    plan(work, moved("WO-1", start + timedelta(hours=1), clock()))
    early = phone.append("visit.departed", visit)
    assert phone.fates(early) == [("held", "promise_moved")]
    rev = left_out(work, visit)
    day = sync_day.look(work, cast.T001.actor, device_id=None, known_etag=None)
    [shown] = day.visits or ()
    assert (shown["state"], shown["rev"], shown["waiting"]) == ("planned", rev, [])
    [said] = [one["data"] for one in shown["events"] if one["type"] == "visit.reinstated"]
    assert said == {"reason": "by the old plan", "left_out": [early["id"]]}
    assert early["id"] not in {one["id"] for one in shown["events"]}
    assert phone.fates(phone.append("visit.departed", visit, visit_rev=shown["rev"])) == [("accepted", None)]
    assert state_of(work, visit) == "en_route"


SIGNED = {
    "answers.given": {
        "badge": "yes", "introduced": "yes", "courteous": "yes", "explained": "yes", "shoe_covers": "yes",
        "cleanup": "yes", "supplied_tools": "no", "rating": 5, "comment": None,
    },
    "signature.captured": {
        "doc_hash": "0" * 64, "typed": "Wang Fang", "box": None, "signer": {"name": "Wang Fang", "relation": "self"},
        "shown_ms": 9000,
    },
    "signature.refused": {"reason": "in a hurry"},
    "visit.completed": {"manifest": []},
}  # fmt: skip


@pytest.mark.parametrize("kind", SIGNED)
def test_nobody_signs_for_a_visit_whose_arrival_was_left_out(phone, work, clock, visit, start, kind):
    plan(work, moved("WO-1", start + timedelta(hours=1), clock()))
    phone.push(phone.append("visit.arrived", visit), phone.append("consent.given", visit))
    rev = left_out(work, visit)
    assert phone.fates(phone.append(kind, visit, data=SIGNED[kind], visit_rev=rev)) == [("held", "promise_moved")]
    assert state_of(work, visit) == "disputed"


@pytest.mark.parametrize("kind", SIGNED)
def test_who_comes_again_after_it_was_left_out_has_it_signed(phone, work, clock, visit, start, kind):
    plan(work, moved("WO-1", start + timedelta(hours=1), clock()))
    phone.push(phone.append("visit.arrived", visit))
    rev = left_out(work, visit)
    entries = [
        phone.append("visit.arrived", visit, visit_rev=rev),
        phone.append(kind, visit, data=SIGNED[kind], visit_rev=rev),
    ]
    assert phone.fates(*entries) == [("accepted", None)] * 2


def left_out(work, visit):
    """The dispatcher leaves out what waits; the revision after it."""
    return rulings.leave_facts_out(work, cast.D001.actor, cast.MAIN, visit, rev_of(work, visit), "by the old plan").rev


def rev_of(work, visit):
    with work.read() as db:
        return visits.get(db, cast.MAIN, visit).rev


def test_work_by_the_new_plan_after_a_move_counts(phone, work, clock, visit, start):
    plan(work, moved("WO-1", start + timedelta(hours=1), clock()))
    assert phone.fates(phone.append("visit.arrived", visit, visit_rev=2)) == [("accepted", None)]


def test_preparing_for_a_visit_that_was_moved_disputes_nothing(phone, work, clock, visit, start):
    plan(work, moved("WO-1", start + timedelta(days=1), clock()))
    fates = phone.fates(phone.append("kit.checked", visit), phone.append("customer.called", visit))
    assert fates == [("accepted", None)] * 2
    assert state_of(work, visit) == "planned"


def test_a_visit_that_was_begun_before_the_move_goes_on(phone, work, clock, visit, start):
    phone.push(phone.append("visit.arrived", visit))
    plan(work, moved("WO-1", start + timedelta(days=1), clock()))
    assert phone.fates(phone.append("visit.completed", visit)) == [("accepted", None)]


def test_a_move_that_the_phone_itself_proposed_holds_nothing(phone, clock, visit, start):
    wanted = builders.promise(start + timedelta(hours=2), told_at=clock().isoformat())
    data = {"asked_by": "company", "promise": wanted, "apology": True, "cause": "earlier_visit", "reason": ""}
    entries = [phone.append("promise.changed", visit, data=data), phone.append("visit.arrived", visit)]
    assert phone.fates(*entries) == [("accepted", None)] * 2


@pytest.mark.parametrize(("minutes_ahead", "fate"), [(59, ("held", "needs_second_person")), (61, ("accepted", None))])
def test_no_phone_says_alone_that_the_customer_asked_late(phone, work, clock, minutes_ahead, fate):
    begins = clock() + timedelta(minutes=minutes_ahead)
    visit = plan(work, builders.scheduled("WO-9", begins))[0]
    wanted = builders.promise(begins + timedelta(hours=3), told_at=clock().isoformat())
    data = {"asked_by": "customer", "promise": wanted, "apology": False, "cause": "customer", "reason": ""}
    assert phone.fates(phone.append("promise.changed", visit, data=data)) == [fate]


@pytest.mark.parametrize("asked_by", ["company", "customer"])
@pytest.mark.parametrize(("minutes_ago", "fate"), [(9, ("accepted", None)), (11, ("held", "needs_second_person"))])
def test_no_phone_says_alone_that_the_customer_was_told_earlier(phone, work, clock, asked_by, minutes_ago, fate):
    begins = clock() + timedelta(hours=2)
    visit = plan(work, builders.scheduled("WO-9", begins))[0]
    told = (clock() - timedelta(minutes=minutes_ago)).isoformat()
    wanted = builders.promise(begins + timedelta(hours=3), told_at=told)
    data = {"asked_by": asked_by, "promise": wanted, "apology": True, "cause": "plan", "reason": ""}
    assert phone.fates(phone.append("promise.changed", visit, data=data)) == [fate]


def test_who_is_there_already_moves_no_promise_alone(phone, work, clock, visit, start):
    wanted = builders.promise(start + timedelta(hours=3), told_at=clock().isoformat())
    data = {"asked_by": "company", "promise": wanted, "apology": True, "cause": "plan", "reason": ""}
    entries = [phone.append("visit.arrived", visit), phone.append("promise.changed", visit, data=data)]
    assert phone.fates(*entries) == [("accepted", None), ("held", "needs_second_person")]
    again = phone.append("promise.changed", visit, data=data)
    assert phone.fates(again) == [("held", "needs_second_person")]


def test_facts_about_somebody_else_s_visit_wait(phone_of, visit):
    other = phone_of("T002")
    assert other.fates(other.append("visit.arrived", visit)) == [("held", "not_assignee")]


def test_a_visit_given_to_somebody_else_while_offline_is_disputed(phone, work, clock, visit):
    entry = phone.append("visit.arrived", visit)
    plan(work, builders.line("visit.assigned", "WO-1", clock(), "D001", technician="T002"))
    assert phone.fates(entry) == [("held", "not_assignee")]
    assert state_of(work, visit) == "disputed"


def test_facts_by_another_actor_than_the_one_signed_in_wait(phone, visit):
    assert phone.fates(phone.append("visit.arrived", visit, actor="T002")) == [("held", "actor_mismatch")]


def test_another_person_s_phone_is_kept_but_its_sequence_left_alone(phone, phone_of, visit):
    phone.push()
    guest = Phone(phone.clock, phone_of("T002").client, "T001")
    guest.device_id = phone.device_id
    entry = guest.append("note.added", visit)
    answer = guest.push(entry)
    assert (answer["results"][0]["status"], answer["results"][0]["code"]) == ("held", "actor_mismatch")
    assert answer["device"] is None
    assert guest.fates(entry) == [("duplicate", None)]
    assert phone.fates(phone.append("note.added", visit)) == [("accepted", None)]


def test_a_revoked_phone_is_heard_but_not_counted_and_gets_no_plan(phone, work, visit):
    phone.push(phone.append("note.added", visit))
    sync_devices.revoke(work, cast.T001.actor, cast.MAIN, phone.device_id)
    answer = phone.push(phone.append("visit.arrived", visit))
    assert answer["revoked"] is True
    assert (answer["results"][0]["status"], answer["results"][0]["code"]) == ("held", "device_revoked")
    day = phone.client.get(DAY, headers={"X-Field-Device": phone.device_id})
    assert day.status_code == 403
    assert day.get_json()["code"] == "device_revoked"
    assert day.headers["X-Field-Epoch"] == answer["server_epoch"]
    assert phone.client.get(DAY).status_code == 403


def test_after_completion_only_leaving_and_corrections_count(phone, clock, visit, start):
    at = start + timedelta(minutes=10)
    phone.push(phone.append("visit.arrived", visit, start), phone.append("visit.completed", visit, at))
    later = at + timedelta(minutes=1)
    entries = [
        phone.append("note.added", visit, later),
        phone.append("visit.left", visit, later),
        phone.append("note.added", visit, at - timedelta(minutes=1)),
    ]
    assert phone.fates(*entries) == [("held", "after_completion"), ("accepted", None), ("accepted", None)]


def test_completion_counts_within_the_same_batch(phone, visit, start):
    at = start + timedelta(minutes=10)
    entries = [
        phone.append("visit.completed", visit, at),
        phone.append("note.added", visit, at + timedelta(minutes=1)),
    ]
    assert phone.fates(*entries) == [("accepted", None), ("held", "after_completion")]


def test_a_clock_set_back_offline_is_kept_and_waits(phone, work, visit, start):
    """Departure at the right time; then the clock goes back 40 minutes, and on again before the push."""
    first = phone.append("visit.departed", visit, start)
    phone.wrong = timedelta(minutes=-40)
    second = phone.append("visit.arrived", visit, start + timedelta(minutes=20))
    phone.wrong = timedelta()
    assert phone.fates(first, second) == [("accepted", None), ("held", "clock_suspect")]


def test_a_clock_that_was_wrong_from_the_page_s_start_earns_no_punctuality(phone, work, visit, start):
    phone.wrong = timedelta(minutes=-40)
    entry = phone.append("visit.arrived", visit, start + timedelta(minutes=20))
    phone.wrong = timedelta()
    answer = phone.push(entry)
    assert answer["results"][0]["flags"] == ["clock_slept"]
    with work.read() as db:
        [kept] = evidence.by_ids(db, cast.MAIN, [entry["id"]]).values()
    assert (kept.event.grade, kept.flags) == ("C", ("clock_slept",))


def test_when_phone_and_server_last_agreed_is_kept(phone, work, visit, start):
    entry = phone.append("visit.arrived", visit, start)
    phone.push(entry)
    with work.read() as db:
        [kept] = evidence.by_ids(db, cast.MAIN, [entry["id"]]).values()
    assert (kept.event.grade, kept.flags, kept.proven_at) == ("B", (), start - timedelta(hours=1))


@pytest.mark.parametrize("year", [1970, 2100])
def test_a_phone_that_woke_up_in_another_time_is_believed_about_everything_but_the_time(
    phone, work, visit, start, year
):  # fmt: skip
    """Without power a clock begins at 1970; what was recorded then is a fact all the same."""
    phone.wrong = start.replace(year=year) - start
    clk = {"off": 0, "rtt": 40, "age": phone.wrong.total_seconds() * 1000 + 3_600_000}
    entry = phone.append("visit.arrived", visit, start, clk=clk)
    phone.wrong = timedelta()
    [result] = phone.push(entry)["results"]
    assert result["status"] in {"accepted", "held"}
    assert result.get("code") in {None, "clock_suspect"}
    with work.read() as db:
        [kept] = evidence.by_ids(db, cast.MAIN, [entry["id"]]).values()
    assert kept.event.grade == "C"
    assert start - timedelta(hours=1) <= kept.event.effective_at <= phone.clock()


def test_offsets_that_differ_by_over_a_minute_are_suspect(phone, visit, start):
    entry = phone.append("visit.arrived", visit, start)
    phone.off = 90_000
    assert phone.fates(entry) == [("held", "clock_suspect")]


@pytest.mark.parametrize(("technician", "fate"), [("T001", None), ("T002", "not_assignee")])
def test_facts_sent_before_their_visit_was_scheduled_count_once_it_is(phone, work, start, technician, fate):
    visit = builders.as_event(builders.scheduled("WO-2", start)).visit
    entry = phone.append("visit.arrived", visit)
    assert phone.fates(entry) == [("held", "unknown_visit")]
    plan(work, builders.scheduled("WO-2", start, technician))
    with work.read() as db:
        held = [one.code for one in events.held_of(db, cast.MAIN)]
    assert held == ([] if fate is None else [fate])
    assert state_of(work, visit) == ("arrived" if fate is None else "disputed")
    assert phone.fates(entry) == [("duplicate", "unknown_visit")]
