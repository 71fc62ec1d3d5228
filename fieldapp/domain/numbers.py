"""Telephone numbers as people write them: when two are the same one.

Owns no plan of any country's numbers: blanks, dashes and brackets do not count, and a country's code in front that the
other lacks does not either where the rest is long enough to be nobody else's.
"""

#: Where customers of one company may be written with and without it.
_COUNTRIES = ("86", "852", "853", "886")
_LONG = 8


def bare(number: str) -> str:
    """Its digits alone, without a country's code where it is written as one (`+86`, `0086`)."""
    digits = "".join(sign for sign in number if sign.isdecimal())
    is_abroad = number.strip().startswith(("+", "＋")) or digits.startswith("00")
    digits = digits.removeprefix("00") if digits.startswith("00") else digits
    for code in _COUNTRIES if is_abroad else ():
        if digits.startswith(code) and len(digits) - len(code) >= _LONG:
            return digits.removeprefix(code)
    return digits


def is_same(one: str, other: str) -> bool:
    """Whether both are the same number; two that hold no digit are not."""
    return bare(one) == bare(other) != ""
