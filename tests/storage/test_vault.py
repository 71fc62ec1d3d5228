"""The vault: what is sealed opens for its own row and key only, and marks tell nothing."""

from dataclasses import replace

import pytest

from fieldapp.storage.vault import Unreadable, Vault
from tests import cast

VAULT = Vault(cast.DATA_KEY)


def test_what_is_sealed_opens_again():
    sealed = VAULT.seal("王芳 138".encode(), "a row")
    assert "王芳".encode() not in sealed.box
    assert Vault(cast.DATA_KEY).open(sealed, "a row") == "王芳 138".encode()


def test_the_same_thing_sealed_twice_looks_different_and_has_one_mark():
    assert VAULT.seal(b"x", "a row") != VAULT.seal(b"x", "a row")
    assert VAULT.mark(b"x") == VAULT.mark(b"x") != Vault("y" * 40).mark(b"x")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sealed, other: replace(sealed, box=sealed.box[:-1] + bytes([sealed.box[-1] ^ 1])),
        lambda sealed, other: replace(sealed, box=sealed.box[:5]),
        lambda sealed, other: replace(sealed, box=other.box),
        lambda sealed, other: replace(sealed, wrapped=other.wrapped),
        lambda sealed, other: replace(sealed, wrapped=b""),
    ],
)
def test_what_was_changed_does_not_open(spoil):
    with pytest.raises(Unreadable):
        VAULT.open(spoil(VAULT.seal(b"x", "a row"), VAULT.seal(b"y", "a row")), "a row")


def test_it_opens_neither_for_another_row_nor_with_another_key():
    sealed = VAULT.seal(b"x", "a row")
    for vault, row in ((VAULT, "b row"), (Vault("y" * 40), "a row")):
        with pytest.raises(Unreadable):
            vault.open(sealed, row)
