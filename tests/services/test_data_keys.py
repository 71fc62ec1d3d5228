"""Personal data at rest: nothing of it can be read in the files, and the keys can be changed while it is used."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.causes import Saying
from fieldapp.domain.visits import events as ev
from fieldapp.services import approvals, cases, data_keys, links, planning, second_factors
from fieldapp.services.doctor import examine
from fieldapp.services.scheduling import Slot
from fieldapp.services.work import Refused, UnknownKey, Unreadable, Vault, Work
from fieldapp.storage import access_notes, call_backs, causes, devices, events, findings, migrate, quarantine, server
from fieldapp.storage import approvals as requests
from fieldapp.storage import cases as histories
from fieldapp.storage import links as acts
from fieldapp.storage import planning as plans
from fieldapp.storage import visits as stored
from fieldapp.storage.quarantine import Quarantined
from fieldapp.storage.tables.visits import VisitRow
from fieldapp.storage.vault import BadKeys, read_keys
from tests import builders, cast
from tests.cast import D001, MAIN
from tests.links import store
from tests.sync.phone import Phone

#: The customer, the customer's home, and a word of each thing that somebody wrote about them.
PEOPLE = ("Zhao Lihua", "13912345678", "77 Willow Lane", "zhao@example.org", "31.23456")
WORDS = {
    name: f"{name}-said-{'x' * 8}"
    for name in ("note", "comment", "pushed", "reason", "wish", "case", "call", "act", "late", "answer", "door", "odd")
}
SECRETS = (*PEOPLE, *WORDS.values())
START = cast.NOW + timedelta(hours=2)


@contextmanager
def unseen(_: str, __: int):
    yield lambda more: None


def fill(work: Work, clock, sign_in) -> str:
    """One visit with everything about its customer that is kept anywhere."""
    who = builders.customer(
        name=PEOPLE[0], phone=PEOPLE[1], address=PEOPLE[2], email=PEOPLE[3], lat=31.23456, lon=121.5
    )
    visit = store(work, [
        builders.scheduled("WO-1", START, customer=who, note=WORDS["note"]),
        builders.line("answers.given", "WO-1", START, "customer", **builders.ALL_WELL | {"comment": WORDS["comment"]}),
        builders.line("visit.assigned", "WO-1", START, "office", technician="T001", reason=WORDS["reason"]),
    ])  # fmt: skip
    phone = Phone(clock, sign_in("T001"))
    assert phone.fates(phone.append("note.added", visit, data={"text": WORDS["pushed"]})) == [("accepted", None)]
    rev = planning.get_visit(work, D001.actor, MAIN, visit).visit.rev
    promised = ev.Promise(
        start=START + timedelta(hours=1), end=START + timedelta(hours=2), agreed=True, told_at=cast.NOW, channel="phone"
    )
    wish = ev.PromiseChanged(
        asked_by="customer", promise=promised, apology=True, cause="customer", reason=WORDS["wish"]
    )  # fmt: skip
    approvals.ask(work, D001.actor, MAIN, visit, rev, wish, Slot(technician="T001"))
    cases.open_by_phone(work, D001.actor, MAIN, visit, "complaint", WORDS["case"])
    with work.write() as db:
        call_backs.add(db, MAIN, visit, call_backs.Attempt(1, work.now(), "Q001", "reached", {}, WORDS["call"]))
        acts.add_act(db, MAIN, visit, acts.Act("complained", work.now(), WORDS["act"]))
        causes.add(db, MAIN, visit, Saying(1, "plan", WORDS["late"], "D001", work.now(), False))
        findings.add_statement(db, MAIN, "f", findings.Statement("s", "T001", work.now(), WORDS["answer"]))
        access_notes.save(db, work.vault, MAIN, visit, WORDS["door"], work.now())
        odd = Quarantined(code="schema_invalid", origin="push", raw=WORDS["odd"].encode(), problem="",
                          received_at=work.now(), visit_id=visit)  # fmt: skip
        quarantine.keep(db, work.vault, MAIN, [odd])
    return visit


def told(work: Work, visit: str) -> str:
    """Everything that the program says about the visit, as text."""
    with work.read() as db:
        pushed = [one.event.id for one in plans.timeline(db, MAIN, visit) if one.origin == "push"]
        [odd] = quarantine.of_visit(db, MAIN, visit)
        return str([
            stored.get(db, MAIN, visit), events.histories(db, MAIN, [visit]), devices.payloads(db, MAIN, pushed),
            call_backs.attempts(db, MAIN, [visit]), acts.acts(db, MAIN, visit), causes.of_visit(db, MAIN, visit),
            findings.statements(db, MAIN, ["f"]), access_notes.find(db, work.vault, MAIN, visit),
            quarantine.content(work.vault, MAIN, odd), requests.of_visit(db, MAIN, visit),
            [histories.histories(db, MAIN, [one.case_id]) for one in histories.of_visit(db, MAIN, visit)],
        ])  # fmt: skip


def readable(work: Work) -> list[str]:
    """What of it stands anywhere in the files of the database, the log of writes included."""
    if not work.database.is_sqlite:
        pytest.skip("PostgreSQL's files are the server's")
    folder: Path = work.blobs.folder.parent
    raw = b"".join(path.read_bytes() for path in folder.glob("fieldapp.db*"))
    assert b"WO-1" in raw  # or this would look in the wrong place
    return [one for one in SECRETS if one.encode() in raw]


def missing(work: Work, visit: str) -> list[str]:
    """What of it the program cannot say any more."""
    whole = told(work, visit)
    return [one for one in SECRETS if one not in whole]


def faults(work: Work) -> list[str]:
    return [f"{check.name}: {fault}" for check in examine(work) for fault in check.faults]


def found(work: Work, text: str, **other) -> list[str]:
    page = planning.list_visits(work, D001.actor, MAIN, text=text, **other)
    return [one.external_id for one in page.visits]


def with_keys(work: Work, text: str) -> Work:
    """A program that was started again with other keys."""
    work.database.dispose()
    return replace(work, vault=Vault(text))


def rotated(text: str = cast.DATA_KEY) -> str:
    return data_keys.with_new(text, "K" + "0123456789abcdef" * 2)


def test_nothing_of_a_customer_can_be_read_in_the_files_of_the_database(work, clock, sign_in):
    visit = fill(work, clock, sign_in)
    assert (readable(work), missing(work, visit), faults(work)) == ([], [], [])


def test_what_an_older_program_wrote_is_sealed_where_it_stands(work, clock, sign_in):
    cast.as_before_sealing(work)
    visit = fill(work, clock, sign_in)
    things = [WORDS["door"], WORDS["odd"]]  # sealed since they are kept
    assert readable(work) == [one for one in SECRETS if one not in things]
    before = told(work, visit)
    assert data_keys.standings(work).readable > 10

    done = data_keys.seal(work, unseen)

    assert (done.unreadable, data_keys.standings(work).readable) == ([], 0)
    assert (readable(work), told(work, visit), faults(work)) == ([], before, [])
    assert data_keys.seal(work, unseen).sealed == 0


def test_a_broken_off_sealing_is_gone_on_with(work, clock, sign_in):
    cast.as_before_sealing(work)
    visit = fill(work, clock, sign_in)

    @contextmanager
    def breaking(_: str, __: int):
        def step(_: int) -> None:
            raise KeyboardInterrupt

        yield step

    with pytest.raises(KeyboardInterrupt):
        data_keys.seal(work, breaking)
    half = data_keys.standings(work)
    assert half.readable > 0
    assert half.keys[0].values > 2  # the visit, beside its two things
    assert missing(work, visit) == []
    data_keys.seal(work, unseen)
    assert (data_keys.standings(work).readable, missing(work, visit), faults(work)) == (0, [], [])


def test_visits_are_found_and_sorted_by_what_is_sealed(work):
    for number, name, hours in (("WO-1", "Zhao", 3), ("WO-2", "Bai", 2), ("WO-3", "Zhao 100%", 1)):
        who = builders.customer(name=name, phone=f"1390000000{hours}", address=f"{hours} Willow Lane")
        store(work, [builders.scheduled(number, START + timedelta(hours=hours), None, customer=who)])
    assert found(work, "zhao") == ["WO-3", "WO-1"]
    assert found(work, "willow", sort="customer") == ["WO-2", "WO-1", "WO-3"]
    assert found(work, "", sort="customer", descending=True) == ["WO-3", "WO-1", "WO-2"]
    assert found(work, "100%") == ["WO-3"]
    assert found(work, "0_0") == []
    assert found(work, "13900000002") == found(work, "wo-2") == ["WO-2"]


def test_a_value_opens_in_its_own_row_only(work):
    first = store(work, [builders.scheduled("WO-1", START)])
    second = store(work, [builders.scheduled("WO-2", START + timedelta(hours=2), customer=builders.customer(name="B"))])
    with work.write() as db:
        other = db.scalar(select(VisitRow.person).where(VisitRow.branch == MAIN, VisitRow.visit_id == second))
        row = (VisitRow.branch == MAIN) & (VisitRow.visit_id == first)
        db.execute(update(VisitRow).where(row).values(person=other))
    with work.read() as db, pytest.raises(Unreadable, match=f"visits.person main {first}"):
        stored.get(db, MAIN, first)
    assert data_keys.seal(with_keys(work, rotated()), unseen).unreadable == [f"visits.person {first}"]


def test_another_key_takes_over_and_the_old_one_may_go(work, clock, sign_in):
    visit = fill(work, clock, sign_in)
    link = links.create_own_link(work, D001.actor, MAIN, visit)
    code = second_factors.give(work, OPERATOR, "M001").codes[0]
    before = told(work, visit)
    both = rotated()
    later = with_keys(work, both)
    old, new = work.vault.newest, later.vault.newest
    assert {one.name: one.state for one in data_keys.standings(later).keys} == {new: "newest", old: "old"}
    with pytest.raises(Refused, match="fieldapp keys seal"):
        data_keys.drop(later, old)

    assert told(later, visit) == before
    data_keys.seal(later, unseen)
    assert {one.name: one.values for one in data_keys.standings(later).keys}[old] == 0
    data_keys.drop(later, old)

    alone = with_keys(work, data_keys.without(both, old))
    assert alone.vault.known == (new,)
    assert (told(alone, visit), faults(alone)) == (before, [])
    assert links.open_link(alone, link).visit_id == visit
    with alone.write() as db:  # what is known by its mark stays known
        assert second_factors.use(alone, db, cast.M001.account_id, code)


def test_nobody_writes_with_a_key_that_was_replaced(work):
    """A server that was not started again would otherwise go on under the old key after that is gone."""
    store(work, [builders.scheduled("WO-1", START)])
    data_keys.seal(with_keys(work, rotated()), unseen)
    behind = with_keys(work, cast.DATA_KEY)
    with pytest.raises(UnknownKey, match="sealed with data key"):
        store(behind, [builders.scheduled("WO-2", START + timedelta(hours=2))])


def test_a_new_key_seals_nothing_before_everybody_has_it(work):
    """Several programs are started again one after the other: what one writes meanwhile, the others must open."""
    store(work, [builders.scheduled("WO-1", START)])
    keys, marks = read_keys(rotated())
    first, last = with_keys(work, rotated()), with_keys(work, "|".join((*keys[::-1], f"marks:{marks}")))
    store(first, [builders.scheduled("WO-2", START + timedelta(hours=2))])
    assert {one.name: one.values for one in data_keys.standings(first).keys}[first.vault.newest] == 0
    with work.read() as db:
        assert stored.find_by_external_id(db, MAIN, "WO-2").customer_name
    data_keys.seal(first, unseen)
    store(last, [builders.scheduled("WO-3", START + timedelta(hours=4))])  # in whichever order it has them
    standing = {one.name: one.values for one in data_keys.standings(last).keys}
    assert standing[work.vault.newest] == 0


def test_another_key_opens_nothing_and_says_so(work):
    store(work, [builders.scheduled("WO-1", START)])
    other = with_keys(work, "o" + "0123456789abcdef" * 2)
    assert (data_keys.fault(other) or "").startswith(
        f"something in this database is sealed with data key {work.vault.newest}"
    )
    assert any(f"stand under data key {work.vault.newest}" in fault for fault in faults(other))
    with other.read() as db, pytest.raises(Unreadable):
        stored.find_by_external_id(db, MAIN, "WO-1")


def test_the_newest_key_and_a_strange_one_are_not_dropped(work):
    for name, why in ((work.vault.newest, "is the newest"), ("00000000", "there is no data key")):
        with pytest.raises(Refused, match=why):
            data_keys.drop(work, name)


def test_a_key_is_not_dropped_before_another_took_over(work):
    """Nothing stands under it yet, but what comes will."""
    with pytest.raises(Refused, match="fieldapp keys seal"):
        data_keys.drop(with_keys(work, rotated()), work.vault.newest)


def test_an_older_program_has_no_room_once_anything_is_sealed(work):
    with work.read() as db:
        assert server.find(db, migrate.FLOOR) == migrate.SEALING
    migrate.upgrade(work.database)
    with work.read() as db:
        assert server.find(db, migrate.FLOOR) == migrate.SEALING
    with pytest.raises(migrate.WouldLose, match="sealed columns"):
        migrate.downgrade(work.database, "0048")


def test_several_keys_are_read_with_the_key_of_their_marks():
    marks = "marks:" + "ab" * 32
    assert read_keys("one key, with | and spaces") == (("one key, with | and spaces",), "")
    assert read_keys(f"new\nold\n{marks}\n") == read_keys(f"new|old|{marks}") == (("new", "old"), "ab" * 32)
    for wrong in (f"{marks}", "new\nmarks:12", f"new\n{marks}\n{marks}"):
        with pytest.raises(BadKeys):
            read_keys(wrong)
    with pytest.raises(BadKeys):
        data_keys.with_new("an old key with a | in it, which is long enough", "new")
