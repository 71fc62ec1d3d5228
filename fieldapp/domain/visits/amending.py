"""What an order is amended by: only what differs from what stands."""

from msgspec import UNSET, UnsetType, structs

from fieldapp.domain.visits.events import Customer


def amended_customer(seen: Customer, wanted: Customer | UnsetType) -> Customer | UnsetType:
    """The customer to record, UNSET when nothing differs: a district that is not spoken of stays, an empty one is
    taken away."""
    if wanted is UNSET:
        return UNSET
    found = structs.replace(wanted, district=seen.district) if wanted.district is UNSET else wanted
    if not found.district and not seen.district:
        found = structs.replace(found, district=UNSET)
    return UNSET if found == seen else found
