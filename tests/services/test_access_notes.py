"""How to get in: written by the customer, read by who comes and who plans, by nobody afterwards, and sealed."""

from datetime import timedelta

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import Conflict, Forbidden, Invalid, NotFound
from fieldapp.services import access_notes, links, persons, sync_day
from fieldapp.services.access_notes import LIMIT
from fieldapp.storage import audit, erasures, visits
from tests import builders, cast
from tests.links import own_token, planned_visit, signed_visit, store

CODE = "Code 4711#, mind the dog"


@pytest.fixture
def link(work):
    """The own link of a visit of T001 an hour from now."""
    return links.open_link(work, own_token(work, planned_visit(work, days=0)))


def day_of(work, person=cast.T001, known=None):
    return sync_day.look(work, person.actor, device_id=None, known_etag=known)


def on_the_phone(work):
    return {one["external_id"]: one["access"] for one in day_of(work).visits}


def at_the_desk(work, link, person=cast.D001):
    return access_notes.of_visit(work, person.actor, cast.MAIN, link.visit_id)


def test_who_comes_and_who_plans_read_what_the_customer_wrote(work, link):
    access_notes.write(work, link, f"  {CODE}\r\n")
    assert on_the_phone(work) == {"WO-1": CODE}
    assert at_the_desk(work, link) == access_notes.own(work, link) == CODE
    with work.read() as db:
        assert audit.verify(db) == []


def test_a_phone_learns_of_each_change(work, clock, link):
    marks = [day_of(work).etag]
    for words in (CODE, "another", ""):
        clock.advance(seconds=1)
        access_notes.write(work, link, words)
        marks.append(day_of(work).etag)
    assert len(set(marks)) == 3  # taken back, it is as it was
    assert marks[0] == marks[3]
    assert on_the_phone(work) == {"WO-1": ""}


def test_a_phone_carries_no_door_codes_of_days_to_come(work, link):
    later = links.open_link(work, own_token(work, planned_visit(work, "WO-2", days=1)))
    access_notes.write(work, later, CODE)
    assert on_the_phone(work) == {"WO-1": "", "WO-2": ""}


def test_nobody_else_reads_it(work, link):
    access_notes.write(work, link, CODE)
    assert CODE not in str(day_of(work, cast.T002).visits)
    with pytest.raises(Forbidden):
        at_the_desk(work, link, cast.T001)
    with pytest.raises(NotFound):
        at_the_desk(work, link, cast.D900)


def test_once_the_visit_is_over_nobody_reads_it_and_a_week_later_it_is_gone(work, clock, link):
    access_notes.write(work, link, CODE)
    store(work, [builders.line("visit.arrived", "WO-1", work.now(), gps={"status": "denied"})])
    assert on_the_phone(work) == {"WO-1": CODE}
    store(work, [builders.line("visit.completed", "WO-1", work.now(), manifest=[])])
    assert on_the_phone(work) == {"WO-1": ""}
    assert at_the_desk(work, link) == ""
    clock.advance(days=6)
    access_notes.tidy(work)
    assert access_notes.own(work, link) == CODE
    clock.advance(days=2)
    access_notes.tidy(work)
    assert access_notes.own(work, link) == ""


def test_it_is_written_only_before_the_visit_and_only_so_long(work, link):
    with pytest.raises(Invalid):
        access_notes.write(work, link, "x" * (LIMIT + 1))
    over = links.open_link(work, own_token(work, signed_visit(work, "WO-3")))
    with pytest.raises(Conflict):
        access_notes.write(work, over, CODE)


@pytest.mark.sqlite
def test_the_database_does_not_hold_it_in_words(work, link):
    access_notes.write(work, link, CODE)
    work.database.dispose()
    raw = b"".join(path.read_bytes() for path in work.blobs.folder.parent.glob("fieldapp.db*"))
    assert b"4711" not in raw


def test_a_customer_gets_it_handed_out_and_erased(work, link):
    access_notes.write(work, link, CODE)
    with work.read() as db:
        visit = visits.get(db, cast.MAIN, link.visit_id)
    assert persons.everything(work, OPERATOR, visit)["access"] == CODE
    with work.write(cast.MAIN) as db:
        erasures.empty_rest(db, cast.MAIN, link.visit_id, work.now() + timedelta(seconds=1))
    assert access_notes.own(work, link) == ""
