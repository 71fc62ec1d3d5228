"""How amounts are written: one way for pages, receipts, statements and the phone. Owns the words beside the number.

The phone gets the same sentences as words and fills them itself (static/js/lib/time.js).
"""

from decimal import Decimal
from typing import Any

from flask_babel import format_decimal
from flask_babel import lazy_gettext as _l

from fieldapp.web.context import current_currency

#: Currencies that people write in words of their own; any other is its three letters before the amount.
_WRITTEN: dict[str, Any] = {
    "CNY": _l("CNY %(amount)s"), "HKD": _l("HKD %(amount)s"), "TWD": _l("TWD %(amount)s"),
    "SGD": _l("SGD %(amount)s"),
}  # fmt: skip
_OTHER = _l("%(currency)s %(amount)s")
#: The same for the phone, by the keys that it asks for.
WORDS: dict[str, Any] = {**{f"money.{code}": text for code, text in _WRITTEN.items()}, "money.other": _OTHER}


def money(amount: Decimal | str) -> str:
    """Two decimals, grouped as the reader groups them, without a currency."""
    return str(format_decimal(Decimal(amount), "#,##0.00"))


def price(amount: Decimal | str, currency: str | None = None) -> str:
    """An amount in `currency`, else in the branch's, e.g. `CNY 1,080.00` or `1,080.00 元`."""
    return in_currency(money(amount), currency or current_currency())


def in_currency(amount: str, currency: str | None) -> str:
    """A written amount with its currency; without one, the amount alone."""
    if not currency:
        return amount
    return str(_WRITTEN.get(currency, _OTHER)) % {"amount": amount, "currency": currency}
