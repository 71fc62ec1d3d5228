"""A file's lines on disk: in order whatever the file's, in parts that cut no visit, gone when closed."""

import os
import random
from pathlib import Path

from fieldapp.storage.spool import Line, Spool

A, B = "a0000000-0000-5000-8000-000000000000", "b0000000-0000-5000-8000-000000000000"


def line(number: int, visit: str | None = A, *, key: str = "", is_step: bool = False, about: str | None = None) -> Line:
    return Line(number, key or f"event {number}", visit, about, is_step, b"x" * 10)


def parts(*lines: Line, size: int = 25) -> list[list[int]]:
    mixed = list(lines)
    random.Random(3).shuffle(mixed)
    with Spool() as spool:
        spool.add(mixed)
        return [[one.number for one in part] for part in spool.parts(size)]


def test_a_visits_lines_come_together_in_the_order_of_the_file():
    assert parts(line(1, B), line(2), line(3, B), line(4)) == [[2, 4, 1, 3]]


def test_no_part_ends_within_a_visit():
    assert parts(*(line(number) for number in range(9)), line(9, B), line(10, B)) == [[*range(9)], [9, 10]]


def test_lines_about_no_visit_are_cut_anywhere():
    assert parts(*(line(number, None) for number in range(7))) == [[0, 1, 2], [3, 4, 5], [6]]


def test_whatever_repeats_an_id_comes_after_everything_else():
    first, again = line(1, B, key="same"), line(2, A, key="same")
    assert parts(first, again, line(3, A), line(4, B, key="same")) == [[3, 1, 2], [4]]


def test_steps_come_by_themselves():
    with Spool() as spool:
        spool.add([line(3, is_step=True), line(1), line(2, is_step=True)])
        assert [[one.number for one in part] for part in spool.steps(1)] == [[2], [3]]


def test_what_lines_are_about_is_counted():
    with Spool() as spool:
        spool.add([line(1), line(2), line(3, None, about="f"), line(4, about="f")])
        assert [one for part in spool.subjects(2) for one in part] == [(None, "f", 1), (A, None, 2), (A, "f", 1)]


def test_lines_lie_in_a_file_without_a_name_that_goes_with_the_spool():
    def open_and_nameless() -> int:
        found = [os.readlink(one) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
        return sum(name.endswith("(deleted)") and "etilqs" in name for name in found)

    before = open_and_nameless()
    with Spool() as spool:
        spool.add(line(number)._replace(raw=b"x" * 100_000) for number in range(300))
        assert open_and_nameless() == before + 1
    assert open_and_nameless() == before
