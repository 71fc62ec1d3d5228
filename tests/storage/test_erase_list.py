"""The list of who was erased: what was written stays readable, whatever a crash or another writer does."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from fieldapp.storage.erase_list import BadList, EraseList, Line
from tests import cast


@pytest.fixture
def erase_list(tmp_path) -> EraseList:
    return EraseList(tmp_path / "erasures.jsonl")


def line(name: str) -> Line:
    return Line(cast.MAIN, name, cast.NOW)


def names(erase_list: EraseList) -> list[str]:
    return [one.id for one in erase_list.read()]


@pytest.mark.parametrize(("lost", "left"), [(1, ["a", "b"]), (2, ["a"]), (20, ["a"])])
def test_a_last_line_that_a_crash_tore_off_hinders_no_later_one(erase_list, lost, left):
    erase_list.add([line("a"), line("b")])
    content = erase_list.path.read_bytes()
    erase_list.path.write_bytes(content[:-lost])
    assert names(erase_list) == left
    erase_list.add([line("c")])
    assert names(erase_list) == [*left, "c"]
    erase_list.add([line("b"), line("d")])
    assert sorted(names(erase_list)) == ["a", "b", "c", "d"]
    assert erase_list.path.read_bytes().count(b"\n") == 4


def test_a_line_in_the_middle_that_is_none_is_told_and_nothing_is_added(erase_list):
    erase_list.add([line("a"), line("b")])
    content = erase_list.path.read_bytes().replace(b'"a"', b'"a', 1)
    erase_list.path.write_bytes(content)
    with pytest.raises(BadList, match="line 1"):
        erase_list.read()
    with pytest.raises(BadList, match="line 1"):
        erase_list.add([line("c")])
    assert erase_list.path.read_bytes() == content


def test_eight_that_add_at_once_lose_nobody_and_name_everybody_once(erase_list):
    everybody = [f"v{number}" for number in range(40)]

    def add(first: int) -> None:
        for step in range(40):
            EraseList(erase_list.path).add([line(everybody[(first * 5 + step) % 40])])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    assert sorted(names(erase_list)) == sorted(everybody)
    assert erase_list.path.read_bytes().count(b"\n") == 40


def test_no_lines_touch_nothing(erase_list):
    erase_list.add([])
    assert not erase_list.path.exists()
    erase_list.path.write_bytes(b"another file\n")
    erase_list.add([])
    assert erase_list.path.read_bytes() == b"another file\n"
