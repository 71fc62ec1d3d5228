"""Timers: what was kept long enough goes by itself, a few at a time, and the audit says how many."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import Invalid
from fieldapp.domain.retention import KINDS, USUAL, read_keeping
from fieldapp.services import cases, jobs, kept_answers, photos, retention, tokens
from fieldapp.services.retention import RETENTION, carry_out, due
from fieldapp.storage import audit, events, quarantine, sign_ins, visits
from fieldapp.storage.quarantine import Quarantined
from tests import builders, cast
from tests.cast import D001, MAIN, T001
from tests.client import Client
from tests.links import store
from tests.services.test_erasing import faults, picture, readable, said, scores
from tests.sync.phone import Phone

START = cast.NOW - timedelta(days=2)
KEEPING = read_keeping("")
FIX = {"lat": 31.4, "lon": 121.5, "acc": 12.0, "ts": 1, "src": "gps"}


def went(work) -> list[tuple[str, object]]:
    with work.read() as db:
        told = [*audit.with_action(db, MAIN, retention.DONE), *audit.with_action(db, audit.COMPANY, retention.DONE)]
    return [(one.subject, one.facts["number"]) for one in told]


def visited(work, number: str, hours: int = 0) -> str:
    start = START + timedelta(hours=hours)
    lines = [one for one in builders.perfect_visit(number, start) if one["type"] != "visit.arrived"]
    return store(work, [*lines, builders.line("visit.arrived", number, start + timedelta(minutes=5), gps=FIX)])


def test_what_is_not_named_is_kept_as_usual():
    keeping = read_keeping(" photos=90,customers = never ,")
    assert (keeping.days["photos"], keeping.time("customers")) == (90, None)
    assert keeping.time("locations") == timedelta(days=USUAL["locations"])


@pytest.mark.parametrize("text", ["photos", "photos=0", "photos=-1", "photos=ever", "cakes=1", "photos=40000", "=1"])
def test_a_time_that_is_none_is_named(text):
    with pytest.raises(Invalid) as caught:
        read_keeping(f"messages=5,{text}")
    assert caught.value.facts["value"] == text


def test_nothing_goes_before_its_time(work, clock, app: object):
    visited(work, "WO-1")
    photos.keep(work, MAIN, picture())
    clock.advance(days=80)
    assert carry_out(work, MAIN, KEEPING) == ({}, True)
    assert sum(due(work, MAIN, KEEPING).values()) == 0


def test_where_an_arrival_was_goes_after_its_time_and_the_arrival_stays(work, clock):
    visit = visited(work, "WO-1")
    other = store(work, builders.perfect_visit("WO-2", START + timedelta(hours=4)))
    before = scores(work)
    clock.advance(days=91)
    assert due(work, MAIN, KEEPING)["locations"] == 1
    assert carry_out(work, MAIN, KEEPING)[0] == {"locations": 1}
    assert ("31.4" in said(work, visit), "Wang Fang" in said(work, visit)) == (False, True)
    with work.read() as db:
        assert [
            one.effective_at for one in events.histories(db, MAIN, [visit])[0][visit] if one.type == "visit.arrived"
        ]
        assert visits.get(db, MAIN, other).customer_name == "Wang Fang"
    assert (scores(work), faults(work), went(work)) == (before, [], [("locations", 1)])
    assert carry_out(work, MAIN, KEEPING) == ({}, True)


def test_a_photo_goes_after_its_time(work, clock):
    name = photos.keep(work, MAIN, picture())
    clock.advance(days=181)
    assert carry_out(work, MAIN, KEEPING)[0] == {"photos": 1}
    assert (work.blobs.has(MAIN, name), faults(work)) == (False, [])


@pytest.mark.parametrize("days", [100, 181])
def test_the_same_photo_of_a_later_visit_has_a_time_of_its_own(work, clock, sign_in, days):
    """Before or after the first one's time was over."""
    content = picture()
    name = hashlib.sha256(content).hexdigest()
    photos.keep(work, MAIN, content)
    clock.advance(days=days)
    carry_out(work, MAIN, KEEPING)
    visit = store(work, [builders.scheduled("WO-2", clock() + timedelta(hours=1))])
    phone = Phone(clock, sign_in("T001"))
    data = {"slot": "after", "blob": name, "bytes": len(content), "w": 40, "h": 30}
    wanted = phone.push(phone.append("photo.added", visit, data=data))["blobs_wanted"]
    assert wanted == ([] if days == 100 else [{"blob": name, "offset": 0}])
    assert photos.received(work, T001.actor, name)[1] == (days == 100)
    photos.add_piece(work, T001.actor, name, offset=0, length=len(content), piece=content)
    clock.advance(days=179)
    carry_out(work, MAIN, KEEPING)
    assert photos.render(work, MAIN, name)
    clock.advance(days=2)
    carry_out(work, MAIN, KEEPING)
    assert (work.blobs.has(MAIN, name), faults(work)) == (False, [])


def test_a_customer_goes_after_two_years_unless_a_case_is_open(work, clock):
    many = [visited(work, f"WO-{number}", number) for number in range(23)]
    waits = visited(work, "WO-99", 30)
    cases.open_by_phone(work, D001.actor, MAIN, waits, "complaint", "The wall is scratched.")
    before = scores(work)
    clock.advance(days=731)
    assert due(work, MAIN, KEEPING)["customers"] == len(many)
    assert carry_out(work, MAIN, read_keeping("sessions=never, customers=never"))[0] == {"locations": 24}
    clock.advance(seconds=1)
    assert carry_out(work, MAIN, read_keeping("sessions=never"))[0] == {"customers": len(many)}
    with work.read() as db:
        assert visits.get(db, MAIN, waits).customer_name == "Wang Fang"
        assert {visits.get(db, MAIN, one).customer_name for one in many} == {"∅"}
    assert (scores(work), faults(work)) == (before, [])
    assert went(work) == [("locations", 24), ("customers", 20), ("customers", 3)]


def test_quarantine_and_sessions_go_after_their_time(work, clock, sign_in):
    client: Client = sign_in("T001")
    with work.write() as db:
        thing = Quarantined(
            code="schema_invalid", origin="push", raw=b"Wang Fang", problem="", received_at=work.now()
        )  # fmt: skip
        quarantine.keep(db, work.vault, MAIN, [thing])
    assert client.get("/m/").status_code == 200
    clock.advance(days=181)
    wanted = due(work, MAIN, KEEPING)["sessions"]
    assert carry_out(work, MAIN, KEEPING)[0] == {"quarantine": 1, "sessions": wanted}
    assert wanted > 0
    with work.read() as db:
        assert sign_ins.of_account(db, T001.account_id, cast.NOW) == []
        [kept] = quarantine.listed(db, MAIN)
    assert (kept.sealed, faults(work)) == (None, [])
    assert dict(went(work)) == {"quarantine": 1, "sessions": wanted}


def test_every_day_is_one_job_for_each_branch_whoever_plans_it(work, clock):
    visited(work, "WO-1")
    keeper, done = retention.keeper(KEEPING), []

    def keep(work, job):
        done.append(job.branch)
        return keeper(work, job)

    for _ in range(2):
        retention.plan(work)
    clock.advance(days=91)
    retention.confirm_clock(work)
    retention.plan(work)
    while jobs.do_next(work, {RETENTION: keep}):
        pass
    assert (sorted(done), went(work)) == ([cast.MAIN, cast.MAIN, cast.NORTH, cast.NORTH], [("locations", 1)])
    assert readable(work, "121.5") == []


def run_out(work):
    retention.plan(work)
    while jobs.do_next(work, {RETENTION: retention.keeper(KEEPING)}):
        pass


def test_nothing_goes_while_the_clock_is_ahead_and_what_is_due_does_once_it_is_back(work, clock):
    name = photos.keep(work, MAIN, picture())
    run_out(work)
    clock.advance(days=190)
    run_out(work)
    assert "--clock-is-right" in retention.doubt(work)
    assert (work.blobs.has(MAIN, name), went(work)) == (True, [])
    clock.advance(days=-190)
    assert retention.doubt(work) is None
    for _ in range(30):
        clock.advance(days=6.5)
        run_out(work)
    assert dict(went(work))["photos"] == 1


def test_nothing_goes_by_a_job_that_was_planned_before_the_clock_jumped(work, clock):
    name = photos.keep(work, MAIN, picture())
    retention.plan(work)
    clock.advance(days=190)
    while jobs.do_next(work, {RETENTION: retention.keeper(KEEPING)}):
        pass
    clock.advance(days=-189)
    run_out(work)
    assert (work.blobs.has(MAIN, name), went(work)) == (True, [])


def test_what_phones_bring_vouches_for_no_clock(work, clock, sign_in):
    visit = visited(work, "WO-1")
    run_out(work)
    clock.advance(days=190)
    phone = Phone(clock, sign_in("T001"))
    assert phone.fates(phone.append("note.added", visit))
    run_out(work)
    assert went(work) == []


def test_a_server_that_was_off_goes_on_once_somebody_says_that_the_clock_is_right(work, clock):
    photos.keep(work, MAIN, picture())
    run_out(work)
    clock.advance(days=190)
    run_out(work)
    retention.confirm_clock(work)
    run_out(work)
    assert dict(went(work))["photos"] == 1


def test_a_clock_that_starts_too_early_and_is_put_right_is_believed(work, clock):
    run_out(work)
    clock.advance(days=-2000)
    run_out(work)
    clock.advance(days=2001)
    assert retention.doubt(work) is None


def test_what_takes_long_is_gone_on_with_later(work, clock):
    for number in range(21):
        visited(work, f"WO-{number}", number)
    clock.advance(days=731)
    keeping = read_keeping("locations=never, sessions=never")
    gone, is_over = carry_out(work, MAIN, keeping, until=work.now() - timedelta(seconds=1))
    assert (gone, is_over) == ({"customers": 20}, False)
    assert carry_out(work, MAIN, keeping) == ({"customers": 1}, True)


@pytest.mark.parametrize("keep", ["", "attempts=never"])
def test_answers_under_keys_go_after_their_time_whatever_else_is_kept(work, clock, keep):
    tokens.add_token(work, OPERATOR, branch=MAIN, name="desk", scopes=["visits:read"])
    [token] = tokens.list_tokens(work, OPERATOR)
    actor = replace(T001.actor, account_id=token.token_id)
    answer = kept_answers.Answer(200, [], b"done")
    for _ in range(2):
        assert not kept_answers.once(work, actor, "a key", b"asked", lambda _: answer).is_again
        clock.advance(hours=49)
        retention.plan(work)
        carry_out(work, MAIN, read_keeping(keep))
        with work.read() as db:
            assert db.execute(text("SELECT count(*) FROM kept_answers WHERE branch = 'main'")).scalar() == 0


def test_the_log_is_emptied_only_where_something_went(work, clock, monkeypatch):
    times = []
    monkeypatch.setattr(work.database, "scrub", lambda: times.append(clock()))
    carry_out(work, MAIN, KEEPING)
    assert times == []
    photos.keep(work, MAIN, picture())
    clock.advance(days=181)
    carry_out(work, MAIN, KEEPING, until=work.now() - timedelta(seconds=1))
    assert times == [clock()]


def test_every_kind_but_employees_goes_by_itself():
    assert {*retention.BY_ITSELF, "employees"} == {*KINDS} == {*USUAL}
