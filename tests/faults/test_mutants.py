"""The checks can fail: mistakes that have been made elsewhere, put into a copy of the program, are caught by them.

All of them run in `make faults`; here are those of the phone, which take a second each.
"""

import pytest

from tests.faults import mutants

FAST = {"new-id-on-retry", "delete-before-the-word", "poison-for-ever"}


def test_every_patch_has_a_check_and_every_check_a_patch():
    assert {one.name for one in mutants.MUTANTS} == {file.stem for file in mutants.HERE.glob("*.patch")}


@pytest.mark.parametrize("mutant", [one for one in mutants.MUTANTS if one.name not in FAST], ids=lambda one: one.name)
def test_those_of_the_server_still_fit_and_can_be_tried_at_length(mutant):
    with mutants.copied(mutant.name) as root:
        assert (root / "fieldapp").is_dir()


def test_the_client_as_it_is_passes(tmp_path):
    with mutants.copied(None) as root:
        assert mutants.in_node(root, tmp_path) == []


@pytest.mark.parametrize("mutant", [one for one in mutants.MUTANTS if one.name in FAST], ids=lambda one: one.name)
def test_a_mutant_is_caught(mutant, tmp_path):
    found = mutants.is_caught(mutant, tmp_path)
    if found is None:
        pytest.skip("no compiler (cc): THE MUTANT WAS NOT TRIED")
    assert found != []
