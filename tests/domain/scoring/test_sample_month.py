"""A real-sized month (400 visits, strays and duplicates included) against scores counted elsewhere."""

import random

import pytest

from fieldapp.domain.calendar import Month
from fieldapp.domain.scoring.engine import recount
from fieldapp.domain.visits.events import Event
from tests.domain.scoring.history import NOW, as_listed, expected, history
from tests.domain.scoring.story import BOOKS, ZONE


def scores(events: list[Event]) -> list[dict[str, object]]:
    return [as_listed(sheet) for sheet in recount(events, BOOKS, ZONE, Month("2026-10"), NOW)]


def test_the_sample_month_scores_as_expected():
    assert scores(list(history())) == expected()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_order_and_duplicates_make_no_difference(seed: int):
    events = list(history()) * 2
    random.Random(seed).shuffle(events)
    assert scores(events) == expected()
