"""Which passwords are accepted: length and lists of the common ones; no rules about digits or signs (NIST SP 800-63B).

Also the one form in which a password is compared: Unicode NFC, so that an accent typed on another keyboard is the same.
"""

import secrets
import unicodedata
from functools import cache
from importlib import resources

from fieldapp.domain.errors import Invalid

SHORTEST, LONGEST = 8, 256
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read wrong on a phone


def normal(password: str) -> str | None:
    """The form that is hashed; None for what is too long to be a password, before any work is spent on it."""
    return unicodedata.normalize("NFC", password) if len(password) <= LONGEST else None


def accepted(password: str, *, login: str) -> str:
    """`password` in the form that is hashed; raises `Invalid` (field `password`) with the reason."""
    text = normal(password)
    if text is None:
        raise Invalid("password_long", field="password", most=LONGEST)
    if len(text) < SHORTEST:
        raise Invalid("password_short", field="password", least=SHORTEST)
    plain, own = text.casefold().strip(), login.casefold()
    monotonous = len(plain) < 16 and len(set(plain)) < 4
    if plain in _common() or monotonous or plain in {own, own * 2, own * 3}:
        raise Invalid("password_common", field="password")
    return text


def invent() -> str:
    """A password that nobody chose: 80 bits in four groups that can be read aloud."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


@cache
def _common() -> frozenset[str]:
    here = resources.files("fieldapp.services")
    texts = (here.joinpath(f"{name}_passwords.txt").read_text("utf-8") for name in ("frequent", "common"))
    return frozenset(line for text in texts for line in text.splitlines() if line and not line.startswith("#"))
