"""A draft of the norm sheet as typed: read whole, refused with every fault at its field, compared with another."""

import pytest

from fieldapp.domain.calendar import Month
from fieldapp.domain.scoring.drafting import Change, differences, read_draft, typed_as
from fieldapp.domain.scoring.rulebook import Unsound
from fieldapp.services.rulebooks import shipped_rulebooks

LAST = shipped_rulebooks().versions[0]
CATALOGUE = LAST.items
NOVEMBER = Month("2026-11")


def typed(**changes: str) -> dict[str, str]:
    """The form of version 1 for November with some fields typed over (`punctual__points` is `punctual.points`)."""
    changed = {name.replace("__", "."): value for name, value in changes.items()}
    return {**typed_as(LAST, CATALOGUE), "in_force_from": "2026-11", **changed}


def read(**changes: str):
    return read_draft(typed(**changes), CATALOGUE, LAST, NOVEMBER)


def faults(**changes: str) -> dict[str, str]:
    with pytest.raises(Unsound) as refused:
        read(**changes)
    return {fault.where: fault.code for fault in refused.value.faults}


def test_the_form_of_a_version_reads_back_as_the_same_numbers():
    book = read()
    assert (book.name, book.in_force_from) == ("installer/2", "2026-11")
    assert differences(LAST, book) == ()


def test_every_number_can_be_changed():
    book = read(punctual__points="16", badge__points="2", award_floor="80", award_base="350", cleanup__target="0.9")
    assert set(differences(LAST, book)) == {
        Change("punctual.points", "15", "16"), Change("badge.points", "3", "2"), Change("award_floor", "75", "80"),
        Change("award_base", "300.00", "350.00"), Change("cleanup.target", "0.98", "0.9"),
    }  # fmt: skip


def test_an_item_can_be_left_out_and_become_another_kind():
    book = read(badge__use="", punctual__points="18", kit__kind="exception", kit__allow="1")
    assert book.find_item("badge") is None
    assert (book.find_item("kit").kind, book.find_item("kit").target, book.find_item("kit").allow) == (
        "exception",
        None,
        1,
    )
    changes = {change.where: (change.before, change.after) for change in differences(LAST, book)}
    assert changes == {
        "badge": ("3", None), "punctual.points": ("15", "18"), "kit.kind": ("rate", "exception"),
        "kit.allow": ("0", "1"),
    }  # fmt: skip
    assert differences(book, LAST)[0] == Change("badge", None, "3")


def test_full_width_digits_are_digits():
    assert read(punctual__points="１５", explained__target="０．９").find_item("explained").target == "0.9"


@pytest.mark.parametrize(("points", "missing"), [("14", 1), ("17", -2)])
def test_a_sum_that_is_not_a_hundred_says_how_many_are_missing(points: str, missing: int):
    with pytest.raises(Unsound) as refused:
        read(punctual__points=points)
    [fault] = refused.value.faults
    assert (fault.code, fault.facts) == ("points_sum", {"total": 100 - missing, "missing": missing})


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("punctual__points", "0", "number_range"), ("punctual__points", "-1", "number_range"),
        ("punctual__points", "a lot", "number_range"), ("punctual__points", "", "number_range"),
        ("punctual__target", "95", "target_range"), ("punctual__target", "0", "target_range"),
        ("punctual__target", "1.0001", "target_range"), ("punctual__target", "0.12345", "target_range"),
        ("punctual__kind", "vibes", "kind_unknown"), ("punctual__min_sample", "0", "number_range"),
        ("decorum__allow", "1e3", "number_range"), ("award_floor", "101", "floor_over_cap"),
        ("award_base", "-5", "amount_malformed"), ("award_base", "300.005", "amount_malformed"),
        ("grace_minutes", "99999999", "number_range"), ("min_visits", "0", "number_range"),
        ("in_force_from", "2026-10", "month_past"), ("in_force_from", "9999-12", "month_far"),
        ("in_force_from", "soon", "month_malformed"),
        ("in_force_from", "2026-13", "month_malformed"),
    ],
)  # fmt: skip
def test_a_fault_is_told_at_its_field(field: str, value: str, code: str):
    assert faults(**{field: value}) == {field.replace("__", "."): code}


def test_all_faults_are_told_at_once():
    told = faults(punctual__points="14", badge__target="2", award_base="free", in_force_from="2020-01")
    assert told == {"": "points_sum", "badge.target": "target_range", "award_base": "amount_malformed",
                    "in_force_from": "month_past"}  # fmt: skip


def test_a_version_never_begins_before_the_one_that_it_follows():
    december = read_draft(typed(in_force_from="2026-12"), CATALOGUE, LAST, NOVEMBER)
    with pytest.raises(Unsound) as refused:
        read_draft(typed(), CATALOGUE, december, NOVEMBER)
    assert [fault.code for fault in refused.value.faults] == ["month_before_last"]


def test_items_that_nobody_knows_are_nothing():
    fields = {"karma.use": "yes", "karma.points": "10", "karma.kind": "rate", "karma.target": "1"}
    assert read_draft(typed() | fields, CATALOGUE, LAST, NOVEMBER) == read()
