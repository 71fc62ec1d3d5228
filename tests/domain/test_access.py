"""Who may do what: one table for pages, API and commands."""

import pytest

from fieldapp.domain.access import OPERATOR, SCOPES, Actor, has_scope, may, require
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


def program(*scopes, branch="main"):
    return Actor("id", "api.crm", "crm", "token", branch, scopes=frozenset(scopes))


def test_a_program_may_what_its_scopes_say_in_its_branch_and_no_more():
    crm = program("visits:read")
    assert may(crm, "visits.read", branch="main", technician="T001")
    assert not may(crm, "visits.plan")
    with pytest.raises(NotFound):
        require(crm, "visits.read", branch="north")
    assert not any(may(program(), permission) for permission in ("visits.read", "scores.team", "scores.own"))


def test_a_program_that_may_write_may_read():
    assert has_scope(program("visits:write"), "visits:read")
    assert not has_scope(program("visits:read"), "visits:write")


@pytest.mark.parametrize("permission", ["changes.approve", "tokens.manage", "accounts.manage", "visits.work"])
def test_no_scope_makes_a_program_a_second_person_an_administrator_or_a_technician(permission):
    assert not may(program(*SCOPES), permission)
