"""The server while it cannot write: reading goes on, phones are told when to come again, and nothing is lost."""

import pytest

from tests.faults import disk_full, locked


def test_reading_goes_on_while_somebody_holds_the_write_lock(tmp_path):
    outcome = locked.run(tmp_path, 2)
    assert outcome.problems == []
    assert (outcome.times, outcome.lost, outcome.duplicate, outcome.ghost) == (2, 0, 0, 0)


def test_a_full_disk_refuses_for_now_and_loses_nothing(tmp_path):
    outcome = disk_full.run(tmp_path, 1)
    if outcome.skipped:
        pytest.skip(outcome.skipped)
    assert outcome.problems == []
    assert (outcome.times, outcome.lost, outcome.duplicate, outcome.ghost) == (1, 0, 0, 0)
