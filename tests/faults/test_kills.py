"""A server that is killed in the middle of work has lost, doubled and invented nothing."""

from tests.faults import kills


def test_three_kills_under_eight_phones_lose_double_and_invent_nothing(tmp_path):
    outcome = kills.run(tmp_path, 3, seed=1)
    assert outcome.problems == []
    assert (outcome.lost, outcome.duplicate, outcome.ghost) == (0, 0, 0)
    assert outcome.facts == outcome.confirmed > 100
