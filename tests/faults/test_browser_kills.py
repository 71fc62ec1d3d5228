"""A browser that is killed while it writes has lost, doubled and invented nothing."""

import pytest

from tests.faults import browser_kills

pytestmark = pytest.mark.browser


def test_a_killed_browser_has_everything_that_it_called_saved(playwright, tmp_path):
    outcome = browser_kills.live(playwright, tmp_path, 1, seed=5)
    assert outcome.problems == []
    assert (outcome.lost, outcome.duplicate, outcome.ghost) == (0, 0, 0)
    assert outcome.facts == outcome.confirmed > 0
