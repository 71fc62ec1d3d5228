"""Amounts name their currency, in the reader's words."""

import pytest
from flask import g
from flask_babel import force_locale

from fieldapp.web.money import in_currency, price


@pytest.mark.parametrize(
    ("locale", "currency", "written"),
    [
        ("en", "CNY", "CNY 1,080.50"),
        ("zh_Hans", "CNY", "1,080.50 元"),
        ("zh_Hant", "CNY", "人民幣 1,080.50 元"),
        ("zh_Hant", "HKD", "港幣 1,080.50 元"),
        ("zh_Hans", "EUR", "EUR 1,080.50"),
        ("en", None, "1,080.50"),
    ],
)
def test_an_amount_is_written_in_the_branchs_currency(app, locale, currency, written):
    with app.test_request_context(), force_locale(locale):
        g.currency = currency
        assert price("1080.5") == written


def test_a_sheet_may_name_another_currency_than_the_readers(app):
    with app.test_request_context(), force_locale("en"):
        g.currency = "CNY"
        assert price("5", "SGD") == "SGD 5.00"
        assert in_currency("5.00", "") == "5.00"
