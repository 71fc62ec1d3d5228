"""The daily letter with the ends of the audit chains: once a day, and good for the doctor."""

import re
from dataclasses import replace

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.services import accounts, audit_mail, doctor, jobs
from fieldapp.services.audit_mail import HEADS
from fieldapp.services.mail import MailServer
from fieldapp.settings import SettingsError
from tests import cast, mailboxes

ADDRESS = "audit@example.org"


@pytest.fixture
def box():
    with mailboxes.receiving() as found:
        yield found


@pytest.fixture
def send(work, box):
    """Do what is due, as the threads of `serve` do it."""

    def act(address=ADDRESS, language="en"):
        server = MailServer("127.0.0.1", box.port, "none", "", "", "fieldapp@example.org")
        while jobs.do_next(work, {HEADS: audit_mail.sender(server, address, language)}):
            pass

    return act


def heads(letter):
    """What the letter says to hand to the doctor."""
    return re.findall(r"--head=(\S+)", letter.get_content())


@pytest.fixture(autouse=True)
def _done(work):
    accounts.disable_account(work, OPERATOR, "T001")
    accounts.disable_account(work, OPERATOR, "T900")


def test_one_letter_a_day_and_every_chain_in_it(work, clock, box, send):
    for _ in range(3):
        audit_mail.plan(work)
        send()
    [letter] = box.letters
    assert (letter["To"], letter["Subject"]) == (ADDRESS, "Ends of the audit chains, 2026-10-14")
    assert [one.split(":")[:2] for one in heads(letter)] == [["main", "1"], ["north", "1"]]
    clock.advance(days=1)
    audit_mail.plan(work)
    send()
    assert len(box.letters) == 2


def test_the_doctor_takes_what_stands_in_it_and_finds_out_who_changed_a_row(work, box, send):
    audit_mail.plan(work)
    send()
    told = heads(box.letters[0])
    accounts.disable_account(work, OPERATOR, "T002")
    assert [doctor.head_on_paper(work, one).faults for one in told] == [(), ()]
    with work.write() as db:
        db.connection().exec_driver_sql(
            "UPDATE audit SET hash = 'x' || substr(hash, 2) WHERE branch = 'main' AND number = 1"
        )
    assert [bool(doctor.head_on_paper(work, one).faults) for one in told] == [True, False]


@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
def test_it_speaks_the_installation_s_language(work, box, send, language):
    audit_mail.plan(work)
    send(language=language)
    assert box.letters[0]["Content-Language"] == language
    assert len(heads(box.letters[0])) == 2


def test_what_the_mail_server_does_not_take_now_goes_later(work, clock, box, send):
    box.answers = ["451 not now", "250 OK"]
    audit_mail.plan(work)
    send()
    assert box.letters == []
    clock.advance(minutes=1)
    send()
    assert len(box.letters) == 1


def test_where_nobody_is_to_get_it_any_more_nothing_is_sent(work, box, send):
    audit_mail.plan(work)
    send(address=None)
    assert (box.attempts, jobs.overview(work, cast.A001.actor).counts) == (0, {})


@pytest.mark.parametrize(
    ("address", "url"), [("nobody", "smtp://127.0.0.1:25"), (ADDRESS, None), ("a@b.c, d@e.f", None)]
)
def test_an_address_that_cannot_work_is_refused_at_the_start(settings, address, url):
    with pytest.raises(SettingsError, match="FIELDAPP_AUDIT_MAIL"):
        replace(settings, audit_mail=address, smtp_url=url, mail_from="x@example.org")
