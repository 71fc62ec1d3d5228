"""When customers are told, and as what: on the day itself, in the night, shortly before."""

from datetime import datetime, time, timedelta
from typing import Any

import msgspec
import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.messages import KINDS, Rules
from fieldapp.services import accounts, jobs, messages, rulings, scheduling, upgrading
from fieldapp.services.recording import record
from fieldapp.storage import branches, migrate, visits
from fieldapp.storage.events import Record
from tests import builders, cast
from tests.receivers import Receiver
from tests.services.test_messages import MAIL, PHONE, VISIT, do_all, handlers, log, say
from tests.sync.phone import plan


@pytest.fixture
def at(clock):
    """A moment by Shanghai's clock, on the tests' day or so many days later."""
    today = (clock() + timedelta(hours=8)).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(hours=8)
    return lambda day, hour, minute=0: today + timedelta(days=day, hours=hour, minutes=minute)


def appoint(work: Any, start: datetime, minutes: int = 60, **customer: Any) -> None:
    who = builders.customer(**{"language": "en", "email": MAIL, "phone": PHONE, **customer})
    plan(work, builders.scheduled("WO-1", start, customer=who, promise=builders.promise(start, minutes=minutes)))


def move(work: Any, clock: Any, start: datetime, **more: Any) -> None:
    change = {"asked_by": "company", "apology": False, "cause": "plan", "promise": builders.promise(start), **more}
    say(work, clock, "promise.changed", **change)


def hold(work: Any, code: str, *lines: dict[str, Any]) -> None:
    """A phone that knew another plan sends these; they wait for the office."""
    now = work.now()
    records = [
        Record(event=event, origin="push", received_at=now, held_code=code) for event in builders.as_events(lines)
    ]
    with work.write(cast.MAIN) as db:
        record(db, cast.MAIN, records, now)


def visits_rev(work: Any) -> int:
    with work.read() as db:
        return visits.get(db, cast.MAIN, VISIT).rev


def told(gateway: Receiver) -> list[tuple[str, str]]:
    """Kind and text of what the gateway was asked to send."""
    found = [msgspec.json.decode(body) for _, _, body in gateway.requests]
    return [(one["kind"], one["text"]) for one in found]


@pytest.mark.parametrize(("day", "hour"), [(2, 16), (3, 10)])
def test_who_comes_earlier_than_promised_is_not_late_and_does_not_apologise(work, clock, at, gateway, day, hour):
    appoint(work, at(day, hour), email="")
    clock.set(at(2, 9))
    move(work, clock, at(2, 13))
    do_all(work, gateway=gateway)
    [(kind, text)] = [one for one in told(gateway) if one[0] in {"late", "moved"}]
    assert kind == "moved"
    assert "your visit is now on" in text
    assert "sorry" not in text


def test_a_visit_that_was_let_count_has_its_receipt_once(work, clock, at, gateway):
    appoint(work, at(1, 10), email="")
    do_all(work, gateway=gateway)
    clock.set(at(1, 9))
    say(work, clock, "visit.cancelled", asked_by="company", told_at=clock().isoformat(), apology=False, cause="plan")
    clock.set(at(1, 11, 30))
    done = [line for line in builders.perfect_visit("WO-1", at(1, 10)) if line["type"] != "visit.scheduled"]
    hold(work, "cancelled", *done)
    do_all(work, gateway=gateway)
    for reason in ("was there", "was there, and looked at again"):
        clock.advance(minutes=5)
        rev = visits_rev(work)
        rulings.reinstate_visit(work, cast.D001.actor, cast.MAIN, VISIT, rev, reason)
        do_all(work, gateway=gateway)
        clock.advance(minutes=5)
        hold(work, "cancelled", builders.line("note.added", "WO-1", clock(), text="one more"))
    assert [kind for kind, _ in told(gateway)].count("receipt") == 1
    assert ("receipt", "dropped", "said_already") in log(work)


def test_a_reminder_that_the_gateway_took_only_in_the_night_is_not_sent_on_the_day(work, clock, at, gateway):
    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    clock.set(at(2, 17))
    gateway.answer(500)
    do_all(work, gateway=gateway)
    gateway.answer(200)
    asked = len(gateway.requests)
    clock.set(at(3, 0, 30))
    do_all(work, gateway=gateway)
    assert len(gateway.requests) == asked
    assert ("reminder", "dropped", "too_late") in log(work)


def test_a_program_that_was_off_overnight_reminds_nobody_of_tomorrow_on_the_day(work, clock, at, gateway):
    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    clock.set(at(3, 8, 30))
    do_all(work, gateway=gateway)
    assert [kind for kind, _ in told(gateway)] == ["confirmation"]


@pytest.mark.parametrize(("is_set_before", "hour"), [(True, 15), (False, 17)])
def test_quiet_hours_from_the_afternoon_on_swallow_no_reminder(work, clock, at, gateway, is_set_before, hour):
    def quiet() -> None:
        messages.save_rules(work, cast.D001.actor, cast.MAIN, list(KINDS), time(16), time(9))

    if is_set_before:
        quiet()
    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    if not is_set_before:
        quiet()
    clock.set(at(2, hour))
    do_all(work, gateway=gateway)
    assert ("reminder", "sent", "") in log(work)
    assert "will come tomorrow" in told(gateway)[-1][1]


def cancel(work: Any, clock: Any) -> None:
    say(work, clock, "visit.cancelled", asked_by="company", told_at=clock().isoformat(), apology=True, cause="plan")


def test_a_running_window_over_midnight_that_is_cancelled_is_told_at_once(work, clock, at, gateway):
    appoint(work, at(2, 23), minutes=120, email="")
    do_all(work, gateway=gateway)
    clock.set(at(2, 23, 30))
    cancel(work, clock)
    do_all(work, gateway=gateway)
    assert told(gateway)[-1][0] == "cancelled"


@pytest.mark.parametrize(("hour", "is_told"), [(7, True), (11, False)])
def test_moved_in_the_night_from_the_early_morning_is_told_in_the_night(work, clock, at, gateway, hour, is_told):
    appoint(work, at(3, hour), email="")
    do_all(work, gateway=gateway)
    clock.set(at(2, 22))
    move(work, clock, at(3, 15))
    do_all(work, gateway=gateway)
    assert (told(gateway)[-1][0] == "moved") is is_told


def test_moved_twice_in_the_night_what_the_customer_was_told_last_decides(work, clock, at, gateway):
    appoint(work, at(3, 7), email="")
    do_all(work, gateway=gateway)
    clock.set(at(2, 22))
    move(work, clock, at(3, 15))
    clock.advance(minutes=1)
    move(work, clock, at(3, 17))
    do_all(work, gateway=gateway)
    assert [kind for kind, _ in told(gateway)] == ["confirmation", "moved"]
    assert "17:00" in told(gateway)[-1][1]


def test_what_is_called_off_on_the_day_goes_to_the_number(work, clock, at, mailbox, gateway):
    appoint(work, at(2, 14))
    do_all(work, mailbox=mailbox, gateway=gateway)
    clock.set(at(2, 13, 50))
    move(work, clock, at(3, 10))
    do_all(work, mailbox=mailbox, gateway=gateway)
    assert [kind for kind, _ in told(gateway)] == ["moved"]
    clock.set(at(3, 9, 50))
    cancel(work, clock)
    do_all(work, mailbox=mailbox, gateway=gateway)
    assert [kind for kind, _ in told(gateway)] == ["moved", "cancelled"]


def test_what_has_time_still_goes_by_mail(work, clock, at, mailbox, gateway):
    appoint(work, at(4, 14))
    move(work, clock, at(5, 14))
    do_all(work, mailbox=mailbox, gateway=gateway)
    cancel(work, clock)
    do_all(work, mailbox=mailbox, gateway=gateway)
    assert told(gateway) == []
    assert len(mailbox.letters) == 2


def test_what_a_mail_server_may_have_taken_does_not_go_to_the_number_too_once_it_is_near(
    work, clock, at, mailbox, gateway
):  # fmt: skip
    appoint(work, at(3, 0, 30), minutes=120)
    do_all(work, mailbox=mailbox, gateway=gateway)
    clock.set(at(2, 20, 59))
    mailbox.answers = ["451 come again", "250 OK"]
    cancel(work, clock)
    do_all(work, mailbox=mailbox, gateway=gateway)
    clock.set(at(3, 0, 10))
    do_all(work, mailbox=mailbox, gateway=gateway)
    assert told(gateway) == []
    assert ("cancelled", "sent", "") in log(work)


# --- Who comes ----------------------------------------------------------------------------------------------------


def give(work: Any, technician: str | None) -> None:
    """At the desk; the program that sends comes to it a second later."""
    scheduling.assign_visit(
        work, cast.D001.actor, cast.MAIN, VISIT, visits_rev(work), scheduling.Slot(technician=technician)
    )
    work.clock.advance(seconds=1)


def remind(work: Any, clock: Any, at: Any, **reached: Any) -> None:
    """An appointment at two in the afternoon, whose customer was told the day before that T001 comes."""
    appoint(work, at(2, 14))
    do_all(work, **reached)
    clock.set(at(1, 17))
    do_all(work, **reached)


def test_who_was_told_a_name_is_told_when_somebody_else_comes(work, clock, at, mailbox, gateway):
    remind(work, clock, at, mailbox=mailbox, gateway=gateway)
    clock.set(at(2, 9))
    give(work, "T002")
    do_all(work, mailbox=mailbox, gateway=gateway)
    [(kind, text)] = told(gateway)  # on the day itself it goes to the number
    assert kind == "who_comes"
    assert "(T002) will come on Fri 16 Oct, 14:00–15:00, instead of whom we named" in text
    assert ("who_comes", "sent", "") in log(work)


def test_who_was_told_no_name_is_not_told_another(work, clock, at, gateway):
    appoint(work, at(3, 14), email="")
    do_all(work, gateway=gateway)
    give(work, "T002")
    do_all(work, gateway=gateway)
    assert [kind for kind, _ in told(gateway)] == ["confirmation"]
    assert {kind for kind, _, _ in log(work)} == {"confirmation", "reminder"}


def test_a_branch_s_own_words_that_name_somebody_count_and_those_that_do_not_do_not(work, clock, at, mailbox):
    for kind, body in (("confirmation", "{technician} comes"), ("reminder", "{window}")):
        messages.save_words(work, cast.D001.actor, cast.MAIN, kind, "en", "Your visit", body)
    remind(work, clock, at, mailbox=mailbox)
    give(work, "T002")
    do_all(work, mailbox=mailbox)
    assert ("who_comes", "sent", "") in log(work)
    give(work, None)
    give(work, "T002")
    do_all(work, mailbox=mailbox)
    assert [kind for kind, _, _ in log(work)].count("who_comes") == 1


def test_given_to_and_fro_in_the_night_one_message_says_who_comes_in_the_end(work, clock, at, mailbox):
    remind(work, clock, at, mailbox=mailbox)
    clock.set(at(1, 22))
    for technician in ("T002", None, "T003"):
        clock.advance(minutes=1)
        give(work, technician)
        do_all(work, mailbox=mailbox)
    assert len(mailbox.letters) == 2
    clock.set(at(2, 8))
    do_all(work, mailbox=mailbox)
    assert len(mailbox.letters) == 3
    assert "(T003)" in mailbox.letters[-1].get_content()
    assert sorted(state for kind, state, _ in log(work) if kind == "who_comes") == ["dropped", "sent"]


def test_given_back_before_anybody_was_told_nothing_is_told(work, clock, at, mailbox):
    remind(work, clock, at, mailbox=mailbox)
    clock.set(at(1, 22))
    for technician in ("T002", "T001"):
        clock.advance(minutes=1)
        give(work, technician)
        do_all(work, mailbox=mailbox)
    clock.set(at(2, 8))
    do_all(work, mailbox=mailbox)
    assert len(mailbox.letters) == 2
    assert [one for one in log(work) if one[0] == "who_comes"] == [("who_comes", "dropped", "said_already")]


def test_who_is_given_a_visit_while_its_reminder_is_under_way_is_told_of(work, clock, at, gateway):
    appoint(work, at(2, 14), email="")
    do_all(work, gateway=gateway)
    clock.set(at(1, 17))
    reached = handlers(gateway=gateway)

    def send(work: Any, job: Any) -> Any:
        outcome = reached["message"](work, job)  # handed over, and not yet written down
        give(work, "T002")
        jobs.do_next(work, {"news": reached["news"]})
        return outcome

    clock.advance(seconds=1)
    jobs.do_next(work, {**reached, "message": send})
    clock.advance(seconds=1)
    do_all(work, gateway=gateway)
    assert [kind for kind, _ in told(gateway)] == ["confirmation", "reminder", "who_comes"]


def test_with_another_window_and_another_technician_both_are_told(work, clock, at, mailbox):
    remind(work, clock, at, mailbox=mailbox)
    give(work, "T002")
    move(work, clock, at(4, 10))
    do_all(work, mailbox=mailbox)
    subjects = sorted(letter["Subject"] for letter in mailbox.letters[2:])
    assert subjects == ["Another technician will come", "Your appointment was moved to Sun 18 Oct"]
    assert all("10:00–11:00" in letter.get_content() for letter in mailbox.letters[2:])


def test_a_branch_that_chose_what_it_hears_before_there_was_this_message_hears_of_assignments(work, clock, at, mailbox):
    remind(work, clock, at, mailbox=mailbox)
    with work.write() as db:
        branches.hear(db, cast.MAIN, Rules().types - {"visit.assigned"})
    migrate.downgrade(work.database, "0050")
    upgrading.upgrade(work, timezone=cast.ZONE)
    give(work, "T002")
    do_all(work, mailbox=mailbox)
    assert ("who_comes", "sent", "") in log(work)


def test_nobody_is_told_to_expect_somebody_who_has_left(work, clock, at, mailbox):
    appoint(work, at(3, 10))
    do_all(work, mailbox=mailbox)
    accounts.disable_account(work, OPERATOR, "T001")
    clock.set(at(2, 17))
    do_all(work, mailbox=mailbox)
    [reminder] = mailbox.letters[1:]
    assert "Chen Wei" not in reminder.get_content()


def test_whom_somebody_came_to_by_an_older_plan_hears_that_nobody_comes_by_the_new_one(work, clock, at, gateway):
    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    clock.set(at(2, 10))
    hold(work, "promise_moved", builders.line("visit.arrived", "WO-1", clock(), gps={"status": "denied"}))
    rulings.void_visit(work, cast.D001.actor, cast.MAIN, VISIT, visits_rev(work), "not paid for")
    do_all(work, gateway=gateway)
    assert [kind for kind, _ in told(gateway)] == ["confirmation", "cancelled"]


def test_what_was_called_off_and_is_then_decided_about_is_called_off_once(work, clock, at, gateway):
    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    clock.set(at(2, 10))
    plan(work, builders.line(
        "visit.cancelled", "WO-1", clock(), "D001", asked_by="customer", told_at=clock().isoformat(), apology=False,
        cause="customer", reason="ill",
    ))  # fmt: skip
    do_all(work, gateway=gateway)
    clock.advance(minutes=30)
    hold(work, "visit_cancelled", builders.line("visit.arrived", "WO-1", clock(), gps={"status": "denied"}))
    rulings.void_visit(work, cast.D001.actor, cast.MAIN, VISIT, visits_rev(work), "was there by mistake")
    do_all(work, gateway=gateway)
    assert [kind for kind, _ in told(gateway)] == ["confirmation", "cancelled"]


def test_what_was_voided_once_its_window_had_begun_is_called_off_to_nobody(work, clock, at, gateway):
    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    clock.set(at(3, 10, 30))
    hold(work, "not_assignee", builders.line("visit.arrived", "WO-1", clock(), gps={"status": "denied"}))
    rulings.void_visit(work, cast.D001.actor, cast.MAIN, VISIT, visits_rev(work), "somebody else's")
    do_all(work, gateway=gateway)
    assert [kind for kind, _ in told(gateway)] == ["confirmation"]


def disputed(work: Any, clock: Any, kind: str = "visit.departed", **data: Any) -> None:
    """A phone that knew another plan says this; it waits for the dispatcher."""
    clock.advance(minutes=1)
    hold(work, "not_assignee", builders.line(kind, "WO-1", clock(), "T002", **data))


def test_a_fact_that_waits_keeps_nobody_from_hearing_of_tomorrow_and_of_who_is_on_the_way(work, clock, at, gateway):
    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    disputed(work, clock)
    clock.set(at(2, 17))
    do_all(work, gateway=gateway)
    clock.set(at(3, 9, 30))
    say(work, clock, "visit.departed")
    do_all(work, gateway=gateway)
    assert [kind for kind, _ in told(gateway)] == ["confirmation", "reminder", "on_way"]


def test_whoever_somebody_may_have_come_to_is_not_told_that_somebody_comes(work, clock, at, gateway):
    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    disputed(work, clock, "visit.arrived", gps={"status": "denied"})
    clock.set(at(2, 17))
    do_all(work, gateway=gateway)
    assert ("reminder", "dropped", "overtaken") in log(work)


@pytest.mark.parametrize("rule", ["leave_facts_out", "reinstate_visit"])
def test_deciding_a_dispute_confirms_nothing_that_was_confirmed_already(work, clock, at, gateway, rule):
    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    disputed(work, clock, "customer.called", outcome="agreed")
    clock.advance(minutes=1)
    getattr(rulings, rule)(work, cast.D001.actor, cast.MAIN, VISIT, visits_rev(work), "a slip")
    do_all(work, gateway=gateway)
    assert sorted(log(work)) == [("confirmation", "sent", ""), ("reminder", "waiting", "")]


def test_what_nobody_was_told_yet_is_confirmed_when_it_is_decided(work, clock, at, gateway):
    appoint(work, at(3, 10), email="")
    do_all(work)
    disputed(work, clock)
    clock.advance(minutes=1)
    rulings.leave_facts_out(work, cast.D001.actor, cast.MAIN, VISIT, visits_rev(work), "a slip")
    do_all(work, gateway=gateway)
    assert [kind for kind, _ in told(gateway)] == ["confirmation"]


def test_an_appointment_that_was_off_is_confirmed_though_it_was_before(work, clock, at, gateway):
    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    clock.advance(minutes=1)
    say(work, clock, "visit.cancelled", asked_by="company", told_at=clock().isoformat(), apology=False, cause="plan")
    do_all(work, gateway=gateway)
    disputed(work, clock)
    clock.advance(minutes=1)
    rulings.reinstate_visit(work, cast.D001.actor, cast.MAIN, VISIT, visits_rev(work), "they come after all")
    do_all(work, gateway=gateway)
    assert [kind for kind, _ in told(gateway)] == ["confirmation", "cancelled", "confirmation"]


NEW_MAIL, NEW_PHONE = "fang@example.net", "13900000002"


def put_right(work: Any, clock: Any, **customer: Any) -> None:
    clock.advance(minutes=1)
    who = builders.customer(**{"language": "en", "email": MAIL, "phone": PHONE, **customer})
    say(work, clock, "visit.amended", customer=who)


def addressed(gateway: Receiver) -> list[tuple[str, str]]:
    found = [msgspec.json.decode(body) for _, _, body in gateway.requests]
    return [(one["kind"], one["to"]) for one in found]


def test_whose_number_is_put_right_is_told_there_what_went_to_another(work, clock, at, gateway):
    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    put_right(work, clock, email="", phone=NEW_PHONE)
    do_all(work, gateway=gateway)
    put_right(work, clock, email="", phone=NEW_PHONE, name="Fang Wang")
    do_all(work, gateway=gateway)
    assert addressed(gateway) == [("confirmation", PHONE), ("confirmation", NEW_PHONE)]


def test_only_what_was_put_right_is_told(work, clock, at, gateway, mailbox):
    appoint(work, at(3, 10))
    do_all(work, gateway=gateway, mailbox=mailbox)
    put_right(work, clock, phone=NEW_PHONE)
    do_all(work, gateway=gateway, mailbox=mailbox)
    assert (len(mailbox.letters), addressed(gateway)) == (1, [("confirmation", NEW_PHONE)])
    put_right(work, clock, phone=NEW_PHONE, email=NEW_MAIL)
    do_all(work, gateway=gateway, mailbox=mailbox)
    assert [letter["To"] for letter in mailbox.letters] == [MAIL, NEW_MAIL]
    assert len(addressed(gateway)) == 1


def test_where_no_message_reaches_the_new_number_the_old_address_is_not_told_again(work, clock, at, mailbox):
    appoint(work, at(3, 10))
    do_all(work, mailbox=mailbox)
    put_right(work, clock, phone=NEW_PHONE)
    do_all(work, mailbox=mailbox)
    assert len(mailbox.letters) == 1


def test_who_waits_for_the_morning_anyway_is_told_once_at_the_right_number(work, clock, at, gateway):
    clock.set(at(1, 22))
    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    put_right(work, clock, email="", phone=NEW_PHONE)
    put_right(work, clock, email="", phone=f"+86 {NEW_PHONE}")
    do_all(work, gateway=gateway)
    assert addressed(gateway) == []
    clock.set(at(2, 8))
    do_all(work, gateway=gateway)
    assert [kind for kind, _ in addressed(gateway)] == ["confirmation"]
    assert ("confirmation", "dropped", "said_already") in log(work)


@pytest.mark.parametrize("why", ["over", "off", "switched off", "nothing"])
def test_a_number_is_told_nothing_where_nobody_is_to_come_or_nothing_is_news(work, clock, at, gateway, why):
    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    if why == "over":
        clock.set(at(3, 11, 30))
    elif why == "off":
        told = {"asked_by": "company", "told_at": clock().isoformat(), "apology": False, "cause": "plan"}
        say(work, clock, "visit.cancelled", **told)
    elif why == "switched off":
        on = [kind for kind in KINDS if kind != "confirmation"]
        messages.save_rules(work, cast.D001.actor, cast.MAIN, on, time(21), time(8))
    put_right(work, clock, email="", phone=f"0086{PHONE}" if why == "nothing" else NEW_PHONE)
    do_all(work, gateway=gateway)
    assert [kind for kind, _ in addressed(gateway)].count("confirmation") == 1


def test_a_reminder_that_was_overtaken_is_not_shown_as_waiting(work, clock, at, gateway):
    def shown() -> list[tuple[str, str, str, bool]]:
        told = messages.of_visit(work, cast.D001.actor, cast.MAIN, VISIT)
        return sorted((one.message.kind, one.message.state, one.message.code, one.next_at is not None) for one in told)

    appoint(work, at(3, 10), email="")
    do_all(work, gateway=gateway)
    assert shown() == [("confirmation", "sent", "", False), ("reminder", "waiting", "", True)]
    clock.advance(minutes=1)
    move(work, clock, at(4, 10))
    do_all(work, gateway=gateway)
    assert shown() == [
        ("confirmation", "sent", "", False), ("moved", "sent", "", False),
        ("reminder", "dropped", "overtaken", False), ("reminder", "waiting", "", True),
    ]  # fmt: skip
    told_off = {"asked_by": "company", "told_at": clock().isoformat(), "apology": False, "cause": "plan"}
    say(work, clock, "visit.cancelled", **told_off)
    do_all(work, gateway=gateway)
    assert {state for kind, state, _, _ in shown() if kind == "reminder"} == {"dropped"}
