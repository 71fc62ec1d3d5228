"""Messages to customers, through a real mail server and a real gateway."""

import re
import socket
from datetime import time, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from fieldapp.domain.errors import Forbidden, Invalid, NotFound
from fieldapp.domain.ids import visit_id
from fieldapp.domain.jobs import MOST_ATTEMPTS
from fieldapp.domain.messages import KINDS
from fieldapp.domain.webhooks import signature
from fieldapp.services import calendars, jobs, links, message_sending, messages, news, planning
from fieldapp.services.mail import MailServer
from fieldapp.services.message_sending import Channels, Gateway
from fieldapp.services.work import Work
from fieldapp.storage import jobs as store
from fieldapp.storage import messages as message_log
from fieldapp.storage.tables.jobs import JobRow
from tests import builders, cast
from tests.fakes import Clock
from tests.mailboxes import Mailbox
from tests.receivers import Receiver
from tests.sync.phone import plan

MAIL, PHONE = "fang@example.org", "13800000001"
VISIT = visit_id(cast.MAIN, "WO-1")
SECRET = "a secret of the gateway"


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.sqlite), pytest.param("postgres", marks=pytest.mark.postgres)]
)
def work(request: pytest.FixtureRequest) -> Work:
    return request.getfixturevalue("work" if request.param == "sqlite" else "postgres_work")


def handlers(mailbox: Mailbox | None = None, gateway: Receiver | None = None) -> dict[str, Any]:
    server = MailServer("127.0.0.1", mailbox.port, "none", "", "", "visits@example.org") if mailbox else None
    sms = Gateway(f"{gateway.address}/send", SECRET) if gateway else None
    channels = Channels(server, sms, lambda token: f"https://visits.example.org/c/{token}")
    told = mailbox is not None or gateway is not None
    return {"news": news.spreader(channels if told else None), "message": message_sending.Sender(channels)}


def do_all(work: Work, **reached: Any) -> None:
    while jobs.do_next(work, handlers(**reached)):
        pass


def schedule(work: Work, clock: Clock, number: str = "WO-1", days: int = 3, **customer: Any) -> None:
    """An appointment at nine in the morning in so many days, of a customer who reads English."""
    start = clock().replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(days=days)
    who = builders.customer(**{"language": "en", "email": MAIL, "phone": PHONE, **customer})
    plan(work, builders.scheduled(number, start, customer=who))


def say(work: Work, clock: Clock, kind: str, **data: Any) -> None:
    by = "office" if kind.startswith(("visit.cancelled", "visit.rein", "promise")) else "T001"
    plan(work, builders.line(kind, "WO-1", clock(), by, **data))


def move(work: Work, clock: Clock, days: int, **more: Any) -> None:
    start = clock().replace(hour=3, minute=0, second=0, microsecond=0) + timedelta(days=days)
    change = {"asked_by": "company", "apology": True, "cause": "plan", "promise": builders.promise(start), **more}
    say(work, clock, "promise.changed", **change)


def log(work: Work) -> list[tuple[str, str, str]]:
    found = messages.of_visit(work, cast.D001.actor, cast.MAIN, VISIT)
    return sorted((one.message.kind, one.message.state, one.message.code) for one in found)


def test_a_new_appointment_is_confirmed_and_the_visit_s_page_lists_it_masked(work, clock, mailbox):
    schedule(work, clock)
    do_all(work, mailbox=mailbox)
    [letter] = mailbox.letters
    assert (letter["To"], letter["From"], letter["Auto-Submitted"]) == (MAIL, "visits@example.org", "auto-generated")
    assert letter["Subject"].startswith("Your appointment on ")
    text = letter.get_content()
    assert "09:00–10:00 (order WO-1)" in text
    token = re.search(r"https://visits\.example\.org/c/(\S+)", text)[1]
    assert links.open_link(work, token).kind == "own"
    assert log(work) == [("confirmation", "sent", ""), ("reminder", "waiting", "")]
    [sent] = [one for one in messages.of_visit(work, cast.D001.actor, cast.MAIN, VISIT) if one.message.ended_at]
    assert (sent.message.channel, sent.message.address) == ("mail", "f•••@example.org")


def test_in_the_customer_s_language(work, clock, mailbox):
    schedule(work, clock, language="zh-Hant")
    do_all(work, mailbox=mailbox)
    assert "到府預約" in mailbox.letters[0]["Subject"]
    assert mailbox.letters[0]["Content-Language"] == "zh-Hant"


def test_the_day_before_customers_are_reminded_once_of_what_stands_then(work, clock, mailbox):
    schedule(work, clock)
    move(work, clock, 5)
    do_all(work, mailbox=mailbox)
    clock.advance(hours=10)  # seven in the evening: after the time of reminders
    for _ in range(6):
        clock.advance(days=1)
        do_all(work, mailbox=mailbox)
    subjects = [re.split(" to |:", letter["Subject"])[0] for letter in mailbox.letters]
    assert subjects == ["Your appointment was moved", "Tomorrow"]
    assert log(work) == [
        ("confirmation", "dropped", "overtaken"), ("moved", "sent", ""), ("reminder", "dropped", "overtaken"),
        ("reminder", "sent", ""),
    ]  # fmt: skip


def test_a_reminder_names_nobody_who_is_known_to_be_absent_then(work, clock, mailbox):
    schedule(work, clock)
    planned = planning.get_visit(work, cast.D001.actor, cast.MAIN, VISIT).visit.planned
    calendars.record_absence(work, cast.D001.actor, cast.MAIN, "T001", planned, "sick")
    do_all(work, mailbox=mailbox)
    clock.advance(days=2, hours=9)
    do_all(work, mailbox=mailbox)
    reminder = mailbox.letters[-1]
    assert reminder["Subject"].startswith("Tomorrow")
    assert "Chen Wei" not in reminder.get_content()


def test_a_reminder_that_was_held_up_into_the_night_is_not_sent_on_the_day_that_it_calls_tomorrow(work, clock, mailbox):
    schedule(work, clock)
    do_all(work, mailbox=mailbox)
    clock.advance(days=2, hours=13, minutes=30)
    do_all(work, mailbox=mailbox)
    assert ("reminder", "dropped", "too_late") in log(work)
    clock.advance(hours=9, minutes=30)
    do_all(work, mailbox=mailbox)
    assert len(mailbox.letters) == 1


def test_moved_there_and_back_again_customers_are_reminded_once(work, clock, mailbox):
    schedule(work, clock, days=3)
    first = builders.promise(clock().replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(days=3))
    move(work, clock, 5)
    clock.advance(minutes=1)
    say(work, clock, "promise.changed", asked_by="company", apology=True, cause="plan", promise=first)
    clock.advance(hours=10)
    for _ in range(6):
        do_all(work, mailbox=mailbox)
        clock.advance(days=1)
    assert sum(letter["Subject"].startswith("Tomorrow") for letter in mailbox.letters) == 1
    assert ("reminder", "dropped", "said_already") in log(work)


def test_who_waits_is_told_to_the_number_and_gets_an_apology(work, clock, mailbox, gateway):
    schedule(work, clock, days=0)
    clock.set(clock().replace(hour=0, minute=30))
    move(work, clock, 0)
    do_all(work, mailbox=mailbox, gateway=gateway)
    say(work, clock, "visit.departed")
    do_all(work, mailbox=mailbox, gateway=gateway)
    told = [msgspec.json.decode(body) for _, _, body in gateway.requests]
    assert [one["kind"] for one in told] == ["late", "on_way"]
    assert "we are sorry: we are running late and will now come 11:00–12:00" in told[0]["text"]
    assert {one["to"] for one in told} == {PHONE}
    assert ("late", "sent", "") in log(work)


def test_the_gateway_is_asked_signed_and_under_one_name_until_it_takes_it(work, clock, gateway):
    schedule(work, clock)
    gateway.answer(500, 429, 200)
    for _ in range(3):
        do_all(work, gateway=gateway)
        clock.advance(minutes=2)
    assert len(gateway.requests) == 3
    assert len({headers["Idempotency-Key"] for _, headers, _ in gateway.requests}) == 1
    assert len({body for _, _, body in gateway.requests}) == 1
    _, headers, body = gateway.requests[-1]
    assert headers["Fieldapp-Signature"] == signature(SECRET, body, clock() - timedelta(minutes=2))
    assert log(work)[0] == ("confirmation", "sent", "")


def test_a_gateway_that_refuses_the_number_is_not_asked_again(work, clock, gateway):
    schedule(work, clock)
    gateway.answer(400)
    do_all(work, gateway=gateway)
    clock.advance(hours=1)
    do_all(work, gateway=gateway)
    assert len(gateway.requests) == 1
    assert log(work)[0] == ("confirmation", "failed", "http_400")


def test_a_mail_that_is_put_off_comes_once_under_one_name(work, clock, mailbox):
    schedule(work, clock)
    mailbox.answers = ["451 come again", "250 OK"]
    do_all(work, mailbox=mailbox)
    assert log(work)[0] == ("confirmation", "waiting", "smtp_451")
    clock.advance(minutes=1)
    do_all(work, mailbox=mailbox)
    assert len(mailbox.letters) == 1
    assert mailbox.letters[0]["Message-ID"].endswith("@example.org>")
    assert log(work)[0] == ("confirmation", "sent", "")


def test_an_address_that_nobody_has_is_given_up_at_once_and_the_next_customer_is_not_kept_waiting(work, clock, mailbox):
    schedule(work, clock)
    schedule(work, clock, "WO-2", email="second@example.org")
    mailbox.unknown = {MAIL}
    do_all(work, mailbox=mailbox)
    assert [letter["To"] for letter in mailbox.letters] == ["second@example.org"]
    assert log(work)[0] == ("confirmation", "failed", "smtp_550")


def test_while_the_mail_server_is_away_everything_waits_and_nothing_pretends(work, clock, mailbox):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        away = Mailbox(port=closed.getsockname()[1])
    schedule(work, clock)
    do_all(work, mailbox=away)
    assert log(work)[0] == ("confirmation", "waiting", "not_reached")
    clock.advance(minutes=1)
    do_all(work, mailbox=mailbox)
    assert len(mailbox.letters) == 1


def test_without_any_channel_nobody_is_told_anything_and_nothing_is_listed(work, clock):
    schedule(work, clock)
    do_all(work)
    assert log(work) == []


def test_without_an_address_that_fits_it_is_not_sent_and_says_why(work, clock, mailbox):
    schedule(work, clock, email="")
    do_all(work, mailbox=mailbox)
    assert log(work)[0] == ("confirmation", "dropped", "no_address")


def test_in_the_night_what_has_time_waits_until_the_morning(work, clock, mailbox):
    clock.set(clock().replace(hour=15))  # eleven in the evening
    schedule(work, clock, days=4)
    do_all(work, mailbox=mailbox)
    assert mailbox.letters == []
    clock.advance(hours=9)
    do_all(work, mailbox=mailbox)
    assert len(mailbox.letters) == 1


def test_cancelled_and_reinstated_both_are_told(work, clock, mailbox):
    schedule(work, clock)
    do_all(work, mailbox=mailbox)
    clock.advance(minutes=1)
    say(work, clock, "visit.cancelled", asked_by="company", told_at=clock().isoformat(), apology=True, cause="plan")
    do_all(work, mailbox=mailbox)
    clock.advance(minutes=1)
    say(work, clock, "visit.reinstated", reason="a mistake")
    do_all(work, mailbox=mailbox)
    subjects = [letter["Subject"].partition(" on ")[0] for letter in mailbox.letters]
    assert subjects == ["Your appointment", "Your appointment was cancelled", "Your appointment"]
    assert "we are sorry: the visit on" in mailbox.letters[1].get_content()


def test_afterwards_the_receipt(work, clock, mailbox):
    plan(work, *builders.perfect_visit("WO-1", clock() - timedelta(hours=3)))
    schedule(work, clock, "WO-2")
    plan(
        work,
        builders.line(
            "visit.amended", "WO-1", clock(), "office", customer=builders.customer(email=MAIL, language="en")
        ),
    )
    do_all(work, mailbox=mailbox)
    assert ("receipt", "sent", "") in log(work)
    assert ("confirmation", "sent", "") not in log(work)


def test_every_message_carries_the_same_link_and_the_office_s_stays_good(work, clock, mailbox):
    schedule(work, clock)
    made = links.create_own_link(work, cast.D001.actor, cast.MAIN, VISIT)
    do_all(work, mailbox=mailbox)
    move(work, clock, 4)
    do_all(work, mailbox=mailbox)
    tokens = {re.search(r"/c/(\S+)", letter.get_content())[1] for letter in mailbox.letters}
    assert tokens == {made}
    assert links.open_link(work, made)


def test_what_customers_are_called_breaks_no_letter(work, clock, mailbox):
    schedule(work, clock, name="Eve {link}\r\nBcc: all@example.org")
    do_all(work, mailbox=mailbox)
    [letter] = mailbox.letters
    assert letter["Bcc"] is None
    assert letter["To"] == MAIL


# --- Words and rules ----------------------------------------------------------------------------------------------


def test_a_branch_s_own_words_are_sent_and_the_usual_ones_again_when_they_are_typed(work, clock, mailbox):
    save = (work, cast.M001.actor, cast.MAIN, "confirmation", "en")
    messages.save_words(*save, "Hello {customer}", "See {link}")
    schedule(work, clock)
    do_all(work, mailbox=mailbox)
    assert mailbox.letters[0]["Subject"] == "Hello Wang Fang"
    book = messages.book(work, cast.D001.actor, cast.MAIN)
    assert book.words["confirmation", "en"].edited_by == "M001"
    usual = messages.message_texts.usual("confirmation", "en")
    messages.save_words(*save, usual.subject, usual.body.replace("\n", "\r\n"))
    assert messages.book(work, cast.D001.actor, cast.MAIN).words["confirmation", "en"].edited_by == ""


def test_a_preview_changes_nothing_and_refuses_what_cannot_be_sent(work):
    who = (work, cast.D001.actor, cast.MAIN, "late", "en")
    assert messages.preview(*who, "To {customer}", "{apology}{window}") == ("To Wang Fang", "we are sorry: 09:00–10:30")
    with pytest.raises(Invalid, match="template_place"):
        messages.preview(*who, "{name}", "x")
    with pytest.raises(NotFound):
        messages.preview(work, cast.D001.actor, cast.MAIN, "spam", "en", "x", "x")


def test_what_is_switched_off_is_not_sent_nor_noted(work, clock, mailbox):
    schedule(work, clock)
    on = [kind for kind in KINDS if kind not in {"confirmation", "reminder"}]
    messages.save_rules(work, cast.M001.actor, cast.MAIN, on, time(21), time(8))
    do_all(work, mailbox=mailbox)
    schedule(work, clock, "WO-2")
    assert jobs.do_next(work, handlers(mailbox)) is False
    assert mailbox.letters == []


def test_words_are_for_dispatchers_and_managers_of_the_branch(work):
    for person in (cast.T001, cast.Q001, cast.A001):
        with pytest.raises(Forbidden):
            messages.book(work, person.actor, cast.MAIN)
    with pytest.raises(NotFound):
        messages.save_words(work, cast.D001.actor, cast.NORTH, "late", "en", "x", "y")


def test_a_message_over_which_the_program_died_too_often_is_shown_as_given_up(work, clock, mailbox):
    schedule(work, clock)
    reached = handlers(mailbox=mailbox)
    while jobs.do_next(work, {"news": reached["news"]}):
        pass
    with work.write() as db:
        db.execute(update(JobRow).where(JobRow.branch == cast.MAIN, JobRow.kind == "message").values(state="dead"))
    kinds = {kind: (state, code) for kind, state, code in log(work)}
    assert kinds["confirmation"] == ("failed", "kind_unknown")


def test_what_the_program_died_over_too_often_is_given_up_in_the_log_itself(work, clock, mailbox):
    schedule(work, clock)
    reached = handlers(mailbox=mailbox)
    jobs.do_next(work, {"news": reached["news"]})
    for _ in range(MOST_ATTEMPTS):
        with work.write() as db:
            assert store.take(db, cast.MAIN, clock(), clock() + jobs.LEASE).kind == "message"
        clock.advance(seconds=jobs.LEASE.total_seconds())
    do_all(work, mailbox=mailbox)
    assert mailbox.letters == []
    with work.read() as db:
        found = {one.kind: one for one in message_log.of_visit(db, cast.MAIN, VISIT)}
    lost = found["confirmation"]
    assert (lost.state, lost.code, lost.ended_at) == ("failed", "broken_off", clock())
    assert found["reminder"].state == "waiting"


def test_a_gateway_that_is_away_holds_back_no_mail(work, clock, mailbox, gateway):
    gateway.answer(503)
    schedule(work, clock, "WO-1", email="")
    clock.advance(seconds=1)
    for number in ("WO-2", "WO-3"):
        schedule(work, clock, number)
    do_all(work, mailbox=mailbox, gateway=gateway)
    assert (len(gateway.requests), len(mailbox.letters)) == (1, 2)


def test_a_message_that_goes_another_way_by_now_holds_back_neither(work, clock, mailbox, gateway):
    gateway.answer(503)
    for number in ("WO-1", "WO-2"):
        schedule(work, clock, number)
    reached = handlers(mailbox, gateway)
    moment = work.now() + timedelta(seconds=1)
    while jobs.do_next(work, {**reached, "message": lambda work, job: jobs.Outcome(kind="later", due_at=moment)}):
        pass
    clock.advance(seconds=1)
    say(work, clock, "visit.amended", customer=builders.customer(language="en", phone=PHONE))
    do_all(work, mailbox=mailbox, gateway=gateway)
    assert (len(gateway.requests), len(mailbox.letters)) == (1, 1)


@pytest.mark.parametrize(("status", "is_held"), [(500, False), (503, True), (429, True)])
def test_a_gateway_that_stumbles_over_one_number_does_not_keep_back_the_others(
    work, clock, gateway, status, is_held
):  # fmt: skip
    gateway.answer(status, 200)
    for number in ("WO-1", "WO-2"):
        schedule(work, clock, number, email="")
    clock.advance(seconds=1)
    do_all(work, gateway=gateway)
    assert len(gateway.requests) == (1 if is_held else 2)


def test_what_people_write_stays_text_in_a_letter(work, clock, mailbox):
    canary = "\"'><img src=x onerror='window.sung=1'><script>1</script>{{7*7}}{link}"
    schedule(work, clock, name=canary)
    do_all(work, mailbox=mailbox)
    [letter] = mailbox.letters
    assert letter.get_content_type() == "text/plain"
    assert not letter.is_multipart()
    assert canary in letter.get_content()
    assert letter.get_content().count("https://visits.example.org/c/") == 1
    assert "49" not in letter["Subject"]
