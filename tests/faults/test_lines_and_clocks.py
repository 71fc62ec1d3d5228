"""Broken lines, a server that stands still, a database that is away, a jumping clock: stored once, all the same."""

import pytest

from tests.faults import clocks, lines, postgres_away
from tests.faults.outcome import Outcome


def nothing_wrong(outcome: Outcome) -> None:
    assert outcome.problems == []
    assert (outcome.lost, outcome.duplicate, outcome.ghost) == (0, 0, 0)
    assert outcome.facts == outcome.confirmed > 0


def test_requests_and_answers_that_are_cut_anywhere_store_every_fact_once(tmp_path):
    nothing_wrong(lines.cut(tmp_path, 300, seed=1))


def test_41_equal_posts_at_once_store_once(tmp_path):
    nothing_wrong(lines.parallel(tmp_path, 1))


def test_a_server_that_stood_still_takes_nothing_twice(tmp_path):
    nothing_wrong(lines.standing_still(tmp_path, 1, 1.5))


def test_a_server_whose_clock_jumps_a_day_loses_nothing(tmp_path):
    nothing_wrong(clocks.run(tmp_path, 4))


@pytest.mark.postgres
def test_postgresql_that_is_stopped_and_killed_costs_a_pause_and_no_fact(tmp_path):
    outcome = postgres_away.run(tmp_path, 1)
    if outcome.skipped:
        pytest.skip(outcome.skipped)
    nothing_wrong(outcome)
    assert outcome.times == 3
