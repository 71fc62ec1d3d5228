"""The demo company: the same each time, alive around now, and never on top of anybody's data."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.calendar import Month
from fieldapp.domain.errors import Conflict
from fieldapp.services import demo, installation, scoring
from fieldapp.services.demo import Wish
from fieldapp.services.doctor import examine
from fieldapp.storage import accounts, appeals, branches, planning, visits
from fieldapp.storage.tables.events import EventRow
from tests import cast
from tests.conftest import make_test_work
from tests.fakes import Clock

WISH = Wish("a seed", cast.NOW, 220, (date(2026, 9, 1), date(2026, 10, 1)))


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Fills an empty installation of its own; returns its work."""
    opened = []

    def act(wish=WISH):
        work = make_test_work(tmp_path_factory.mktemp("demo"), Clock(cast.NOW))
        opened.append(work)
        installation.upgrade(work, timezone=cast.ZONE)
        demo.load_demo(work, wish)
        return work

    yield act
    for work in opened:
        work.database.dispose()


@pytest.fixture(scope="module")
def demo_work(load):
    return load()


def test_same_arguments_give_the_same_company(load, demo_work):
    assert _facts(load()) == _facts(demo_work)


def test_another_seed_gives_another_company(load, demo_work):
    other = load(Wish("another seed", WISH.moment, 20, WISH.months))
    assert not set(_facts(other)) & set(_facts(demo_work))


def _facts(work):
    with work.read() as db:
        rows = db.execute(select(EventRow.branch, EventRow.event_id, EventRow.body_hash))
        return sorted(map(tuple, rows))


def test_a_stranger_finds_a_visit_to_do_at_once(demo_work):
    with demo_work.read() as db:
        around = visits.between(
            db, "main", cast.NOW - timedelta(hours=12), cast.NOW + timedelta(hours=12), technician="T001"
        )
    assert [one.state for one in around].count("completed") == 2
    assert any(one.state == "planned" and one.window.start <= cast.NOW <= one.window.end for one in around)
    assert any(one.state == "planned" and cast.NOW < one.window.start < cast.NOW + timedelta(hours=2) for one in around)


def test_there_is_work_that_nobody_has_yet(demo_work):
    with demo_work.read() as db:
        coming = visits.between(db, "main", cast.NOW, cast.NOW + timedelta(days=2))
    assert [one.external_id for one in coming if one.technician is None]


def test_nothing_has_happened_after_now(demo_work):
    with demo_work.read() as db:
        assert all(moment <= cast.NOW for moment in db.scalars(select(EventRow.effective_at)))


def test_scores_are_those_of_people(demo_work):
    scores = {}
    for branch in ("main", "hk", "sg"):
        month = scoring.month_scores(demo_work, OPERATOR, branch, Month("2026-09"))
        scores |= {one.sheet.technician: one.sheet.score for one in month.technicians}
    assert len(scores) >= 18
    assert max(scores.values()) >= 95
    assert min(scores.values()) < 85
    assert len(set(scores.values())) > 8


def test_every_role_is_told_one_login_that_works(demo_work):
    told = demo.logins(WISH.seed)
    assert [one.role for one in told] == ["technician", "dispatcher", "quality", "manager", "admin"]
    with demo_work.read() as db:
        for one in told:
            account = accounts.find_by_login(db, one.login)
            assert account.role == one.role
            assert demo_work.passwords.matches(one.password, accounts.password_hash(db, account.account_id))


def test_the_main_branch_has_its_twelve_technicians(demo_work):
    with demo_work.read() as db:
        found = {technician.code for technician in planning.technicians(db, "main")}
    assert found == {f"T{number:03}" for number in range(1, 13)}


def test_the_company_lives_in_three_places(demo_work):
    with demo_work.read() as db:
        assert {branch.timezone for branch in branches.every(db)} == {
            "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore",
        }  # fmt: skip
    assert demo.existing(demo_work) == demo.logins(WISH.seed)


def test_an_installation_with_people_in_it_is_left_alone(work):
    with pytest.raises(Conflict, match="demo_refused"):
        demo.load_demo(work, WISH)
    assert demo.existing(work) is None
    with work.read() as db:
        assert accounts.find_by_login(db, "T004") is None


def test_one_appeal_waits_and_others_were_decided_by_somebody_else(demo_work):
    with demo_work.read() as db:
        filed = [one.appeal for branch in ("main", "hk", "sg") for one in appeals.every(db, branch)]
        assert {one.appeal.state for one in appeals.every(db, "main")} == {"open", "confirmed", "overturned"}
    assert all(one.decided_by != one.technician for one in filed)
    assert [fault for check in examine(demo_work) for fault in check.faults] == []
