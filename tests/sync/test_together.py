"""Many at once, in any order, in any pieces: the same facts once, the same visits, the same score."""

import json
import random
import threading
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldapp.services import scoring
from fieldapp.storage import events, quarantine, visits
from tests import builders, cast
from tests.sync.phone import MARK, PUSH, Phone, plan
from tests.sync.test_push import audit_rows, whole_visit


def test_41_equal_posts_at_the_same_time_store_once(phone, app, work, visit, start):
    body = json.dumps(phone.batch(whole_visit(phone, visit, start)))
    cookie = phone.client.get_cookie("sid").value
    answers = []
    gate = threading.Barrier(41)

    def post():
        client = app.test_client(use_cookies=False)
        headers = {**MARK, "Content-Type": "application/json", "Cookie": f"sid={cookie}"}
        gate.wait()
        answers.append(client.post(PUSH, data=body, headers=headers))

    threads = [threading.Thread(target=post) for _ in range(41)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    fates = [[one["status"] for one in answer.get_json()["results"]] for answer in answers]
    assert sorted(fates) == [["accepted"] * 11] + [["duplicate"] * 11] * 40
    with work.read() as db:
        assert events.count(db, cast.MAIN) == 12
        assert audit_rows(db) == 3  # signing in, the phone, one push


def send_until_stored(phone, parts):
    """What a phone does: everything that is not stored stays in the outbox and comes again."""
    waiting = list(parts)
    for _ in range(200):
        if not waiting:
            return
        part = waiting.pop(0)
        results = phone.push(*part)["results"]
        left = [entry for entry, one in zip(part, results, strict=True) if one["status"] == "retry"]
        if left:
            waiting.append(left)
    raise AssertionError("some entries were never stored")


def seen(work, names):
    with work.read() as db:
        found = [visits.get(db, cast.MAIN, name) for name in names]
        facts, held = events.histories(db, cast.MAIN, names)
        assert quarantine.count(db, cast.MAIN) == 0
    live = scoring.month_scores(work, cast.M001.actor, cast.MAIN, "2026-10")
    assert live == scoring.month_scores(work, cast.M001.actor, cast.MAIN, "2026-10", recount=True)
    states = [(one.state, one.rev, one.signed, one.held, one.charges) for one in found]
    return states, {name: {event.id for event in facts[name]} for name in names}, dict(held), live.technicians


def test_any_order_and_any_pieces_give_the_same_state_and_score(work, app, clock, sign_in):
    client, turns = sign_in("T001"), iter(range(10_000))
    shapes = set()

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.randoms(use_true_random=False), st.integers(1, 9))
    def check(chance: random.Random, size: int) -> None:
        turn = next(turns)
        start = clock() - timedelta(minutes=30)
        name = f"WO-{turn}"
        visit = plan(work, builders.scheduled(name, start))[0]
        phone = Phone(clock, client)
        entries = whole_visit(phone, visit, start)
        entries.append(phone.append("note.added", visit, start + timedelta(minutes=40)))
        entries += [chance.choice(entries) for _ in range(4)]
        chance.shuffle(entries)
        send_until_stored(phone, [entries[at : at + size] for at in range(0, len(entries), size)])
        states, facts, held, _ = seen(work, [visit])
        shapes.add(str((states, [len(one) for one in facts.values()], list(held.values()))))

    check()
    # One visit a turn, always the same: twelve facts that count, and one too late that waits.
    assert len(shapes) == 1


def test_two_phones_of_one_technician_commute(work, clock, phone, visit, start):
    def play(first, second):
        for part in (first, second):
            part[0].push(*part[1])

    other = Phone(clock, phone.client)
    early = (phone, [phone.append("visit.arrived", visit, start), phone.append("consent.given", visit, start)])
    later = (other, [other.append("visit.arrived", visit, start + timedelta(minutes=3))])
    play(later, early)
    with work.read() as db:
        history, held = events.histories(db, cast.MAIN, [visit])
        assert visits.get(db, cast.MAIN, visit).state == "admitted"
    assert (len(history[visit]), dict(held)) == (4, {})
