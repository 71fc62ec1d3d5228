"""Sums of a branch's month on both engines: the same facts give the same numbers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fieldapp.domain.calendar import Month
from fieldapp.domain.ids import visit_id
from fieldapp.services import causes, fairness, overview
from fieldapp.services import stored as stored_about
from fieldapp.services.work import Work
from tests import cast
from tests.web.test_fairness import PEOPLE, visit
from tests.web.test_score_overview import store

OCTOBER = Month("2026-10")


def told(work: Work) -> dict[str, object]:
    """Six visits of each of three people, three of them late; one cause is said and confirmed."""
    work = replace(work, clock=lambda: cast.NOW + timedelta(days=8))
    for number, technician in enumerate(PEOPLE):
        for day in range(3):
            store(work, *visit(f"WO-L{number}{day}", 100, technician, "Harbour", day))
            store(work, *visit(f"WO-W{number}{day}", 5, technician, "Hill", day, hour=5))
    late = visit_id(cast.MAIN, "WO-L00")
    causes.record(work, cast.T001.actor, late, seen=0, cause="plan", note="two at once")
    causes.confirm(work, cast.Q001.actor, late, seen=1, cause="plan", note="")
    month = fairness.month_of_branch(work, cast.M001.actor, OCTOBER)
    glance = overview.overview(work, cast.M001.actor, cast.MAIN, OCTOBER)
    board = causes.board(work, cast.D001.actor, OCTOBER, "missing")
    about = stored_about.about_me(work, cast.T001.actor)
    return {
        "district": [(one.name, one.visits, one.people, round(one.points, 6)) for one in month.lost["district"].groups],
        "everybody": month.everybody,
        "causes": month.causes,
        "arrivals": dict(glance.arrivals),
        "losses": glance.losses,
        "punctual": glance.shares["punctual"][-1],
        "board": (board.total, board.count("confirmed"), [one.external_id for one in board.late]),
        "about": (about.months, about.causes, about.noted_in_all),
    }


def test_points_go_to_their_district_and_causes_are_counted(work):
    found = told(work)
    assert found["district"] == [("Harbour", 9, 3, 45.0), ("Hill", 9, 3, 0.0)]
    assert found["arrivals"] == {40: 9, 0: 9}
    assert found["board"][:2] == (8, 1)


@pytest.mark.postgres
@pytest.mark.sqlite
def test_both_engines_tell_the_same(work, postgres_work):
    assert told(postgres_work) == told(work)
