"""Telephone numbers and addresses as people write them."""

import pytest

from fieldapp.domain import numbers


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+86 138-0000-0001", "13800000001", True), ("0086 13800000001", "138 0000 0001", True),
        ("13800000001", "13800000002", False), ("86123", "123", False), ("", "", False), ("none", "none", False),
    ],
)  # fmt: skip
def test_when_two_are_the_same(one, other, same):
    assert numbers.is_same(one, other) is same


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("021 5555 0100", "02155550100"), ("+852 3555-0100", "+85235550100"),
        ("(021) 5555.0100 ext. 12", "02155550100"),
        ("02155550100转12", "02155550100"), ("5555 0100 #3", "55550100"),
    ],
)  # fmt: skip
def test_what_is_dialled(written, dialled):
    assert numbers.dialled(written) == dialled


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("5, Harbour Road.", "５ HARBOUR road", True), ("1-12 Hill", "112 Hill", False),
        ("1-12 Hill", "1 12, hill", True),
        ("健康東路115號3棟", "健康東路 115 號 3 棟", True), ("∅", "", True),
    ],
)  # fmt: skip
def test_when_two_addresses_are_the_same(one, other, same):
    assert (numbers.bare_address(one) == numbers.bare_address(other)) is same
