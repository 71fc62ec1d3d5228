"""The search of visits as a file: the same visits as the list, cells that are no formulas, an entry in the audit."""

import csv
import io
import json
from typing import Any

import pytest

from fieldapp.services import visit_export
from fieldapp.services.work import Work
from fieldapp.storage.tables.audit import AuditRow
from tests.cast import MAIN
from tests.web.dispatch.test_pages import page, schedule

FILE = "/dispatch/visits.csv"


@pytest.fixture
def desk(sign_in: Any) -> Any:
    """The dispatcher's browser."""
    return sign_in("D001")


def rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def noted(work: Work) -> list[dict[str, Any]]:
    with work.read() as db:
        found = db.query(AuditRow).filter(AuditRow.branch == MAIN, AuditRow.action == "visits.exported")
        return [json.loads(row.facts) for row in found.order_by(AuditRow.number)]


def test_what_the_list_shows_stands_in_the_file_with_the_branchs_times(desk: Any) -> None:
    schedule(desk)
    schedule(desk, external_id="WO-2", technician="", window_start="2026-10-15T09:00", window_end="2026-10-15T10:00")
    answer = desk.post(FILE)
    assert answer.headers["Content-Disposition"] == "attachment; filename=visits-2026-10-14.csv"
    first, second = rows(answer)
    assert tuple(first) == visit_export.COLUMNS
    assert (first["external_id"], first["technician_name"], first["state"]) == ("WO-1", "Chen Wei", "planned")
    assert (first["window_start"], first["planned_end"]) == ("2026-10-14T14:00+08:00", "2026-10-14T15:30+08:00")
    assert (second["external_id"], second["technician"]) == ("WO-2", "")


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ({"q": "WO-2"}, ["WO-2"]), ({"technician": "-"}, ["WO-2"]), ({"state": "cancelled"}, []),
        ({"from": "2026-10-15"}, ["WO-2"]), ({"to": "2026-10-14", "state": "x"}, ["WO-1"]),
    ],
)  # fmt: skip
def test_it_is_narrowed_as_the_list_is_and_the_page_carries_the_filters(
    desk: Any, wish: dict[str, str], found: list[str]
) -> None:
    schedule(desk)
    schedule(desk, external_id="WO-2", technician="", window_start="2026-10-15T09:00", window_end="2026-10-15T10:00")
    assert [row["external_id"] for row in rows(desk.post(FILE, data=wish))] == found
    html = page(desk.get("/dispatch/", query_string=wish))
    assert [number for number in ("WO-1", "WO-2") if f">{number}</a>" in html] == found
    assert (f'action="{FILE}"' in html) is bool(found)
    for name, value in wish.items():
        assert not found or f'name="{name}" value="{value}"' in html


def test_no_whole_number_leaves_with_a_file(desk: Any) -> None:
    schedule(desk, phone="19553035110")
    [row] = rows(desk.post(FILE))
    assert row["phone"] == "••••••••110"


def test_a_cell_is_never_a_formula(desk: Any) -> None:
    schedule(desk, customer_name="=HYPERLINK(1)", note="+1")
    [row] = rows(desk.post(FILE))
    assert (row["customer"], row["note"]) == ("'=HYPERLINK(1)", "'+1")


def test_the_audit_says_who_took_how_many_and_not_what_was_searched_for(desk: Any, work: Work) -> None:
    schedule(desk)
    desk.post(FILE, data={"q": "何美玲", "technician": "T001", "from": "2026-10-14"})
    assert noted(work) == [{"rows": 1, "technician": "T001", "first": "2026-10-14"}]


@pytest.mark.parametrize("login", ["T001", "Q001", "M001", "A001"])
def test_the_file_is_the_dispatchers(sign_in: Any, work: Work, login: str) -> None:
    assert sign_in(login).post(FILE).status_code == 403
    assert noted(work) == []
