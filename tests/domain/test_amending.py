"""What differs of a customer, and that what is not spoken of stays."""

import pytest
from msgspec import UNSET, structs

from fieldapp.domain.visits.amending import amended_customer
from fieldapp.domain.visits.events import Customer

SEEN = Customer(name="Wang Fang", phone="1", address="12 Harbour Road", district="Harbour")


@pytest.mark.parametrize(
    ("wanted", "recorded"),
    [
        (UNSET, UNSET),
        (structs.replace(SEEN, district=UNSET), UNSET),
        (structs.replace(SEEN, phone="2", district=UNSET), structs.replace(SEEN, phone="2")),
        (structs.replace(SEEN, district=""), structs.replace(SEEN, district="")),
        (structs.replace(SEEN, district="Hill"), structs.replace(SEEN, district="Hill")),
    ],
)
def test_a_district_that_is_not_spoken_of_stays_and_an_empty_one_goes(wanted, recorded):
    assert amended_customer(SEEN, wanted) == recorded


def test_no_district_and_an_empty_one_are_the_same():
    without = structs.replace(SEEN, district=UNSET)
    assert amended_customer(without, structs.replace(without, district="")) is UNSET
