"""Telephone numbers and addresses as people write them: when two are the same one, and what is dialled.

Owns no plan of any country's numbers: blanks, dashes and brackets do not count, and a country's code in front that the
other lacks does not either where the rest is long enough to be nobody else's. In an address, blanks and signs count
only between two figures.
"""

import re
import unicodedata

#: Where customers of one company may be written with and without it.
_COUNTRIES = ("86", "852", "853", "886")
_LONG = 8
_PHONE = re.compile(r"\+?\d[\d ()./-]{3,28}\d(?:\s*(?:#|x|ext\.?|转|轉)\s*\d{1,6})?")
_EXTENSION = re.compile(r"\s*(?:#|x|ext|转|轉)")
_GAP = re.compile(r"(?<=\d)[\W_]+(?=\d)")
_BREAK = re.compile(r"(?<!\d)[\W_]+|[\W_]+(?!\d)")


def bare(number: str) -> str:
    """Its digits alone, without a country's code where it is written as one (`+86`, `0086`)."""
    digits = "".join(sign for sign in number if sign.isdecimal())
    is_abroad = number.strip().startswith(("+", "＋")) or digits.startswith("00")
    digits = digits.removeprefix("00") if digits.startswith("00") else digits
    for code in _COUNTRIES if is_abroad else ():
        if digits.startswith(code) and len(digits) - len(code) >= _LONG:
            return digits.removeprefix(code)
    return digits


def is_phone(text: str) -> bool:
    """Whether this can be dialled: digits with the usual marks between them, an extension at most."""
    return _PHONE.fullmatch(text) is not None


def dialled(number: str) -> str:
    """What a telephone is to dial: the digits, and a plus before them, without an extension, which people say."""
    main = _EXTENSION.split(number.strip(), maxsplit=1)[0]
    return "+" * main.startswith("+") + "".join(sign for sign in main if sign.isdecimal())


def is_same(one: str, other: str) -> bool:
    """Whether both are the same number; two that hold no digit are not."""
    return bare(one) == bare(other) != ""


def is_whole(text: str) -> bool:
    """Whether a telephone number is all that was written, and may be a whole one."""
    return len(bare(text)) >= _LONG and not any(sign.isalpha() for sign in text)


def bare_address(address: str) -> str:
    """It in one form of its letters, small, without what stands between them."""
    text = unicodedata.normalize("NFKC", address).casefold()
    return _BREAK.sub("", _GAP.sub(" ", text))
