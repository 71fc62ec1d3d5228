"""`fieldapp demo`: what `make run` does on first start."""

import re

import pytest

from tests import processes

LINE = re.compile(r"^login (technician|dispatcher|quality|manager|admin) (\S+) (\S+)$")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """An instance with a small demo, and what the command said."""
    instance = tmp_path_factory.mktemp("demo")
    done = processes.run(instance, "demo", "--visits", "30", "--today", "2026-10-14", "--month", "2026-09")
    assert done.returncode == 0, done.stderr
    return instance, done


def test_one_login_per_role_is_told_and_kept_in_a_file(demo):
    instance, done = demo
    lines = done.stdout.splitlines()
    assert [LINE.match(line).group(1) for line in lines] == ["technician", "dispatcher", "quality", "manager", "admin"]
    file = instance / "demo-logins.txt"
    assert file.read_text().splitlines() == lines
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_of_another_century_is_refused_in_one_line(day, tmp_path):
    done = processes.run(tmp_path, "demo", "--today", day)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "does not lie in this century" in done.stderr


def test_a_second_start_keeps_the_data_and_tells_the_same_logins(demo):
    instance, first = demo
    second = processes.run(instance, "demo", "--if-empty")
    assert (second.returncode, second.stdout) == (0, first.stdout)


def test_a_demo_is_not_loaded_over_people(demo):
    instance, _ = demo
    done = processes.run(instance, "demo")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_month_that_is_none_is_refused(tmp_path):
    done = processes.run(tmp_path, "demo", "--month", "2026-13")
    assert done.returncode == 2
    assert "2026-13" in done.stderr
