"""The builders build what the domain accepts."""

from tests import builders, cast


def test_a_perfect_visit_is_made_of_known_events():
    events = builders.as_events(builders.perfect_visit("WO-1", cast.NOW))
    assert len({event.id for event in events}) == len(events) == 13
    assert len({event.visit for event in events}) == 1
