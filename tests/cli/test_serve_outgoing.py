"""`fieldapp serve` sends what has to leave the house: beside the pages, with several workers, and after a kill."""

import json
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from fieldapp.domain.access import OPERATOR
from fieldapp.services import jobs, news, tokens, webhook_sending, webhooks
from fieldapp.storage import jobs as store
from fieldapp.storage import migrate
from fieldapp.storage.tables.audit import AuditRow
from tests import builders, cast, processes
from tests.conftest import make_test_work
from tests.fakes import Clock
from tests.receivers import receiving
from tests.sync.phone import plan

LOOPBACK = {"FIELDAPP_OUTGOING_LOOPBACK": "1"}
SENDING = {"news": news.spreader(None), "webhook": webhook_sending.sender(loopback=True)}


def company(folder, address):
    """A company in the folder, with a program that hears of new visits."""
    (folder / "data-key").write_text(cast.DATA_KEY)
    clock = Clock(cast.NOW)
    clock.run()
    work = make_test_work(folder, clock)
    migrate.upgrade(work.database)
    cast.move_in(work)
    shown = tokens.add_token(work, OPERATOR, branch=cast.MAIN, name="crm", scopes=["webhooks:write"])
    actor = tokens.recognise(work, shown).actor
    made = webhooks.add_webhook(work, actor, f"{address}/", ["visit.scheduled"], loopback=True)
    return work, made


def schedule(work, count):
    start = datetime.now(UTC) + timedelta(days=1)
    for number in range(count):
        plan(work, builders.scheduled(f"WO-{number}", start))


def numbers(receiver):
    return [json.loads(body)["visit"] for _, _, body in receiver.requests]


def test_two_workers_send_each_thing_once_and_stop_when_told(tmp_path):
    with receiving() as receiver:
        work, _ = company(tmp_path, receiver.address)
        with processes.serving(tmp_path, "--workers", "2", **LOOPBACK):
            schedule(work, 20)
            assert receiver.wait_for(20)
        assert sorted(numbers(receiver)) == sorted(f"WO-{number}" for number in range(20))
        work.database.dispose()


def test_the_draw_of_spot_checks_is_sealed_beside_the_pages_and_only_once(tmp_path):
    work, _ = company(tmp_path, "http://127.0.0.1:1")
    with processes.serving(tmp_path, "--workers", "2"):
        deadline = time.monotonic() + 30
        while len(sealed(work)) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
    found = sealed(work)
    assert {branch for branch, _ in found} == {cast.MAIN, cast.NORTH}
    assert len(found) == len(set(found))
    work.database.dispose()


def sealed(work):
    """Branch and month of each seal in the audit."""
    with work.read() as db:
        query = select(AuditRow.branch, AuditRow.subject).where(AuditRow.action == "spot_checks.committed")
        return [tuple(row) for row in db.execute(query)]


def test_killed_in_the_middle_everything_arrives_and_only_what_was_in_hand_twice(tmp_path):
    with receiving() as receiver:
        work, made = company(tmp_path, receiver.address)
        with processes.started(tmp_path, **LOOPBACK) as (_, process):
            receiver.open.clear()
            schedule(work, 10)
            assert receiver.wait_for(1)
            process.kill()
        receiver.open.set()
        # What was in hand is left alone for two minutes, and what goes the same way: whoever has it may be alive.
        while jobs.do_next(work, SENDING):
            pass
        assert len(receiver.requests) == 1
        work.clock.set(datetime.now(UTC) + jobs.LEASE)
        while jobs.do_next(work, SENDING):
            pass
        sent = numbers(receiver)
        assert set(sent) == {f"WO-{number}" for number in range(10)}
        assert len(sent) == 11
        with work.read() as db:
            log = store.of_target(db, cast.MAIN, made.webhook.webhook_id)
        assert {one.job.state for one in log} == {"done"}
        assert sum(each.ended_at is None for one in log for each in one.attempts) == 1
        work.database.dispose()
