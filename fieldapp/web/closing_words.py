"""The words of closing a month: why it is refused. Codes come from the domain, every text stands here."""

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "account_disabled": _l("The account %(login)s is disabled."),
    "month_running": _l("%(month)s has not ended yet. It can be closed once it is over."),
    "month_pending": _l(
        "%(month)s cannot be closed yet. Visits without an outcome: %(visits)s. Complete, cancel or decide them first."
    ),
    "month_closed": _l(
        "%(month)s is closed already, by %(by)s and %(second)s. What comes later becomes an adjustment."
    ),
    "month_open": _l("%(month)s is not closed yet. There is no payroll before two people have closed it."),
    "close_waiting": _l(
        "%(by)s has proposed to close %(month)s with these figures. Somebody else has to confirm them."
    ),
    "close_gone": _l("Nothing waits for a second person here any more: it was withdrawn. Propose the close anew."),
    "close_changed": _l(
        "The figures have changed since they were proposed. Nothing was closed; look at them as they are now."
    ),
    "close_drift": _l(
        "The score of %(technician)s is not what its visits add up to. Nothing was closed; have “fieldapp doctor” run."
    ),
    "close_benefit": _l("Your own score is among these figures. Somebody else has to close this month."),
    "head_malformed": _l("“%(value)s” is no end of an audit chain. Copy the whole line from the slip."),
    "slip_open": _l("There is no slip of %(month)s yet: it is made once two people have closed the month."),
    "adjust_open": _l("%(month)s is not closed yet: its figures still move by themselves, there is nothing to adjust."),
    "adjust_benefit": _l("This is your own month. Somebody else of management or quality has to propose it."),
    "adjust_nothing": _l("In %(month)s of %(technician)s nothing differs from what stands: nothing to adjust."),
    "adjust_pending": _l(
        "%(month)s of %(technician)s cannot be adjusted yet. Visits without an outcome: %(visits)s. "
        "Complete, cancel or decide them first."
    ),
    "adjust_changed": _l("The figures have changed since. Nothing was adjusted; look at them as they are now."),
    "adjust_anew": _l(
        "The figures have changed since they were proposed. Somebody of this branch has to propose them anew."
    ),
    "adjust_waiting": _l("%(by)s has proposed this adjustment already. Somebody else has to confirm it."),
    "adjust_decided": _l("This does not wait for anybody any more: %(by)s was faster."),
    "adjust_foreign": _l("%(by)s proposed this. Only they can withdraw it; a second person can refuse it."),
    "adjustment_altered": _l(
        "An adjustment of %(month)s of %(technician)s is not any more what two people agreed to, and is not shown. "
        "Have “fieldapp doctor” look at it."
    ),
    "snapshot_altered": _l(
        "%(month)s is not any more what two people closed, and is not shown. Have “fieldapp doctor” look at it."
    ),
}
