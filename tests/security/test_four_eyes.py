"""Item 49: a step that needs two people can be neither skipped nor doubled by a direct call."""

import pytest

from fieldapp.services import finding_views, findings
from fieldapp.services.findings import Draft
from tests import closing
from tests.cast import M001, MAIN, Q001
from tests.services.test_appeals import LATE as LATE_ARRIVAL
from tests.services.test_appeals import appeal, late_visit, lost
from tests.services.test_approvals import ask, audited, become, decide, soon
from tests.services.test_scheduling import details
from tests.web.dispatch.test_pages import address, page, rev
from tests.web.quality.test_approvals import LATE, file_one

OVERTURN = {"outcome": "overturned", "reason": "because"}
YES = {"outcome": "approved", "reason": "because"}


@pytest.fixture
def request_of_d001(work):
    return ask(work, soon(work))


@pytest.fixture
def door(request_of_d001):
    return f"/quality/approvals/{MAIN}/{request_of_d001.approval_id}"


def ledger(work, request):
    return details(work, request).ledger


@pytest.mark.parametrize("extra", [
    {}, {"state": "approved"}, {"decided_by": "Q001"}, {"approved": "y"}, {"outcome": "approved", "reason": "x"},
    {"asked_by": ["company", "customer"]},
])  # fmt: skip
def test_49_no_field_of_the_move_form_skips_the_second_person(sign_in, work, extra):
    desk = sign_in("D001")
    answer = file_one(desk)
    assert answer.status_code == 303
    data = {**LATE, "rev": rev(page(desk.get(address("/move")))), **extra}
    desk.post(address("/move"), data=data)
    html = page(desk.get(address()))
    assert "first promise" in html
    assert "Request approved" not in html
    if extra.get("asked_by") is None:
        assert html.count("A request waits for a second person") == 1


@pytest.mark.parametrize("login", ["D001", "T001", "T002", "A001", "D900"])
def test_49_who_has_no_say_is_refused_at_the_door(sign_in, door, login, work, request_of_d001):
    somebody = sign_in(login)
    assert somebody.get(door).status_code == 403
    assert somebody.post(door, data=YES).status_code == 403
    assert len(ledger(work, request_of_d001)) == 1


@pytest.mark.parametrize("role", ["quality", "manager"])
@pytest.mark.parametrize("login", ["D001", "T001"])
def test_49_author_and_beneficiary_stay_who_they_are_in_another_role(
    sign_in, door, login, role, work, request_of_d001
):  # fmt: skip
    become(work, login, role)
    somebody = sign_in(login)
    html = page(somebody.get(door))
    assert "Somebody else has to decide it." in html
    assert 'name="outcome"' not in html
    for outcome in ("approved", "declined"):
        assert somebody.post(door, data={**YES, "outcome": outcome}).status_code == 403
    assert len(ledger(work, request_of_d001)) == 1


def test_49_a_decision_is_not_doubled(sign_in, door, work, request_of_d001):
    quality = sign_in("Q001")
    assert quality.post(door, data=YES).status_code == 303
    for outcome in ("approved", "declined"):
        assert quality.post(door, data={**YES, "outcome": outcome}).status_code == 409
    assert len(ledger(work, request_of_d001)) == 2
    with work.database.engine.connect() as connection:
        actions = "SELECT count(*) FROM audit WHERE branch = 'main' AND action LIKE 'change.approved'"
        assert connection.exec_driver_sql(actions).scalar_one() == 1


def test_49_a_decision_is_no_get_and_needs_its_token(sign_in, door, work, request_of_d001):
    quality = sign_in("Q001")
    quality.get(f"{door}?outcome=approved&reason=x")
    assert quality.post(door, data=YES, csrf=False).status_code == 400
    assert quality.put(door, data=YES).status_code == 405
    assert quality.delete(door).status_code == 405
    assert len(ledger(work, request_of_d001)) == 1


def test_49_no_name_in_the_form_decides_for_somebody_else(sign_in, door, work, request_of_d001):
    sign_in("Q001").post(door, data={**YES, "decided_by": "M001", "author": "X", "branch": "north", "state": "open"})
    [(asked, _)] = details(work, request_of_d001).asked
    assert (asked.decided_by, asked.author, asked.branch) == ("Q001", "D001", "main")


def test_49_who_was_disabled_or_demoted_decides_nothing_any_more(sign_in, door, work):
    quality = sign_in("Q001")
    become(work, "Q001", "dispatcher")
    assert quality.post(door, data=YES).status_code == 403


def test_49_a_decided_request_is_not_filed_again_by_sending_the_old_form(sign_in, work, request_of_d001):
    decide(work, request_of_d001)
    answer = sign_in("D001").post(address("/move"), data={**LATE, "rev": "1"})
    assert answer.status_code == 422
    assert "Somebody was faster" in page(answer)


@pytest.fixture
def proposed(work):
    """A breach of discipline whose technician has not been heard; its door."""
    draft = Draft(source="complaint", technician="T001", discipline="gifts", note="a carton of milk")
    finding = findings.record(work, Q001.actor, draft, finding_id=work.new_id())
    return f"/quality/findings/{MAIN}/{finding}"


def state_of(work, door):
    return finding_views.detail(work, M001.actor, MAIN, door.rsplit("/", 1)[1]).finding.state


@pytest.mark.parametrize("outcome", ["upheld", "dismissed"])
@pytest.mark.parametrize(
    "extra", [{}, {"heard": "y"}, {"until": "2026-01-01"}, {"statement": "x"}, {"seen": ["0", "0"]}]
)
def test_49_no_field_of_the_form_skips_the_hearing(sign_in, proposed, work, outcome, extra):
    answer = sign_in("M001").post(proposed, data={"outcome": outcome, "seen": "0", "reason": "x", **extra})
    assert answer.status_code == 409
    assert state_of(work, proposed) == "waiting"


@pytest.mark.parametrize("login", ["Q001", "T001", "T002", "D001", "A001"])
def test_49_a_finding_is_decided_by_no_author_technician_or_stranger(sign_in, proposed, work, clock, login):
    clock.advance(days=9)
    for outcome in ("upheld", "dismissed"):
        answer = sign_in(login).post(proposed, data={"outcome": outcome, "seen": "0", "reason": "x"})
        assert answer.status_code == 403
    assert state_of(work, proposed) == "waiting"


def test_49_a_decision_about_a_finding_is_not_doubled(sign_in, proposed, work, clock):
    clock.advance(days=9)
    manager, yes = sign_in("M001"), {"outcome": "upheld", "seen": "0", "reason": "x"}
    assert [manager.post(proposed, data=yes).status_code for _ in range(2)] == [303, 409]
    assert state_of(work, proposed) == "upheld"


@pytest.fixture
def appealed(work):
    late_visit(work)
    appeal(work)
    return f"/quality/appeals/{MAIN}/{LATE_ARRIVAL.appeal_id}"


@pytest.mark.parametrize("login", ["T001", "T002", "D001", "A001", "D900"])
def test_49_who_has_no_say_in_an_appeal_is_refused_at_the_door(sign_in, appealed, login, work):
    somebody = sign_in(login)
    assert somebody.get(appealed).status_code == 403
    assert somebody.post(appealed, data=OVERTURN).status_code == 403
    assert lost(work) == ["punctual"]


@pytest.mark.parametrize("role", ["quality", "manager"])
def test_49_nobody_decides_their_own_appeal_whatever_they_became(sign_in, appealed, role, work):
    become(work, "T001", role)
    somebody = sign_in("T001")
    html = page(somebody.get(appealed))
    assert "Somebody else has to decide it." in html
    assert 'name="outcome"' not in html
    for outcome in ("overturned", "confirmed"):
        assert somebody.post(appealed, data={**OVERTURN, "outcome": outcome}).status_code == 403
    assert lost(work) == ["punctual"]


def test_49_an_appeal_is_decided_once_by_who_is_signed_in_and_with_a_token(sign_in, appealed, work):
    manager = sign_in("M001")
    manager.get(f"{appealed}?outcome=overturned&reason=x")
    assert manager.post(appealed, data=OVERTURN, csrf=False).status_code == 400
    assert lost(work) == ["punctual"]
    assert manager.post(appealed, data={**OVERTURN, "decided_by": "Q001", "technician": "T002"}).status_code == 303
    for outcome in ("overturned", "confirmed"):
        assert manager.post(appealed, data={**OVERTURN, "outcome": outcome}).status_code == 409
    rows = [row for row in audited(work) if row.action == "appeal.decided"]
    assert [row.actor for row in rows] == ["M001"]
    assert lost(work) == []


@pytest.fixture
def adjustable(work):
    """What was found after September was closed, proposed by M001; the page of it."""
    closing.september(work)
    closing.close(work)
    closing.store(work, [closing.finding("WO-1", item="decorum")])
    asked = closing.propose_adjustment(work)
    return f"/scores/2026-09/adjustments/{MAIN}/T001/{asked.proposal_id}/decide", asked.fingerprint


@pytest.mark.parametrize("login", ["M001", "T001", "T002", "D001", "A001", "D900"])
def test_49_an_adjustment_is_confirmed_by_no_author_technician_or_stranger(sign_in, adjustable, work, login):
    door, seen = adjustable
    for outcome in ("confirmed", "refused"):
        answer = sign_in(login).post(door, data={"outcome": outcome, "seen": seen, "answer": "x"})
        assert answer.status_code == 403
    assert closing.look(work).proposal is not None


def test_49_an_adjustment_is_decided_once_by_who_is_signed_in_and_with_a_token(sign_in, adjustable, work):
    door, seen = adjustable
    quality, yes = sign_in("Q001"), {"outcome": "confirmed", "seen": seen, "answer": "x"}
    assert quality.get(door).status_code == 405
    assert quality.post(door, data=yes, csrf=False).status_code == 400
    assert quality.post(door, data={**yes, "outcome": "paid"}).status_code == 422
    assert quality.post(door, data={**yes, "approver": "M002", "author": "X", "technician": "T002"}).status_code == 303
    for outcome in ("confirmed", "refused"):
        assert quality.post(door, data={**yes, "outcome": outcome}).status_code == 409
    [made] = closing.look(work).standing.adjustments
    assert (made.row.author, made.row.approver, made.row.technician) == ("M001", "Q001", "T001")
