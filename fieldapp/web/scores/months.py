"""Going from month to month on the pages of scores."""

from fieldapp.domain.calendar import Month, month_of, shifted
from fieldapp.web.context import current_work, current_zone


def this_month() -> Month:
    """The month of now, in the reader's zone."""
    return month_of(current_work().now(), current_zone())


def neighbours(month: Month) -> dict[str, str | None]:
    """The month shown, the one before, and the one after unless that lies ahead."""
    after = shifted(month, 1)
    return {"month": month, "before": shifted(month, -1), "after": after if after <= this_month() else None}
