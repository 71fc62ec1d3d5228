"""Month score sheets and the judgements they are summed from (written by the scoring slice; seams for `recording`)."""

from collections.abc import Mapping, Sequence

from fieldapp.domain.ids import VisitId
from fieldapp.domain.visits.events import Event
from fieldapp.services.work import Db


def rejudge(db: Db, branch: str, histories: Mapping[VisitId, Sequence[Event]], held: Mapping[VisitId, int]) -> None:
    """Bring the stored judgements and finding effects of these visits in step with their histories.

    `histories` holds all counting events of each visit (decisions about its findings included), so that nothing is
    loaded twice; visits with `held` facts are disputed: pending, whatever else.
    """


def rejudge_findings(db: Db, branch: str, events: Sequence[Event]) -> None:
    """Bring the effects of findings without a visit in step, given new events without one (findings, decisions)."""
