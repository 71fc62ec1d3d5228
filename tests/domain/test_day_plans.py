"""A day planned anew, by a solver that tries every order: what is kept, what has no place and why, what stays put."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldapp.domain.calendar import Window
from fieldapp.domain.day_plans import (
    TICK,
    Block,
    Day,
    Left,
    Person,
    Placement,
    Problem,
    Stretch,
    Task,
    free_stretches,
)
from fieldapp.domain.places import Place

MIDNIGHT = datetime(2026, 10, 14, tzinfo=UTC)
#: A step of one degree is a way of an hour.
HERE, THERE, FAR = Place(0, 0), Place(0, 1), Place(0, 3)


def travel(one, other):
    return timedelta(hours=1) if one is None or other is None else timedelta(hours=abs(one.lon - other.lon))


def at(hour):
    return MIDNIGHT + timedelta(hours=hour)


def span(start, end):
    return Window(at(start), at(end))


def task(visit, opens, closes, technician="A", *, start=None, place=HERE, hours=1.0, able="AB"):
    return Task(
        visit=visit, place=place, window=span(opens, closes), length=timedelta(hours=hours), able=frozenset(able),
        technician=technician, start=at(opens if start is None else start),
    )  # fmt: skip


def person(code, *hours, **more):
    return Person(technician=code, hours=[span(*one) for one in hours] or [span(8, 18)], **more)


def day(tasks, people=(), earliest=0.0):
    return Day(tasks, people or [person("A"), person("B")], travel, at(earliest))


def cost(problem, routes):
    """What a solver makes small: first what is left out, of that first what keeps its promise now, then what somebody
    was given; then changed hands and ways, in seconds."""
    tasks = {one.visit: one for one in problem.tasks}
    kept = {one for route in problem.standing() for one in route}
    left = set(tasks) - {one for route in routes for one in route}
    total = sum(10**12 if one in kept else 10**7 if tasks[one].technician is None else 3 * 10**7 for one in left)
    for stretch, route in zip(problem.stretches, routes, strict=True):
        stops = [stretch.origin, *(tasks[one].place for one in route), stretch.goal] if route else []
        total += sum(problem.way(*pair).total_seconds() for pair in pairwise(stops))
        total += sum(600 for one in route if tasks[one].technician not in {None, stretch.technician})
    return total


def every(problem):
    """The best of all answers, tried one by one."""
    best, best_cost = None, None
    for choice in product([None, *range(len(problem.stretches))], repeat=len(problem.tasks)):
        for order in permutations(range(len(problem.tasks))):
            routes = [[problem.tasks[one] for one in order if choice[one] == number]
                      for number in range(len(problem.stretches))]  # fmt: skip
            if any(
                stretch.technician not in one.able
                for stretch, route in zip(problem.stretches, routes, strict=True) for one in route
            ):  # fmt: skip
                continue
            if any(problem.timed(*each) is None for each in zip(problem.stretches, routes, strict=True)):
                continue
            names = [[one.visit for one in route] for route in routes]
            if best_cost is None or cost(problem, names) < best_cost:
                best, best_cost = names, cost(problem, names)
    return best


def placed(plan):
    return {one.visit: (one.technician, (one.start - MIDNIGHT) / timedelta(hours=1)) for one in plan.placed.values()}


def test_what_keeps_its_promises_stays_as_it_is():
    plan = day([task("v", 9, 11, start=9.5), task("w", 13, 15, "B", start=14)]).plan(every)
    assert placed(plan) == {"v": ("A", 9.5), "w": ("B", 14)}
    assert plan.left == {}


def test_what_keeps_its_promise_is_given_up_for_no_others():
    alone = [person("A", origin=HERE)]
    two = [task("w", 9, 9.5, None, hours=0.5), task("x", 10, 10.5, None, hours=0.5)]
    far = task("v", 9, 9.75, start=9, place=THERE)
    plan = day([far, *two], alone).plan(every)
    assert placed(plan) == {"v": ("A", 9)}
    assert {visit: one.stays for visit, one in plan.left.items()} == {"w": True, "x": True}


def test_what_somebody_was_given_goes_before_what_nobody_was():
    ill = task("v", 9, 9.5, "C", place=THERE)
    people = [person("A", origin=HERE), person("C", blocks=[Block(span(8, 18))])]
    assert placed(day([task("w", 9, 9.5, None), ill], people).plan(every)) == {"v": ("A", 9)}


def test_what_is_planned_closer_than_ways_allow_is_taken_away_for_no_visit_of_nobodys():
    tight = [task("v", 9, 9.5), task("w", 10, 10.25, place=THERE)]
    plan = day([*tight, task("x", 10, 10.5, None)], [person("A")]).plan(every)
    assert placed(plan) == {"v": ("A", 9)}
    assert {visit: one.stays for visit, one in plan.left.items()} == {"w": True, "x": True}


def test_two_at_once_that_somebody_meant_both_stay_where_nobody_else_comes():
    plan = day([task("v", 9, 9.5), task("w", 9, 9.5)], [person("A")]).plan(every)
    assert placed(plan) == {"v": ("A", 9)}
    assert plan.left == {"w": Left("no_room", stays=True)}


def test_two_at_once_are_shared_and_nobodys_visit_gets_somebody():
    tasks = [task("v", 9, 9.5), task("w", 9, 9.5), task("x", 11, 12, None)]
    plan = day(tasks).plan(every)
    assert {code for code, _ in placed(plan).values()} == {"A", "B"}
    assert len(plan.placed) == 3


def test_a_visit_changes_hands_for_more_than_a_short_way_only():
    near = Place(0, 1 / 8)
    people = [person("A", origin=near), person("B", origin=HERE)]
    assert placed(day([task("v", 9, 12)], people).plan(every))["v"][0] == "A"
    people = [person("A", origin=THERE), person("B", origin=HERE)]
    assert placed(day([task("v", 9, 12)], people).plan(every))["v"][0] == "B"


def test_who_comes_from_a_base_is_there_after_the_way_and_a_way_between_visits_counts():
    people = [person("A", origin=THERE)]
    plan = day([task("v", 8, 12), task("w", 8, 12, None, place=THERE)], people).plan(every)
    assert placed(plan) == {"w": ("A", 8), "v": ("A", 10)}


@pytest.mark.parametrize(
    ("left", "people", "why"),
    [
        (task("v", 6, 7), (), "window_over"),
        (task("v", 9, 10, None, able=""), (), "nobody_able"),
        (task("v", 19, 20, None), (), "nobody_there"),
        (task("v", 9, 9.5, None), [person("A", blocks=[Block(span(8, 12))])], "nobody_there"),
        (task("v", 9, 9.5, None, place=FAR), [person("A", origin=HERE)], "nobody_there"),
        (task("v", 9, 9.5, None, hours=20), (), "nobody_there"),
    ],
)
def test_what_has_no_place_says_why(left, people, why):
    plan = day([left, task("w", 14, 16, "A")], people, earliest=7.5).plan(every)
    assert plan.left == {"v": Left(why, stays=True)}
    assert placed(plan)["w"] == ("A", 14)


def test_what_others_promises_leave_no_room_for_says_so():
    tasks = [task("v", 9, 9.5, None), task("w", 9, 9.5, "A"), task("x", 9, 9.5, "B")]
    plan = day(tasks).plan(every)
    assert [(one.why, one.stays) for one in plan.left.values()] == [("no_room", True)]
    assert set(plan.left) == {"v"}


def test_what_nobody_can_keep_stays_beside_the_plan_unless_its_time_is_taken():
    late = task("v", 6, 7, "A", start=10)
    assert day([late, task("w", 14, 16)], earliest=8).plan(every).left == {"v": Left("window_over", stays=True)}
    taken = day([late, task("w", 10, 10.5)], [person("A")], earliest=8).plan(every)
    assert taken.left == {"v": Left("window_over", stays=False)}
    assert placed(taken)["w"] == ("A", 10)


def test_the_end_of_a_window_is_kept_free_while_there_is_time():
    plan = day([task("v", 9, 10, "A", start=10)]).plan(every)
    assert placed(plan) == {"v": ("A", 9.75)}
    plan = day([task("v", 9, 10, "A", start=10)], earliest=9.9).plan(every)
    assert placed(plan) == {"v": ("A", 10)}


def test_free_time_lies_between_what_is_taken_and_knows_the_way():
    who = person(
        "A", (8, 12), (13, 18), origin=FAR,
        blocks=[Block(span(9, 10), THERE), Block(span(9.25, 9.5), HERE), Block(span(15, 16))],
    )  # fmt: skip
    assert free_stretches(who, at(8.01)) == [
        Stretch("A", Window(at(8) + TICK, at(9)), FAR, THERE),
        Stretch("A", span(10, 12), THERE),
        Stretch("A", span(13, 15)),
        Stretch("A", span(16, 18)),
    ]


def test_who_is_on_the_way_in_the_afternoon_comes_from_where_they_are():
    who = person("A", (8, 12), (13, 18), origin=FAR)
    assert free_stretches(who, at(14)) == [Stretch("A", span(14, 18), FAR)]


def test_work_before_a_fixed_visit_leaves_time_for_the_way_there():
    who = person("A", (8, 12), blocks=[Block(span(10, 11), THERE)])
    assert placed(day([task("v", 8, 9)], [who]).plan(every)) == {"v": ("A", 8)}
    plan = day([task("v", 8, 9, hours=1.5)], [who]).plan(every)
    assert plan.left["v"].why == "nobody_there"


def test_a_solver_that_breaks_a_rule_is_not_believed():
    tasks = [task("v", 9, 9.5), task("w", 9, 9.5)]
    for answer in ([["v", "w"], []], [["v"], ["v"]], [["u"], []]):
        with pytest.raises((ValueError, KeyError)):
            day(tasks).plan(lambda _, answer=answer: answer)
    with pytest.raises(ValueError, match="no such route"):
        day([task("v", 9, 10, able="A"), task("w", 9, 10)]).plan(lambda _: [[], ["v"]])


def test_ways_are_summed_in_the_order_of_the_plan_with_what_is_fixed():
    who = person("A", origin=THERE, blocks=[Block(span(12, 13), THERE), Block(span(15, 16))])
    found = day([task("v", 9, 10), task("w", 14, 15)], [who])
    stands = [Placement(one.visit, "A", one.start, one.length) for one in found.tasks]
    assert found.ways(stands) == timedelta(hours=3)
    assert found.ways([]) == timedelta(0)


TASKS = st.lists(
    st.builds(
        lambda opens, width, start, lon, hours, able, technician: task(
            "", opens, opens + width, technician, start=start, place=Place(0, lon), hours=hours, able=able
        ),
        st.sampled_from([8, 9, 9.5, 11, 13]), st.sampled_from([0.5, 1, 3]), st.sampled_from([8, 9, 9.5, 13]),
        st.sampled_from([0, 0.3, 1, 2]), st.sampled_from([0.5, 1, 2]), st.sampled_from(["A", "B", "AB", ""]),
        st.sampled_from(["A", "B", None]),
    ),
    min_size=1, max_size=4,
)  # fmt: skip
PEOPLE = st.sampled_from([
    (person("A"), person("B", origin=THERE)),
    (person("A", (8, 12), (13, 17)), person("B", (9, 14))),
    (person("A", blocks=[Block(span(10, 11), THERE)]), person("B", (12, 18), blocks=[Block(span(13, 14))])),
])  # fmt: skip


def numbered(tasks):
    return [replace(one, visit=str(number)) for number, one in enumerate(tasks)]


def check_rules(found, plan):
    """No promise is missed, nobody is at two places or away, everybody is able, and every way has its time."""
    tasks = {one.visit: one for one in found.tasks}
    assert set(plan.placed) | set(plan.left) == set(tasks)
    assert not set(plan.placed) & set(plan.left)
    for who in found.people:
        own = sorted((one for one in plan.placed.values() if one.technician == who.technician), key=lambda p: p.start)
        stays = [tasks[visit].stands for visit, one in plan.left.items()
                 if one.stays and tasks[visit].technician == who.technician]  # fmt: skip
        before = {one.visit for one in found.tasks if one.technician == who.technician}
        for one in own:
            window = tasks[one.visit].window
            assert window.start <= one.start <= window.end
            assert who.technician in tasks[one.visit].able
            assert any(hours.start <= one.start and one.work.end <= hours.end for hours in who.hours)
            assert not any(one.work.overlaps(taken.span) for taken in who.blocks)
            for taken in stays:  # two at once only where somebody planned them so
                both = one.visit in before and tasks[one.visit].stands.overlaps(taken)
                assert both or not one.work.overlaps(taken)
            assert (one.start - MIDNIGHT) % TICK == timedelta(0)
        for first, second in pairwise(own):
            same = any(h.start <= first.start and second.work.end <= h.end for h in who.hours)
            between = [b for b in who.blocks if first.start <= b.span.start < second.start]
            way = travel(tasks[first.visit].place, tasks[second.visit].place)
            assert second.start >= first.work.end + (way if same and not between else timedelta(0))


@given(TASKS.filter(lambda tasks: len(tasks) < 4), PEOPLE)
def test_every_plan_keeps_every_rule(tasks, people):
    found = day(numbered(tasks), people)
    plan = found.plan(every)
    check_rules(found, plan)
    assert found.plan(every) == plan


@given(TASKS, PEOPLE)
def test_the_plan_as_it_stands_is_an_answer_too(tasks, people):
    found = day(numbered(tasks), people)
    plan = found.plan(Problem.standing)
    check_rules(found, plan)
    for one in plan.placed.values():
        assert found.tasks[int(one.visit)].technician == one.technician
