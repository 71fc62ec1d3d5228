"""Item 47: through every door of the product a closed month keeps every byte and every number that it is shown with;
what comes later is seen as a difference, and nobody makes a figure of their own.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from fieldapp.cli import main
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.appeals import Subject
from fieldapp.domain.calendar import Month
from fieldapp.domain.closing import figure_of
from fieldapp.domain.ids import visit_id
from fieldapp.domain.scoring.rulebook import encode_rulebook, fingerprint
from fieldapp.services import accounts, adjustment_views, appeals, exports, rulebooks, scoring, slips, tokens
from fieldapp.services.work import Work
from fieldapp.storage import rulebooks as published
from tests import builders, cast
from tests.api.conftest import Program
from tests.cast import M001, MAIN, T001
from tests.closing import NINE, SEPTEMBER, adjust, close, faults, finding, look, september, store
from tests.services.test_adjustments import spoil
from tests.services.test_closing import sealed_bytes
from tests.sync.phone import Phone
from tests.sync.sealing import seal
from tests.sync.test_push import whole_visit
from tests.web.quality.test_findings import key
from tests.web.test_scores import text_of

LOST = NINE + timedelta(days=3)
OPEN, DONE = visit_id(MAIN, "WO-7"), visit_id(MAIN, "WO-2")


@dataclass
class Company:
    """September is closed: WO-7 of T001 was missed as far as anybody knew, WO-2 had no signature."""

    work: Work
    app: Any
    sign_in: Callable[[str], Any]
    clock: Any
    folder: Any

    def run(self, *arguments: str) -> Result:
        """A command, at the real time."""
        env = {"FIELDAPP_INSTANCE": str(self.folder), "FIELDAPP_SECRET_KEY": cast.SECRET}
        return CliRunner(env=env).invoke(main, list(arguments))

    def program(self, *scopes: str) -> Program:
        return Program(self.app, tokens.add_token(self.work, OPERATOR, branch=MAIN, name="crm", scopes=scopes))

    def phone(self) -> Phone:
        """T001's, which has been without signal since WO-7."""
        phone = Phone(self.clock, self.sign_in("T001"))
        phone.started = LOST - timedelta(hours=12)
        return phone


@pytest.fixture
def company(work: Work, app: Any, sign_in: Any, clock: Any, settings: Any) -> Company:
    september(work)
    store(work, [builders.scheduled("WO-7", LOST)])
    close(work)
    return Company(work, app, sign_in, clock, settings.instance)


def shown(one: Company) -> dict[str, Any]:
    """The closed month as every way out of the product tells it."""
    found: dict[str, Any] = {"bytes": sealed_bytes(one.work)}
    for kind in ("scores", "verdicts"):
        rows: list[Any] = []
        exports.export(one.work, OPERATOR, MAIN, SEPTEMBER, kind, rows.append)  # type: ignore[arg-type]
        found[kind] = rows
    rows = []
    exports.payroll(one.work, M001.actor, MAIN, SEPTEMBER, rows.append)
    found["payroll"] = rows
    found["data"] = scoring.as_data(scoring.month_scores(one.work, OPERATOR, MAIN, SEPTEMBER))
    for technician in ("T001", "T002", "T003"):
        month = scoring.technician_month(one.work, M001.actor, MAIN, technician, SEPTEMBER)
        found[technician] = (month.sheet, month.visits, month.sealed)
        found[f"slip {technician}"] = slips.of_technician(one.work, M001.actor, MAIN, technician, SEPTEMBER).standing
    found["command"] = one.run("score", "2026-09", "--format", "json").stdout
    return found


def differing(one: Company) -> set[str]:
    """Of whom a manager is told that later facts say otherwise."""
    view = adjustment_views.of_month(one.work, M001.actor, MAIN, SEPTEMBER)
    return {line.standing.technician for line in view.lines if line.differs}


def recounted(one: Company) -> set[str]:
    """Of whom a recount of the bare facts says otherwise than what stands."""
    live = scoring.month_scores(one.work, OPERATOR, MAIN, SEPTEMBER, recount=True).technicians
    now = {each.sheet.technician: figure_of(each.sheet) for each in live}
    scores = scoring.month_scores(one.work, OPERATOR, MAIN, SEPTEMBER).technicians
    standing = {each.sheet.technician: each.standing.figure for each in scores if each.standing}
    return {code for code in now.keys() | standing.keys() if now.get(code) != standing.get(code)}


# --- Every door ---------------------------------------------------------------------------------------------------


def by_push(one: Company) -> None:
    phone = one.phone()
    assert {fate for fate, _ in phone.fates(*whole_visit(phone, OPEN, LOST))} <= {"accepted", "held"}


def by_rescue_file(one: Company) -> None:
    phone = one.phone()
    key = phone.client.get("/m/me.json").get_json()["rescue"]
    raw = seal(phone, key, whole_visit(phone, OPEN, LOST))
    answer = one.sign_in("D001").post("/rescue/", data={"file": (io.BytesIO(raw), "fieldapp-rescue-T001.json")})
    assert answer.status_code == 200


def by_import_of_events(one: Company) -> None:
    lines = builders.perfect_visit("WO-9", NINE, "T002")
    file = one.folder / "history.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    assert one.run("import", "events", str(file)).exit_code == 0


def by_import_of_appointments(one: Company) -> None:
    file = one.folder / "appointments.csv"
    file.write_text(
        "external_id,job_type,customer_name,phone,address,lat,lon,language,window_start,window_end,agreed,told_at,"
        "channel,technician,charges,note\nWO-8,install,Wang Fang,13800000001,Harbour Road 12,,,en,2026-09-08T09:00,"
        "2026-09-08T10:00,yes,2026-09-06T10:00,phone,T002,,\n"
    )
    assert one.run("import", "appointments", str(file)).exit_code == 0


def by_finding_on_the_page(one: Company) -> None:
    client, address = one.sign_in("Q001"), "/quality/findings/new"
    form = {"source": "spot_check", "visit": "WO-1", "technician": "", "about": "uniform", "favourable": "no",
            "note": "A torn jacket.", "occurred_on": ""}  # fmt: skip
    assert client.post(address, data={"finding_id": key(client.get(address)), **form}).status_code == 303


def by_complaint_that_is_upheld(one: Company) -> None:
    complaint = finding(None, source="complaint", discipline="gifts")
    store(one.work, [complaint])
    store(one.work, [builders.line("finding.decided", None, NINE + timedelta(days=30), "M001",
                                   finding=complaint["id"], outcome="upheld")])  # fmt: skip


def by_overturned_appeal(one: Company) -> None:
    filed = appeals.file(one.work, T001.actor, MAIN, Subject(visit=DONE, item="sign_off"), "The pen was dry.")
    appeals.decide(one.work, M001.actor, filed.branch, filed.appeal.id, "overturned", "The link was signed on paper.")


def by_program_s_finding(one: Company) -> None:
    found = {"source": "spot_check", "visit": "WO-3", "item": "cleanup", "favourable": False, "note": "Cables."}
    assert one.program("findings:write").ask("POST", "/findings", json=found).status_code == 201


def by_program_that_changes_the_visit(one: Company) -> None:
    program = one.program("visits:write")
    for method, path, body in (
        ("PATCH", "/visits/WO-7", {"technician": "T003"}), ("PATCH", "/visits/WO-1", {"note": "x"}),
        ("DELETE", "/visits/WO-7?asked_by=customer&told_at=2026-09-08T01:00:00Z", None),
        ("DELETE", "/visits/WO-1", None),
    ):  # fmt: skip
        assert program.ask(method, path, json=body).status_code < 500


def by_dispatcher(one: Company) -> None:
    desk = one.sign_in("D001")
    for act in ("assign", "move", "cancel", "amend", "decide"):
        for visit in (OPEN, DONE):
            form = {"rev": "1", "technician": "T003", "asked_by": "customer", "cause": "customer", "reason": "x"}
            assert desk.post(f"/dispatch/visits/{visit}/{act}", data=form).status_code < 500


def by_change_of_staff(one: Company) -> None:
    accounts.change_account(one.work, OPERATOR, "T001", name="Somebody Else", role="technician", branch=MAIN, team="b")
    assert one.run("user", "disable", "T002").exit_code == 0


def by_closing_again(one: Company) -> None:
    for login in ("M001", "M002", "Q001"):
        assert one.run("close", "2026-09", "--as", login).exit_code == 1
    for step in ("propose", "confirm", "withdraw"):
        answer = one.sign_in("M002").post(f"/scores/closing/main/2026-09/{step}", data={"seen": "0" * 64})
        assert answer.status_code == 409


def by_first_person_alone(one: Company) -> None:
    """An adjustment that only its author, and the technician, want."""
    store(one.work, [finding("WO-1", item="decorum")])
    client, page = one.sign_in("M001"), "/scores/2026-09/adjustments/main/T001"
    form = {"seen": look(one.work).seen, "reason": "Alone.", "state": "confirmed", "outcome": "confirmed",
            "approver": "Q001", "after": "999.00", "award": "999.00", "number": "9"}  # fmt: skip
    assert client.post(f"{page}/propose", data=form).status_code == 303
    asked = look(one.work).proposal
    assert asked
    for who in (client, one.sign_in("T001"), one.sign_in("D001")):
        answer = who.post(f"{page}/{asked.proposal_id}/decide", data={**form, "answer": "Yes."})
        assert answer.status_code == 403
    assert one.run("adjust", "propose", "2026-09", "T001", "--as", "M001", "--reason", "Again.").exit_code == 2
    program = one.program("adjustments:write")
    assert program.ask("POST", f"/adjustments/{asked.proposal_id}", json=form).status_code in {404, 405}


DOORS: dict[Callable[[Company], None], set[str]] = {
    by_push: {"T001"}, by_rescue_file: {"T001"}, by_import_of_events: {"T002"}, by_import_of_appointments: set(),
    by_finding_on_the_page: {"T001"}, by_complaint_that_is_upheld: {"T001"}, by_overturned_appeal: {"T001"},
    by_program_s_finding: {"T002"}, by_program_that_changes_the_visit: set(), by_dispatcher: set(),
    by_change_of_staff: set(), by_closing_again: set(), by_first_person_alone: {"T001"},
}  # fmt: skip


@pytest.mark.parametrize(("act", "moves"), DOORS.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_47_no_door_changes_a_closed_month_and_none_moves_its_facts_unseen(
    company: Company, act: Callable[[Company], None], moves: set[str]
) -> None:
    before = shown(company)
    act(company)
    after = shown(company)
    assert {name for name in before if before[name] != after[name]} == set()
    assert differing(company) >= moves
    assert differing(company) == recounted(company)
    assert faults(company.work) == []


def test_47_what_two_people_adjust_stands_beside_the_bytes_that_were_closed(company: Company) -> None:
    by_overturned_appeal(company)
    before = sealed_bytes(company.work)
    adjust(company.work)
    assert sealed_bytes(company.work) == before
    assert differing(company) == recounted(company) == set()
    assert faults(company.work) == []


# --- Whoever holds the database -----------------------------------------------------------------------------------

#: Ways to pay T001 more, for somebody who writes SQL and takes the triggers away first.
TRICKS = {
    "the sheet": ["UPDATE closed_sheets SET body = replace(body, '\"award\":\"', '\"award\":\"9') "
                  "WHERE technician = 'T001'"],
    "the whole month": ["DELETE FROM closed_sheets", "DELETE FROM closed_months",
                        "UPDATE month_proposals SET state = 'withdrawn'"],
    "an adjustment": ["UPDATE adjustments SET body = replace(body, '\"award\":\"', '\"award\":\"9'), "
                      "fingerprint = 'x'"],
    "its evidence": ["UPDATE adjustments SET evidence = replace(evidence, '\"does\":\"adverse\"', "
                     "'\"does\":\"nothing\"')"],
    "an adjustment that never was": ["DELETE FROM adjustments", "DELETE FROM adjustment_proposals"],
    "its number": ["UPDATE adjustments SET number = 7"],
    "the reason": ["UPDATE adjustments SET author = 'Q900', approver = 'Q001'"],
    "the audit": ["DELETE FROM audit WHERE action = 'month.adjusted'"],
    "the chain, too": ["DELETE FROM audit WHERE action = 'month.adjusted'", "DELETE FROM adjustments",
                       "UPDATE audit_heads SET count = count - 1, head = (SELECT hash FROM audit "
                       "WHERE branch = 'main' ORDER BY number DESC LIMIT 1) WHERE branch = 'main'"],
}  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.sqlite
def test_47_whoever_writes_sql_is_found_out_by_the_doctor_or_by_a_slip(company: Company, trick: str) -> None:
    store(company.work, [finding("WO-1", item="decorum")])
    adjust(company.work)
    slip = slips.of_technician(company.work, T001.actor, MAIN, "T001", SEPTEMBER).head_code
    assert company.run("doctor", "--head", slip).exit_code == 0
    spoil(company.work, *TRICKS[trick])
    assert company.run("doctor", "--head", slip).exit_code == 1
    if trick != "the chain, too":
        assert faults(company.work) != []


def test_47_what_the_live_tally_is_kept_in_moves_no_closed_figure(company: Company) -> None:
    before = shown(company)
    with company.work.write() as db:
        for statement in ("UPDATE month_verdicts SET met = met + 5, breached = 0", "DELETE FROM judgements"):
            db.connection().exec_driver_sql(statement)
    after = shown(company)
    assert {name for name in before if before[name] != after[name]} == set()
    assert faults(company.work) != []


def test_47_a_proposal_over_spoilt_counts_is_not_what_the_facts_say_and_the_doctor_knows(company: Company) -> None:
    """ "After" rests on the visits that are kept with it, not on sums that somebody may have changed."""
    store(company.work, [finding("WO-1", item="decorum")])
    honest = look(company.work).difference
    with company.work.write() as db:
        db.connection().exec_driver_sql("UPDATE month_verdicts SET met = met + 5, breached = 0")
    assert look(company.work).difference == honest


def test_47_a_norm_that_was_slipped_in_is_not_said_to_be_behind_a_closed_verdict(company: Company) -> None:
    """Article and version are those that were sealed, on every page that says why, whatever the table of norms has."""
    pages = ["/scores/2026-09/T001/sign_off", f"/scores/visits/{DONE}?month=2026-09&technician=T001",
             f"/scores/visits/{DONE}"]  # fmt: skip
    reader = company.sign_in("T001")
    before = [text_of(reader.get(page)) for page in pages]
    book = rulebooks.shipped_rulebooks().last
    items = tuple(msgspec.structs.replace(item, article="IX.9") for item in book.items)
    other = replace(book, version=2, in_force_from=Month("2026-01"), items=items)
    with company.work.write() as db:
        published.add(db, published.Published(
            sheet=other.sheet, version=2, in_force_from=Month("2026-01"), body=encode_rulebook(other), author="M001",
            fingerprint=fingerprint(other), why="x", approver="M002", published_at=company.work.now(),
        ))  # fmt: skip
    after = [text_of(reader.get(page)) for page in pages]
    assert all("Article III.6, rulebook installer/1" in page for page in before)
    assert [page for page in after if "IX.9" in page or "installer/2" in page] == []
    assert faults(company.work) == ["rulebook installer/2: the audit chain knows no publication with its fingerprint"]


def test_47_a_row_that_was_added_by_hand_is_no_adjustment(company: Company) -> None:
    store(company.work, [finding("WO-1", item="decorum")])
    adjust(company.work)
    with company.work.write() as db:
        db.connection().exec_driver_sql(
            "INSERT INTO adjustments SELECT branch, month, technician, 2, 'forged', author, approver, confirmed_at, "
            "body, evidence, fingerprint, signature, audit_id FROM adjustments WHERE branch = 'main'"
        )
    assert any("the audit chain knows no adjustment" in fault for fault in faults(company.work))
    answer = company.sign_in("T001").get("/scores/2026-09/T001/")
    assert answer.status_code == 409
    assert "is not any more what two people agreed to" in answer.get_data(as_text=True)
