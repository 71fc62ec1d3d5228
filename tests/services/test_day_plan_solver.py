"""The real solver: as good as trying everything, the same each time, never worse than what stands, and loaded late."""

import random
import subprocess
import sys

import pytest

from fieldapp.domain.day_plans import Problem
from fieldapp.domain.places import Place
from fieldapp.services.day_plan_solver import ByPyVrp
from tests.domain.test_day_plans import check_rules, cost, day, every, person, task

#: Attempts instead of seconds: a busy machine changes no answer.
SOLVE = ByPyVrp(60, patience=300)


def some_day(seed, visits):
    """Visits of two kinds at places within two hours of each other, for two technicians, one with a break."""
    chance = random.Random(seed)
    people = [person("A", (8, 12), (13, 17), origin=Place(0, 1)), person("B", (9, 15))]
    tasks = []
    for number in range(visits):
        opens, start = chance.choice([8, 9, 10, 13]), chance.choice([8, 9, 10, 11, 13])
        tasks.append(
            task(
                str(number), opens, opens + chance.choice([0.5, 1, 2]), chance.choice(["A", "B", None]), start=start,
                place=Place(0, chance.choice([0, 0.25, 0.5, 1, 2])), able=chance.choice(["A", "B", "AB", "AB"]),
            )
        )  # fmt: skip
    return day(tasks, people)


@pytest.mark.parametrize("seed", range(8))
def test_of_a_few_visits_no_better_plan_exists(seed):
    problem = some_day(seed, 4).problem()
    assert cost(problem, SOLVE(problem)) == cost(problem, every(problem))


@pytest.mark.parametrize("seed", range(3))
def test_a_full_day_keeps_every_rule_is_no_worse_than_what_stands_and_the_same_again(seed):
    found = some_day(seed, 12)
    plan = found.plan(SOLVE)
    check_rules(found, plan)
    problem = found.problem()
    assert cost(problem, SOLVE(problem)) <= cost(problem, problem.standing())
    assert found.plan(SOLVE) == plan


def test_nothing_to_do_and_nobody_to_do_it_are_answers():
    assert day([]).plan(SOLVE).placed == {}
    nobody = day([task("v", 9, 10)], [person("A", blocks=[])]).plan(SOLVE)
    assert nobody.left == {}
    away = day([task("v", 9, 10, None)], [person("C")]).plan(SOLVE)
    assert [one.why for one in away.left.values()] == ["nobody_there"]


def test_a_stretch_with_nothing_on_it_is_empty():
    routes = SOLVE(Problem(day([task("v", 9, 10)]).tasks, day([]).problem().stretches, day([]).travel))
    assert sorted(routes) == [[], ["v"]]


def test_neither_the_app_nor_the_service_loads_the_solver():
    probe = "import sys, fieldapp.app; sys.exit({'pyvrp', 'numpy'} & set(sys.modules) != set())"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
