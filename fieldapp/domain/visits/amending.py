"""What an order is amended by: only what differs from what stands."""

from msgspec import UNSET, UnsetType, structs

from fieldapp.domain.visits.events import Customer

#: Fields that what was recorded before them leaves out: not spoken of they stay, an empty one is taken away.
_LATER = ("district", "email")


def amended_customer(seen: Customer, wanted: Customer | UnsetType) -> Customer | UnsetType:
    """The customer to record, UNSET when nothing differs: a district or a mail address that is not spoken of stays,
    an empty one is taken away."""
    if wanted is UNSET:
        return UNSET
    found = wanted
    for name in _LATER:
        stands, said = getattr(seen, name), getattr(wanted, name)
        value = stands if said is UNSET else said
        found = structs.replace(found, **{name: value if value or stands else UNSET})
    return UNSET if found == seen else found
