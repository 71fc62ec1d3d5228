"""Calendars and absences from files: all rows or none, each fault named, the same file again changes nothing."""

import pytest

from fieldapp.domain.calendars import read_shifts
from fieldapp.domain.errors import Forbidden
from fieldapp.services import calendars, calendars_import
from tests.cast import MAIN, T001
from tests.services.test_absences import audited
from tests.services.test_scheduling import ME, at

HEAD = "technician,shifts,skills,districts,lat,lon"
AWAY = "technician,start,end,kind,note"


def bring(work, *lines, actor=ME):
    return calendars_import.import_file(work, actor, MAIN, "\n".join(lines).encode())


def person(work, code="T001"):
    return calendars.get_person(work, ME, MAIN, code)


def faults(report):
    return [(one.line, one.column, one.code) for one in report.faults]


def test_a_file_of_calendars_is_entered_whole_and_changes_nothing_the_second_time(work):
    lines = HEAD, "T001,mon-fri 08:00-17:00; sat 09:00-12:00,install; repair,North;Harbour,31.2,121.5", "T002,,,,,"
    report = bring(work, *lines)
    assert (report.stored, report.same) == (1, 1)
    found = person(work).calendar
    assert found.shifts == read_shifts("mon-fri 08:00-17:00; sat 09:00-12:00")
    assert (found.skills, found.districts, found.base) == ({"install", "repair"}, {"North", "Harbour"}, (31.2, 121.5))
    again = bring(work, *lines)
    assert (again.stored, again.same) == (0, 2)
    assert len(audited(work, "calendar.changed")) == 1


def test_a_file_of_absences_adds_those_that_are_not_known_in_the_branchs_zone(work):
    lines = AWAY, "T001,2026-10-14T12:00,2026-10-15T00:00,sick,called at 9", "T002,2026-10-14T12:00+02:00,2026-10-15,,"
    assert faults(bring(work, *lines)) == [(3, "end", "time_malformed")]
    report = bring(work, *lines[:2])
    assert (report.stored, report.same) == (1, 0)
    [absence] = person(work).absences
    assert (absence.span.start, absence.span.end, absence.kind) == (at(12), at(24), "sick")
    assert (bring(work, *lines[:2]).stored, len(person(work).absences)) == (0, 1)


def test_every_fault_is_named_and_nothing_is_stored(work):
    report = bring(
        work, HEAD, "T001,mon-fri 08:00-17:00,,,,", "T777,,,,,", "T002,every day,,,,", "T003,,dance,,,", "T002,,,,91,0",
        "T003,,,,31,", "T001,,,,,", "T002,too,few",
    )  # fmt: skip
    assert faults(report) == [
        (3, "technician", "technician_unknown"), (4, "shifts", "shifts_malformed"), (5, "skills", "skill_unknown"),
        (6, "technician", "duplicate_other"), (6, "lat", "out_of_range"), (6, "lat", "missing"),
        (7, "technician", "duplicate_other"), (7, "lon", "missing"), (8, "technician", "duplicate_other"),
        (9, "-", "cells"),
    ]  # fmt: skip
    assert person(work).calendar.shifts == ()


@pytest.mark.parametrize(
    ("raw", "code"),
    [("", "empty_file"), ("technician,shifts", "column_missing"),
     (f"{AWAY}\nT001,2026-10-15T00:00,2026-10-14T00:00,,", "absence_malformed"),
     (f"{AWAY}\nT001,2026-10-14T00:00,2026-10-15T00:00,tired,", "absence_kind_unknown")],
)  # fmt: skip
def test_what_is_no_such_file_is_said(work, raw, code):
    assert code in {one.code for one in bring(work, raw).faults}


def test_only_planners_bring_them_in(work):
    with pytest.raises(Forbidden):
        bring(work, HEAD, actor=T001.actor)
