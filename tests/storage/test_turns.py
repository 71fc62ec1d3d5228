"""Waiting for the one writer: in turn, not for ever, and never by everybody."""

import fcntl
import threading

import pytest
from sqlalchemy import text

from fieldapp.storage.turns import CROWD, Busy, Turns


@pytest.fixture
def file(tmp_path):
    return tmp_path / "writer"


@pytest.fixture
def taken(file):
    """The lock as another process holds it; `close` gives it back."""
    with file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle


def test_who_waits_too_long_for_another_process_is_told_to_come_again(file, taken):
    turns = Turns(file)
    with pytest.raises(Busy), turns.one(0.05):
        pass


def test_the_turn_comes_when_the_other_process_is_done(file, taken):
    turns = Turns(file)
    threading.Timer(0.1, taken.close).start()
    with turns.one(5):
        assert taken.closed


def test_a_wait_that_was_given_up_serves_the_next_one(file, taken):
    turns, before = Turns(file), set(threading.enumerate())
    for _ in range(3):
        with pytest.raises(Busy), turns.one(0.02):
            pass
    assert len(set(threading.enumerate()) - before) == 1  # one helper queues, however many gave up
    threading.Timer(0.05, taken.close).start()
    with turns.one(5):
        pass


def test_what_comes_to_nobody_any_more_is_given_back(file, taken):
    before = set(threading.enumerate())
    with pytest.raises(Busy), Turns(file).one(0.02):
        pass
    (helper,) = set(threading.enumerate()) - before
    taken.close()
    helper.join(timeout=5)
    with file.open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_few_wait_while_nothing_moves_and_the_others_are_refused_at_once(file, taken):
    turns, refused, still = Turns(file), [], threading.Semaphore(0)

    def write() -> None:
        try:
            with turns.one(6):
                pass
        except Busy:
            refused.append(1)
            still.release()

    threads = [threading.Thread(target=write) for _ in range(CROWD + 6)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        assert still.acquire(timeout=4)  # long before their patience is over
    taken.close()
    for thread in threads:
        thread.join()
    assert len(refused) <= len(threads) - CROWD


@pytest.mark.sqlite
def test_emptying_the_log_waits_for_its_turn_and_is_told_when_it_does_not_come(work, settings):
    log = settings.instance / "fieldapp.db-wal"
    with (settings.instance / "fieldapp.db.writer").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(Busy):
            work.database.scrub(patience=0.02)
    with work.database.write() as db:
        db.execute(text("UPDATE branches SET name = 'Harbour' WHERE branch = 'main'"))
    assert log.stat().st_size > 0
    work.database.scrub(patience=0.02)
    assert log.stat().st_size == 0
    with work.database.write() as db:
        assert db.scalar(text("SELECT name FROM branches WHERE branch = 'main'")) == "Harbour"


@pytest.mark.sqlite
def test_a_refused_write_changes_nothing_and_the_next_one_passes(work, settings):
    database = work.database
    with (settings.instance / "fieldapp.db.writer").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(Busy), database.write(patience=0.02) as db:
            db.execute(text("DELETE FROM server"))
    with database.write() as db:
        assert db.scalar(text("SELECT 1")) == 1
