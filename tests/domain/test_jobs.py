"""How often outgoing work is tried, and when it is given up."""

from datetime import timedelta

from fieldapp.domain import jobs
from tests import cast

NOW = cast.NOW


def wait(attempts: int, name: str = "a") -> timedelta:
    due = jobs.next_attempt(name, attempts, NOW, NOW)
    assert due is not None
    return due - NOW


def test_each_wait_is_about_twice_the_one_before_up_to_an_hour():
    for attempts, usual in ((1, 15), (2, 30), (3, 60), (4, 120), (9, 3600), (30, 3600)):
        assert 0.75 * usual <= wait(attempts).total_seconds() <= 1.25 * usual


def test_what_failed_together_does_not_come_back_together():
    assert len({wait(3, str(number)) for number in range(50)}) > 25


def test_the_same_question_has_the_same_answer():
    assert wait(5) == wait(5)


def test_it_is_given_up_when_the_next_attempt_would_come_a_day_after_the_first():
    assert jobs.next_attempt("a", 30, NOW - timedelta(hours=22), NOW) is not None
    assert jobs.next_attempt("a", 30, NOW - timedelta(hours=23, minutes=30), NOW) is None


def test_nothing_is_begun_more_than_sixty_times():
    assert jobs.next_attempt("a", 59, NOW, NOW) is not None
    assert jobs.next_attempt("a", 60, NOW, NOW) is None


def test_one_cause_makes_one_job_of_a_kind():
    assert jobs.job_id("main", "news", "x") == jobs.job_id("main", "news", "x")
    ids = {jobs.job_id(*parts) for parts in (("main", "news", "x"), ("main", "mail", "x"), ("north", "news", "x"))}
    assert len(ids) == 3
