"""`fieldapp doctor`: silent about what is well, exact about what is not."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO

import pytest
from click.testing import CliRunner, Result

from fieldapp.cli import main
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import visit_id
from fieldapp.services import doctor
from fieldapp.services.histories import import_events
from fieldapp.services.work import Work
from fieldapp.settings import Settings
from fieldapp.storage import events as stored
from fieldapp.storage import photos
from fieldapp.storage.photos import Photo
from tests import builders, cast

VISIT = visit_id(cast.MAIN, "WO-1")


@pytest.fixture
def run(settings: Settings, work: Work):
    """`fieldapp doctor` on a database with one visit and its history."""
    entries = builders.perfect_visit("WO-1", datetime(2026, 10, 5, 1, 0, tzinfo=UTC))
    raw = "\n".join(json.dumps(entry) for entry in entries).encode()
    assert import_events(work, OPERATOR, cast.MAIN, BytesIO(raw), source="h.jsonl").new == 13
    env = {"FIELDAPP_INSTANCE": str(settings.instance), "FIELDAPP_SECRET_KEY": settings.secret_key}

    def act(*arguments: str) -> Result:
        return CliRunner(env=env).invoke(main, ["doctor", *arguments])

    return act


def spoil(work: Work, statement: str) -> None:
    with work.write() as db:
        db.connection().exec_driver_sql(statement)


def faults(answer: Result) -> list[str]:
    found = json.loads(answer.output)
    assert found["healthy"] is (answer.exit_code == 0)
    return [fault for check in found["checks"] for fault in check["faults"]]


def test_all_is_well(run, work: Work):
    answer = run()
    assert answer.exit_code == 0
    lines = [
        "migrations",
        *([] if work.database.is_sqlite else ["grants"]),
        "retention",
        "keys",
        f"      data key {work.vault.newest} (newest): 8 values",
        "audit",
        "norm",
        *(
            f"{name} {code}"
            for name in (
                "facts",
                "payloads",
                "quarantine",
                "visits",
                "scores",
                "appeals",
                "cases",
                "months",
                "adjustments",
                "erasures",
                "blobs",
            )
            for code in ("main", "north")
        ),
    ]
    told = [f"{'' if line.startswith(' ') else 'ok    '}{line}" for line in lines]
    lines = [line for line in answer.output.splitlines() if "the role in FIELDAPP_DATABASE_URL" not in line]
    assert [re.sub(r"\d+ values", "8 values", line) for line in lines] == told


def test_all_is_well_after_going_down_to_the_first_schema_and_up_again(work, settings, monkeypatch, request):
    cast.as_before_sealing(work)
    run = request.getfixturevalue("run")
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(settings.instance))
    assert CliRunner().invoke(main, ["db", "downgrade", "0001", "--yes"]).exit_code == 0
    assert CliRunner().invoke(main, ["db", "upgrade"]).exit_code == 0
    assert faults(run("--format", "json")) == []


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE visits SET state = 'planned', technician = 'T002'", f"visit {VISIT}: state, technician differ"),
        pytest.param(
            "UPDATE judgements SET body = replace(body, '\"met\":true', '\"met\":false')",
            f"judgement of visit {VISIT}: differs",
            marks=pytest.mark.sqlite,
        ),
        ("DELETE FROM judgements", f"judgement of visit {VISIT}: missing"),
        ("UPDATE month_verdicts SET met = met + 1 WHERE code = 'punctual'", "T001 met punctual: differs"),
        ("DELETE FROM month_outcomes", "T001 visits completed: missing"),
        ("UPDATE audit SET actor = 'nobody'", "does not follow from the one before"),
    ],
)
def test_a_changed_row_is_named(run, work: Work, statement: str, fault: str):
    spoil(work, statement)
    found = faults(run("--format", "json"))
    assert len(found) == 1
    assert fault in found[0]


def test_a_visit_that_is_gone_is_missing(run, work: Work):
    for table in ("judgements", "circumstances", "promises", "visits"):
        spoil(work, f"DELETE FROM {table}")
    assert f"visit {VISIT}: missing" in faults(run("--format", "json"))


@pytest.mark.parametrize("kept", ["kind = 'no fact at all'", "kind <> 'visit.scheduled'"])
def test_what_is_stored_of_a_visit_that_nobody_scheduled_is_left_over(run, work: Work, kept: str):
    """Whether no fact is about it or some are that wait for it."""
    spoil(work, f"DELETE FROM events WHERE NOT ({kept})")
    found = faults(run("--format", "json"))
    assert f"visit {VISIT}: left over" in found
    assert f"judgement of visit {VISIT}: left over" in found
    assert "audit" not in " ".join(found)


def test_what_takes_long_tells_how_far_it_is(run, work: Work):
    """Facts, then visits, then visits again, each to the last one."""
    told: dict[str, list[int]] = {}

    @contextmanager
    def during(name: str, steps: int) -> Iterator[Callable[[int], None]]:
        told[name] = [steps]
        yield told[name].append

    assert [check.faults for check in doctor.checks(work, during) if check.faults] == []
    assert {name: (steps[0], sum(steps[1:])) for name, steps in told.items()} == {
        "facts main": (13, 13), "facts north": (0, 0), "visits main": (1, 1), "visits north": (0, 0),
        "scores main": (1, 1), "scores north": (0, 0),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("body = replace(body, '\"uniform\":true', '\"uniform\":false')", "is not what was stored"),
        ("actor = 'T002'", "is not what was stored"),
        ("effective_at = '2026-10-05 00:30:00.000000'", "is not what was stored"),
        ("body = x'7b7d'", "cannot be read any more"),
        ("kind = 'visit.teleported'", "cannot be read any more"),
    ],
)
@pytest.mark.sqlite
def test_a_changed_fact_is_named_and_stops_no_other_check(run, work: Work, change: str, fault: str):
    with work.read() as db:
        fact = next(one.id for one in stored.all_events(db, cast.MAIN) if one.type == "kit.checked")
    spoil(work, f"UPDATE events SET {change} WHERE kind = 'kit.checked'")
    answer = run("--format", "json")
    assert f"fact {fact}: {fault}" in faults(answer)
    assert "blobs north" in [check["name"] for check in json.loads(answer.output)["checks"]]


def test_a_changed_photo_is_named(run, work: Work, settings: Settings):
    name = work.blobs.put(cast.MAIN, b"photo")
    next((settings.instance / "blobs" / cast.MAIN).glob(f"*/{name}")).write_bytes(b"other")
    assert faults(run("--format", "json")) == [f"blob {name}: the file is not what its name says"]


def test_a_photo_whose_file_is_gone_is_named_and_an_erased_one_is_not(run, work: Work):
    lost, erased = (work.blobs.put(cast.MAIN, content) for content in (b"lost", b"erased"))
    with work.write() as db:
        for name in (lost, erased):
            photos.add(db, cast.MAIN, Photo(name, 6, "image/jpeg", work.now()))
    assert run().exit_code == 0
    with work.write() as db:
        photos.drop(db, cast.MAIN, [erased], work.now())
    for name in (lost, erased):
        work.blobs.remove(cast.MAIN, name)
    assert faults(run("--format", "json")) == [f"blob {lost}: the file is gone"]


def test_a_schema_that_is_behind_is_said_first(run, work: Work):
    spoil(work, "UPDATE alembic_version SET version_num = '0001'")
    answer = run()
    assert answer.exit_code == 1
    assert "FAULT migrations" in answer.output
    assert "the database has schema 0001" in answer.output
