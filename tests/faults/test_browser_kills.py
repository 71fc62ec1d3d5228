"""A browser that is killed while it writes has lost, doubled and invented nothing."""

import pytest

from tests.faults import absence, browser_kills

pytestmark = pytest.mark.browser


def test_a_killed_browser_has_everything_that_it_called_saved(playwright, tmp_path):
    outcome = browser_kills.live(playwright, tmp_path, 1, seed=5)
    assert outcome.problems == []
    assert (outcome.lost, outcome.duplicate, outcome.ghost) == (0, 0, 0)
    assert outcome.facts == outcome.confirmed > 0


def test_what_was_done_in_three_days_without_a_network_is_on_the_server_on_the_fourth(playwright, tmp_path):
    outcome = absence.live(playwright, tmp_path, 28)
    assert outcome.problems == []
    assert outcome.facts == outcome.confirmed == 28
    assert (outcome.figures["photos"], outcome.figures["held"]) == ("7", "0")
