"""The verdict over a whole history: what phones appended and were told, against what the store holds at the end."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fieldapp.domain.access import Actor
from fieldapp.services import doctor, scoring
from fieldapp.services.work import Work
from fieldapp.storage import devices
from tests.faults.clients import Client
from tests.faults.company import BRANCH, Company, now

MANAGER = Actor("-", "M1", "M1", "manager", BRANCH, None)


@dataclass
class Verdict:
    """Counts over the whole history; `problems` is empty exactly when every promise was kept."""

    facts: int = 0
    confirmed: int = 0
    lost: int = 0
    duplicate: int = 0
    ghost: int = 0
    problems: list[str] = field(default_factory=list)

    def blame(self, kind: str, found: Sequence[Any]) -> None:
        """Count things found wrong, and name the first few."""
        if found:
            setattr(self, kind, getattr(self, kind) + len(found))
            self.problems.append(f"{kind}: {len(found)}, such as {list(found[:3])}")


def judge(company: Company, clients: Sequence[Client], *, drained: bool = True) -> Verdict:
    """Judge. `drained`: every phone got rid of everything, so that all that was appended has to be there."""
    work = company.open()
    try:
        verdict = Verdict(sum(len(one.appended) for one in clients), sum(len(one.words) for one in clients))
        for client in clients:
            verdict.problems += [f"{client.person.login}: {problem}" for problem in client.problems[:5]]
            # Stored is stored: whoever takes a fact for new a second time had lost it in between.
            again = [one for one, words in client.words.items() if words.count("accepted") + words.count("held") > 1]
            verdict.blame("lost", again)
        _compare(verdict, work, clients, drained=drained)
        _examine(verdict, work)
        return verdict
    finally:
        work.database.dispose()


def _compare(verdict: Verdict, work: Work, clients: Sequence[Client], *, drained: bool) -> None:
    sent = {entry["id"]: (client.phone.device_id, entry) for client in clients for entry in client.appended.values()}
    due = sent.keys() if drained else {one for client in clients for one in client.words}
    events = _rows(work, "SELECT event_id, device_id, seq, body_hash FROM events WHERE origin = 'push'")
    with work.read() as db:
        payloads = devices.payloads(db, BRANCH, [row[0] for row in events])
    ledger = _rows(work, "SELECT device_id, seq, event_id, hash FROM device_entries")
    stored = Counter(row[0] for row in events)
    verdict.blame("lost", [one for one in due if one not in stored])
    verdict.blame("lost", [one for one in due if payloads.get(one) != sent[one][1]["payload"].encode()])
    verdict.blame("lost", [one for one in due if stored[one] and one not in {row[2] for row in ledger}])
    for name, keys in (
        ("id", [row[0] for row in events]),
        ("place", [row[1:3] for row in events]),
        ("content", [row[3] for row in events]),
        ("entry", [row[:2] for row in ledger]),
    ):
        verdict.blame("duplicate", [(name, key) for key, count in Counter(keys).items() if count > 1])
    mine = {(device, entry["seq"], one, entry["hash"]) for one, (device, entry) in sent.items()}
    verdict.blame("ghost", [row for row in events if (row[1], row[2], row[0], row[3]) not in mine])
    verdict.blame("ghost", [row for row in ledger if tuple(row) not in mine])
    verdict.blame("ghost", [one for one in payloads if one not in sent])
    verdict.blame("ghost", _rows(work, "SELECT code, device_id, seq FROM quarantine"))
    ends = {row[0]: tuple(row[1:]) for row in _rows(work, "SELECT device_id, next_seq, head, chain FROM devices")}
    for client in clients:
        phone = client.phone
        if drained and phone.seq and ends.get(phone.device_id) != (phone.seq + 1, phone.head, "ok"):
            verdict.problems.append(f"{client.person.login}'s chain ends at {ends.get(phone.device_id)}")


def _examine(verdict: Verdict, work: Work) -> None:
    """The store against itself: the file, doctor's checks, the live score against the recount."""
    if work.database.is_sqlite:
        verdict.problems += [row[0] for row in _rows(work, "PRAGMA integrity_check") if row[0] != "ok"]
    checks = doctor.examine(work)
    verdict.problems += [f"doctor, {check.name}: {fault}" for check in checks for fault in check.faults[:3]]
    month, moment = now().strftime("%Y-%m"), now()
    live, recount = (
        scoring.month_scores(work, MANAGER, BRANCH, month, now=moment, recount=again) for again in (False, True)
    )
    if live != recount:
        verdict.problems.append("the live score is not the recounted one")


def _rows(work: Work, statement: str) -> list[Any]:
    with work.database.engine.connect() as connection:
        return list(connection.exec_driver_sql(statement))
