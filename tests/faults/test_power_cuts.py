"""A server whose machine loses its power has everything that it confirmed when it starts again."""

import pytest

from tests.faults import power_cuts


def test_four_power_cuts_lose_nothing_that_was_confirmed(tmp_path):
    outcome = power_cuts.run(tmp_path, 4, seed=3)
    if outcome.skipped:
        pytest.skip(outcome.skipped)
    assert outcome.problems == []
    assert (outcome.times, outcome.lost, outcome.duplicate, outcome.ghost) == (4, 0, 0, 0)
    assert outcome.facts == outcome.confirmed > 50
