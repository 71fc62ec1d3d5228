"""Who may do what: one table for pages, API and commands."""

import pytest

from fieldapp.domain.access import OPERATOR, may, require
from fieldapp.domain.errors import Forbidden, NotFound
from tests import cast


def test_a_technician_reaches_only_their_own_rows():
    assert may(cast.T001.actor, "scores.own", branch="main", technician="T001")
    with pytest.raises(NotFound):
        require(cast.T001.actor, "scores.own", branch="main", technician="T002")


def test_a_role_without_the_permission_is_told_so():
    with pytest.raises(Forbidden):
        require(cast.T001.actor, "visits.plan", branch="main")


def test_another_branch_answers_like_nothing_at_all():
    with pytest.raises(NotFound):
        require(cast.D900.actor, "visits.plan", branch="main")


@pytest.mark.parametrize(
    "permission", ["visits.read", "scores.team", "findings.write", "cases.read", "quarantine.read"]
)
def test_the_admin_sees_no_visits_scores_or_contents(permission):
    assert not may(cast.A001.actor, permission)


def test_the_operator_of_the_machine_may_do_everything():
    assert may(OPERATOR, "visits.plan", branch="main")
