"""Everything that can happen between phones and a server, in any order, judged after every step (design: sync.md).

Phones write, send, lose answers, repeat and come late; the office plans against them; somebody else signs in; phones
are taken away; the server is restored from a backup. Owns the rules and the invariants; `client` is a phone, `stage`
the server.
"""

import json
import random
from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from fieldapp.domain import ids
from fieldapp.domain.errors import DomainError
from fieldapp.domain.visits import events as ev
from fieldapp.services import doctor, recounting, rulings, scheduling, scoring, sync_devices, sync_push, sync_wire
from fieldapp.services.scheduling import Slot
from fieldapp.storage import devices, quarantine, visits
from tests import builders, cast
from tests.sync.client import KEEP, STORED, ProtocolClient
from tests.sync.phone import GIVEN, plan
from tests.sync.stage import Backup, Stage

#: Who holds which phones.
OWNERS = ("T001", "T001", "T002", "T003")
#: Planned from the start, for whom; the last two are told to phones by word of mouth before the office enters them.
PLANNED = {"WO-1": "T001", "WO-2": "T001", "WO-3": "T002", "WO-4": "T003"}
LATER = {"WO-5": "T001", "WO-6": "T002"}
ORDERS = (*PLANNED, *LATER)
VISITS = {number: ids.visit_id(cast.MAIN, number) for number in ORDERS}
KINDS = (
    "kit.checked", "customer.called", "visit.departed", "visit.arrived", "door.checked", "consent.given", "note.added",
    "site.checked", "visit.completed", "visit.left",
)  # fmt: skip
POISON = ("", "{", '{"v": 1}', '{"v": 99, "type": "visit.arrived"}', '{"v": 1, "type": "visit.teleported"}', "\x00")

_picks, _pauses, _sizes = st.integers(0, 20), st.sampled_from((0, 1, 5, 30)), st.sampled_from((1, 2, 3, 7, 100))
_phones = st.integers(0, len(OWNERS) - 1)
_fates = st.sampled_from(("heard", "heard", "heard", "twice", "answer lost", "shuffled", "late", "never"))
_people = st.sampled_from(("T001", "T002", "T003"))
_acts = st.sampled_from(("cancel", "move", "assign", "assign", "reinstate", "reinstate", "leave_out", "void"))
#: Every step, how often, and what it is given. One rule for all: each play then has something of everything.
_STEPS: dict[str, tuple[int, dict[str, Any]]] = {
    "append": (
        5, {"phone": _phones, "kinds": st.lists(st.sampled_from(KINDS), min_size=1, max_size=6), "at": _picks,
            "minutes": _pauses},
    ),
    "append_what_is_odd": (
        1, {"phone": _phones, "at": _picks, "back": st.integers(-4, 4), "text": st.sampled_from((None, *POISON))},
    ),
    "append_what_nobody_can_read": (1, {"phone": _phones, "at": _picks}),
    "send": (6, {"which": _picks, "skip": st.sampled_from((0, 0, 0, 2)), "size": _sizes, "fate": _fates}),
    "send_everything": (1, {"which": _picks}),
    "deliver_late": (2, {"which": _picks}),
    "send_in_another_session": (1, {"which": _picks, "guest": _people, "size": _sizes}),
    "rescue": (1, {"which": _picks}),
    "look": (2, {"phone": _phones}),
    "plan_anew": (4, {"at": _picks, "act": _acts, "minutes": st.integers(-60, 600), "technician": _people}),
    "schedule": (1, {"order": st.sampled_from(tuple(LATER))}),
    "take_away": (1, {"which": _picks}),
    "wait": (1, {"hours": st.sampled_from((3, 24))}),
    "back_up": (2, {}),
    "restore": (2, {}),
}  # fmt: skip
_steps = st.sampled_from([name for name, (often, _) in _STEPS.items() for _ in range(often)]).flatmap(
    lambda name: st.fixed_dictionaries({"step": st.just(name), **_STEPS[name][1]})
)


class Machine(RuleBasedStateMachine):
    """One play. `stage` and `seen` (what happened how often) are given by whoever runs it."""

    stage: Stage
    seen: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.stage.begin()
        self.seen["plays"] += 1
        self.work, self.clock = self.stage.work, self.stage.clock
        start = self.clock() - timedelta(minutes=30)
        self.starts = {number: start + timedelta(hours=2 * place) for place, number in enumerate(ORDERS)}
        for number, technician in PLANNED.items():
            plan(self.work, builders.scheduled(number, self.starts[number], technician))
        self.clients = [ProtocolClient(self.clock, login) for login in OWNERS]
        self.appended: dict[str, tuple[str, dict[str, Any]]] = {}
        #: Ids that this life of the server has said to be stored, whether or not anybody heard it.
        self.promised: set[str] = set()
        self.underway: list[tuple[str, bytes]] = []
        self.kept: tuple[Backup, set[str]] | None = None
        self.changed = self.sound = True

    @rule(step=_steps)
    def do(self, step: dict[str, Any]) -> None:
        """The next thing that happens; what is impossible now does not."""
        self.seen["steps"] += 1
        given = dict(step)
        getattr(self, given.pop("step"))(**given)

    # --- On the phones ------------------------------------------------------------------------------------------------

    def append(self, phone: int, kinds: list[str], at: int, minutes: int) -> None:
        """Somebody works."""
        self.clock.advance(minutes=minutes)
        visit = self._near(phone, at)
        for kind in kinds:
            self._appended(phone, self.clients[phone].append(kind, visit, data=GIVEN.get(kind, {})))

    def append_what_is_odd(self, phone: int, at: int, back: int, text: str | None) -> None:
        """The phone's clock was set and it does not know; or the app has a fault, and what it wrote is no fact."""
        client = self.clients[phone]
        client.phone.wrong = timedelta(hours=back)
        odd = client.append("visit.arrived", self._near(phone, at)) if text is None else client.append_text(text)
        self._appended(phone, odd)

    def append_what_nobody_can_read(self, phone: int, at: int) -> None:
        """A newer app: its entries have a field that this server does not know."""
        entry = self.clients[phone].append("note.added", self._near(phone, at))
        entry["also"] = "new"
        self._appended(phone, entry)

    def _near(self, phone: int, at: int) -> str:
        """One's own visits mostly, anybody's sometimes."""
        own = [number for number, login in (PLANNED | LATER).items() if login == OWNERS[phone]]
        return VISITS[[*own, *own, *own, *ORDERS][at % (3 * len(own) + len(ORDERS))]]

    def _appended(self, phone: int, entry: dict[str, Any]) -> None:
        self.appended[entry["id"]] = (self.clients[phone].device_id, entry)
        self.seen["facts"] += 1

    # --- On the line --------------------------------------------------------------------------------------------------

    def send(self, which: int, skip: int, size: int, fate: str) -> None:
        """A push, and what the line makes of it."""
        client = self._pick(which)
        entries = client.waiting()[skip:][:size]
        if not entries:
            return
        if fate == "shuffled":
            random.Random(which).shuffle(entries)
        body = client.body(entries)
        self.seen[f"pushes, {fate}"] += 1
        if fate == "late":
            self.underway.append((client.login, body))
        if fate in {"late", "never"}:
            return
        self._register(client)
        answer = self._carry(client.login, body)
        if fate == "twice":
            answer = self._carry(client.login, body)
        if fate != "answer lost":
            client.hear(entries, answer)
            client.prune()

    def send_everything(self, which: int) -> None:
        """A good line: until nothing waits."""
        self._drain(self._pick(which))

    def _pick(self, which: int) -> ProtocolClient:
        """A phone with something to send, where there is one."""
        found = [client for client in self.clients if client.waiting()] or self.clients
        return found[which % len(found)]

    def _drain(self, client: ProtocolClient) -> None:
        self._register(client)
        self.seen["outboxes sent"] += 1
        for _ in range(60):
            entries = client.waiting()[:20]
            if not entries:
                return
            client.hear(entries, self._carry(client.login, client.body(entries)))
        raise AssertionError("never stored")

    def deliver_late(self, which: int) -> None:
        """What was thought lost arrives after all; nobody waits for the answer any more."""
        if self.underway:
            self._carry(*self.underway.pop(which % len(self.underway)))

    def send_in_another_session(self, which: int, guest: str, size: int) -> None:
        """Somebody else signed in between the look at the session and the push."""
        client = self._pick(which)
        entries = client.waiting()[:size]
        if guest != client.login and any(entry["payload"] not in POISON for entry in entries):
            self.seen["pushes, another session"] += 1
            client.hear(entries, self._carry(guest, client.body(entries)))

    def rescue(self, which: int) -> None:
        """What the phone cannot send is brought in by somebody else; the phone keeps it."""
        client = self._pick(which)
        if not client.waiting():
            return
        self.seen["rescues"] += 1
        batch = sync_wire.read_batch(client.body(client.waiting()), self.clock().date(), most=10**7)
        results = sync_push.deposit(self.work, cast.BY_LOGIN[client.login].actor, batch, by=cast.D001.actor)
        self._promise((one.id, one.status) for one in results)

    def look(self, phone: int) -> None:
        """The phone fetches its day."""
        client = self.clients[phone]
        epoch, etag, content = self.stage.day(client.login, client.device_id, client.etag)
        client.hear_day(epoch, content, etag)
        client.prune()

    def _register(self, client: ProtocolClient) -> None:
        if not client.registered:
            self.stage.register(client.login, client.device_id)
            client.registered = True

    def _carry(self, login: str, body: bytes) -> dict[str, Any]:
        answer = self.stage.push(login, body)
        self._promise((one["id"], one["status"]) for one in answer["results"])
        return answer

    def _promise(self, told: Any) -> None:
        self.changed = True
        for event_id, status in told:
            self.seen[f"answers, {status}"] += 1
            if status in STORED:
                self.promised.add(event_id)

    # --- In the office ------------------------------------------------------------------------------------------------

    def plan_anew(self, at: int, act: str, minutes: int, technician: str) -> None:
        """The dispatcher changes the plan without knowing what the phones know, or decides what waits."""
        found = self.stage.rows("SELECT external_id FROM visits WHERE held > 0 ORDER BY external_id")
        orders = [row[0] for row in found if act in {"reinstate", "leave_out", "void"}] or ORDERS
        self._plan(orders[at % len(orders)], act, minutes, technician)

    def schedule(self, order: str) -> None:
        """The office enters what phones may have heard of before."""
        plan(self.work, {**builders.scheduled(order, self.starts[order], LATER[order]), "id": VISITS[order]})
        self.changed = True

    def _plan(self, order: str, act: str, minutes: int, technician: str | None) -> None:
        actor, visit, now = cast.D001.actor, VISITS[order], self.clock()
        try:
            with self.work.read() as db:
                rev = visits.get(db, cast.MAIN, visit).rev
            if act == "cancel":
                told = ev.VisitCancelled(asked_by="company", told_at=now, apology=True, reason="no parts", cause="plan")
                scheduling.cancel_visit(self.work, actor, cast.MAIN, visit, rev, told)
            elif act == "move":
                promise = ev.Promise(
                    start=now + timedelta(minutes=minutes), end=now + timedelta(minutes=minutes + 60), agreed=True,
                    told_at=now, channel="phone",
                )  # fmt: skip
                change = ev.PromiseChanged(
                    asked_by="company", promise=promise, apology=True, reason="traffic", cause="technician"
                )
                slot = Slot(technician=technician, override="a machine plans")
                scheduling.move_visit(self.work, actor, cast.MAIN, visit, rev, change, slot)
            elif act == "assign":
                slot = Slot(technician=technician, override="a machine plans")
                scheduling.assign_visit(self.work, actor, cast.MAIN, visit, rev, slot)
            elif act == "reinstate":
                rulings.reinstate_visit(self.work, actor, cast.MAIN, visit, rev, "it was done")
            elif act == "leave_out":
                rulings.leave_facts_out(self.work, actor, cast.MAIN, visit, rev, "a slip")
            else:
                rulings.void_visit(self.work, actor, cast.MAIN, visit, rev, "it was not")
        except DomainError as refusal:
            self.seen[f"refused, {refusal.code}"] += 1
            return
        self.seen[f"plans, {act}"] += 1
        self.changed = True

    def take_away(self, which: int) -> None:
        """A phone is revoked; or given back."""
        known = self.stage.rows("SELECT device_id, revoked_at FROM devices ORDER BY device_id")
        if known:
            device_id, revoked_at = known[which % len(known)]
            act = sync_devices.revoke if revoked_at is None else sync_devices.restore
            act(self.work, cast.A001.actor, cast.MAIN, device_id)
            self.seen["phones taken away or given back"] += 1
            self.changed = True

    # --- Time and the server ------------------------------------------------------------------------------------------

    def wait(self, hours: int) -> None:
        """Time goes by."""
        self.clock.advance(hours=hours)

    def back_up(self) -> None:
        """The nightly copy."""
        self.kept = (self.stage.backup(), set(self.promised))

    def restore(self) -> None:
        """The server is lost and comes back as it was."""
        if self.kept is None or self.clock() - self.kept[0].taken_at > KEEP:
            return
        self.stage.restore(self.kept[0])
        self.promised = set(self.kept[1])
        self.seen["restores"] += 1
        self.changed = True

    # --- What must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def every_promise_is_kept(self) -> None:
        """After every step; what the step before left as it was is not asked again."""
        if not self.changed:
            return
        self.changed = self.sound = False
        self._promised_facts_are_there_once_and_nothing_else()
        self._every_chain_ends_where_its_phone_had_been()
        self._read_models_equal_a_recount()
        self._no_phone_forgot_before_the_servers_word()
        self.sound = True

    def _promised_facts_are_there_once_and_nothing_else(self) -> None:
        """Byte for byte, as a fact, a held one, or in quarantine."""
        found = self._found()
        places = Counter(event_id for event_id, *_ in found)
        assert not self.promised - places.keys(), "lost"
        assert set(places.values()) <= {1}, "stored twice"
        for event_id, device_id, seq, payload in found:
            device, entry = self.appended[event_id]
            assert (device, entry["seq"], entry["payload"].encode()) == (device_id, seq, payload), "not what was sent"

    def _found(self) -> list[tuple[str, str, int, bytes]]:
        facts = self.stage.rows("SELECT event_id, device_id, seq FROM events WHERE origin = 'push'")
        with self.work.read() as db:
            sent = devices.payloads(db, cast.MAIN, [row[0] for row in facts])
            found = [(row[0], row[1], row[2], sent[row[0]]) for row in facts]
            kept = quarantine.listed(db, cast.MAIN)
        for one in kept:
            entry = json.loads(quarantine.content(self.work.vault, cast.MAIN, one).raw)
            found.append((entry["id"], one.device_id, entry["seq"], entry["payload"].encode()))
        return found

    def _every_chain_ends_where_its_phone_had_been(self) -> None:
        """What comes next, and after what."""
        hashes = {(device, entry["seq"]): entry["hash"] for device, entry in self.appended.values()}
        for device_id, next_seq, head, chain in self.stage.rows("SELECT device_id, next_seq, head, chain FROM devices"):
            assert chain == "ok"
            assert head == ("0" * 64 if next_seq == 1 else hashes[device_id, next_seq - 1])

    def _read_models_equal_a_recount(self) -> None:
        """Visits and scores, as if counted anew from the facts."""
        with self.work.read() as db:
            assert recounting.drift(db, cast.MAIN) == []
            assert doctor.visits_drift(db, cast.MAIN) == []

    def _no_phone_forgot_before_the_servers_word(self) -> None:
        """What is not on the phone any more was promised, and the promise holds."""
        for client in self.clients:
            held = {kept.entry["id"] for kept in client.outbox.values()}
            mine = {one for one, (device, _) in self.appended.items() if device == client.device_id}
            assert mine - held <= self.promised

    def teardown(self) -> None:
        """In the end the line is good: everything arrives, and the live score is the recounted one."""
        if not self.sound:
            return
        while self.underway:
            self._carry(*self.underway.pop())
        for phone, client in enumerate(self.clients):
            self.look(phone)
            self._drain(client)
        assert self.promised == self.appended.keys(), self.appended.keys() ^ self.promised
        self.changed = True
        self.every_promise_is_kept()
        assert [fault for check in doctor.examine(self.work) for fault in check.faults] == []
        live, recount = (
            scoring.month_scores(self.work, cast.M001.actor, cast.MAIN, "2026-10", recount=again)
            for again in (False, True)
        )
        assert live == recount
        self.seen += Counter({"written": len(self.appended), "promised": len(self.promised)})


def play(made: Stage, plays: int, *, steps: int = 25, is_random: bool = False, shrink: bool = True) -> Counter[str]:
    """Play; fails with the shortest play that breaks a promise. Says what happened how often.

    `is_random`: other plays each time; a failure prints how to repeat it.
    """
    counted: Counter[str] = Counter()
    run_state_machine_as_test(
        type("Play", (Machine,), {"stage": made, "seen": counted}),
        settings=settings(
            max_examples=plays, stateful_step_count=steps, deadline=None, derandomize=not is_random, database=None,
            suppress_health_check=list(HealthCheck), print_blob=True,
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        ),
    )  # fmt: skip
    return counted
