"""How the demo's facts came to the server: mostly at once, sometimes later, seldom with a time in doubt."""

from datetime import datetime, timedelta
from random import Random

from msgspec.structs import replace

from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.events import Event
from fieldapp.services.demo.company import BranchPlan
from fieldapp.storage.events import Record

#: Of a thousand visits, so many are worked without signal, and so many of arrivals have a time that nobody can rely on.
OFFLINE, DOUBTFUL = 180, 30


class Proofs:
    """One branch's: the same seed gives the same."""

    def __init__(self, seed: str, plan: BranchPlan, moment: datetime) -> None:
        self._rng = Random(f"proofs {seed} {plan.code}")  # noqa: S311 - a demo
        self._staff = {worker.login for worker in plan.workers}
        self._moment = moment
        self._delays: dict[str, timedelta] = {}

    def record(self, event: Event) -> Record:
        """The event on its way into the log."""
        by_phone = event.type in ev.BY_PHONE and (event.actor in self._staff or event.actor == "customer")
        if not by_phone or event.visit is None:
            return Record(event=event, origin="office", received_at=event.effective_at)
        delay = self._delays.get(event.visit)
        if delay is None:
            drawn = self._rng.randrange(1000) < OFFLINE
            delay = timedelta(minutes=self._rng.randint(20, 150)) if drawn else timedelta()
            self._delays[event.visit] = delay
        received = min(event.effective_at + delay, self._moment)
        proven = event.effective_at - timedelta(minutes=self._rng.randint(2, 40)) if delay else None
        doubtful = event.type == "visit.arrived" and delay and self._rng.randrange(OFFLINE) < DOUBTFUL
        grade: ev.Grade = "C" if doubtful else "B" if received > event.effective_at + timedelta(minutes=2) else "A"
        return Record(
            event=replace(event, grade=grade), origin="push", received_at=received, proven_at=proven,
            flags=("clock_slept",) if doubtful else (),
        )  # fmt: skip
