"""What is shown of few: merged until nobody can be picked out, also not by subtraction."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fieldapp.domain.fairness import FEW, FEW_PEOPLE, Band, Group, counted, protect, spread

groups = st.lists(
    st.tuples(st.integers(1, 40), st.integers(1, 8), st.integers(0, 90)), max_size=6
).map(lambda told: [Group(f"G{n}", visits, min(visits, people), points) for n, (visits, people, points) in
                    enumerate(told)])  # fmt: skip


@given(groups)
def test_nothing_of_few_is_shown_by_itself_or_as_what_is_left(every):
    shown = protect(every)
    told = [*shown.groups, *([shown.others] if shown.others else [])]
    assert all(one.visits >= FEW and one.people >= FEW_PEOPLE for one in told)
    left = [one for one in every if one.name not in {each.name for each in shown.groups}]
    assert len(left) != 1 or not shown.groups
    if shown.others:
        assert shown.others.visits == sum(one.visits for one in left)


def test_large_groups_come_by_what_a_visit_costs():
    cheap, dear = Group("Hill", 100, 5, 10), Group("Harbour", 20, 4, 6)
    assert protect([cheap, dear]).groups == (dear, cheap)


def test_one_small_group_takes_the_next_larger_along():
    shown = protect([Group("A", 50, 5, 5), Group("B", 9, 4, 2), Group("C", 2, 2, 9)])
    assert [one.name for one in shown.groups] == ["A"]
    assert shown.others == Group("", 11, 4, 11)


def test_a_group_of_two_people_is_few_whatever_it_counts():
    assert protect([Group("A", 500, 2, 9), Group("B", 30, 2, 1)]).groups == ()


@given(st.lists(st.floats(0, 105), max_size=60))
def test_bands_hold_everybody_and_none_holds_few(scores):
    bands = spread(scores, (60, 75, 85, 95))
    assert all(one.people == 0 or one.people >= FEW for one in bands)
    assert sum(one.people for one in bands) == (len(scores) if len(scores) >= FEW else 0)
    assert all(one.high == other.low for one, other in pairwise(bands))


def test_bands_without_few_stay_as_they_are():
    scores = [50.0] * 5 + [80.0] * 6
    assert spread(scores, (60, 75)) == (Band(None, 60, 5), Band(60, 75, 0), Band(75, None, 6))


@given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 20)))
def test_counts_of_few_are_told_together_and_never_one_alone(counts):
    large, rest = counted(counts)
    assert all(number >= FEW for number in large.values())
    assert rest == 0 or rest >= FEW
    hidden = [number for name, number in counts.items() if number and name not in large]
    assert len(hidden) != 1 or not large
    assert rest in (0, sum(hidden))
