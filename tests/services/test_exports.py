"""A month as tables: which rows there are, that they add up to the scores, and what a closed month shows."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import Forbidden, NotFound
from fieldapp.domain.ids import visit_id
from fieldapp.services import exports, scoring
from fieldapp.services.exports import COLUMNS
from fieldapp.services.work import Work
from tests import builders
from tests.cast import A001, D001, M001, MAIN, Q900, T001
from tests.closing import NINE, SEPTEMBER, close, finding, september, store, upheld


def rows(work: Work, kind: Any, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    exports.export(work, OPERATOR, MAIN, SEPTEMBER, kind, found.append, **options)
    return found


def test_visits_are_all_whose_promise_starts_in_the_month(work: Work) -> None:
    september(work)
    arrived = builders.line("visit.arrived", "WO-5", NINE, "T001", gps={"status": "denied"})
    store(work, [builders.scheduled("WO-5", NINE), arrived, *builders.perfect_visit("WO-6", work.now())])
    found = rows(work, "visits")
    assert {one["external_id"]: (one["technician"], one["outcome"]) for one in found} == {
        "WO-1": ("T001", "completed"), "WO-2": ("T001", "completed"), "WO-3": ("T002", "completed"),
        "WO-4": (None, "missed"), "WO-5": ("T001", "pending"),
    }  # fmt: skip
    first = next(one for one in found if one["external_id"] == "WO-1")
    assert first["promised_start"] == "2026-09-07T09:00:00+08:00"
    assert (first["technician_name"], first["team"], first["signed"]) == ("Chen Wei", "a", True)


def test_no_table_names_a_customer(work: Work) -> None:
    september(work)
    told = "".join(str(one) for kind in exports.KINDS for one in rows(work, kind))
    for private in ("Wang Fang", "13800000001", "Harbour"):
        assert private not in told


@pytest.mark.parametrize("is_closed", [False, True])
def test_verdicts_add_up_to_the_scores(work: Work, is_closed: bool) -> None:
    september(work)
    gift = finding(None, source="complaint", discipline="gifts")
    store(work, [finding("WO-1", item="decorum"), finding(None, item="uniform"), gift, upheld(gift)])
    if is_closed:
        close(work)
    counts = Counter((one["technician"], one["item"], one["verdict"]) for one in rows(work, "verdicts"))
    for one in scoring.month_scores(work, OPERATOR, MAIN, SEPTEMBER).technicians:
        sheet = one.sheet
        for item in sheet.items:
            for verdict, number in (("met", item.met), ("breached", item.breached), ("adverse", item.adverse)):
                assert counts[sheet.technician, item.code, verdict] == number
        assert counts[sheet.technician, "commendation", "commendation"] == sheet.commendations
        assert {code for who, code, does in counts if (who, does) == (sheet.technician, "veto")} == set(sheet.veto)


def test_scores_are_those_of_the_month_with_each_item(work: Work) -> None:
    september(work)
    listed = scoring.as_data(scoring.month_scores(work, OPERATOR, MAIN, SEPTEMBER))["technicians"]
    found = rows(work, "scores")
    for one, row in zip(listed, found, strict=True):
        for name in ("technician", "name", "status", "judged_visits", "score", "award", "currency", "veto"):
            assert row[name] == one[name]
        assert [row[f"item_{item['code']}"] for item in one["items"]] == [item["status"] for item in one["items"]]
        assert (row["figures"], row["fingerprint"]) == ("provisional", None)


def test_a_closed_month_is_exported_as_it_was_sealed_whatever_comes(work: Work) -> None:
    september(work)
    sealed = close(work)
    before = {kind: rows(work, kind) for kind in ("verdicts", "scores")}
    store(work, [finding("WO-1", item="uniform"), *builders.perfect_visit("WO-9", NINE)])
    assert {kind: rows(work, kind) for kind in ("verdicts", "scores")} == before
    assert {(one["figures"], one["fingerprint"]) for one in before["scores"]} == {("closed", sealed.fingerprint)}
    assert "WO-9" in {one["external_id"] for one in rows(work, "visits")}, "visits are facts"


def test_columns_are_those_that_are_promised(work: Work) -> None:
    september(work)
    store(work, [finding(None, item="uniform")])
    for kind in exports.KINDS:
        for row in rows(work, kind):
            assert tuple(name for name in row if not name.startswith("item_")) == COLUMNS[kind]


def test_what_nobody_came_to_counts_by_the_given_time(work: Work) -> None:
    store(work, [builders.scheduled("WO-1", NINE)])
    assert rows(work, "visits", now=NINE)[0]["outcome"] == "pending"
    assert rows(work, "scores", now=NINE) == []
    assert rows(work, "visits")[0]["outcome"] == "missed"
    assert rows(work, "scores")[0]["judged_visits"] == 1


@pytest.mark.parametrize(("person", "refusal"), [(T001, Forbidden), (D001, Forbidden), (A001, Forbidden),
                                                 (Q900, NotFound)])  # fmt: skip
def test_only_who_reads_the_teams_scores_exports_them(work: Work, person: Any, refusal: Any) -> None:
    for kind in exports.KINDS:
        with pytest.raises(refusal):
            exports.export(work, person.actor, MAIN, SEPTEMBER, kind, lambda _: None)
    exports.export(work, M001.actor, MAIN, SEPTEMBER, "scores", lambda _: None)


def test_visits_of_one_technician_come_together_by_start(work: Work) -> None:
    september(work)
    assert [one["external_id"] for one in rows(work, "visits") if one["technician"] == "T001"] == ["WO-1", "WO-2"]
    assert visit_id(MAIN, "WO-1") == next(one["visit_id"] for one in rows(work, "visits") if one["technician"])


@pytest.mark.postgres
@pytest.mark.sqlite
def test_the_same_rows_come_from_postgresql(work: Work, postgres_work: Work) -> None:
    found = []
    for one in (work, replace(postgres_work, new_id=work.new_id)):
        september(one)
        found.append([sorted(rows(one, kind), key=str) for kind in ("visits", "scores")])
    assert found[0] == found[1]
