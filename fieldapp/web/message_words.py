"""Words about messages to customers: kinds, channels, what became of one."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from fieldapp.services.message_forecast import Forecast, Way

KINDS: dict[str, Any] = {
    "confirmation": _l("Confirmation of the appointment"), "reminder": _l("Reminder the day before"),
    "who_comes": _l("Another technician comes"), "on_way": _l("On the way"),
    "late": _l("Running late, with an apology"), "moved": _l("Moved"), "cancelled": _l("Cancelled"),
    "receipt": _l("Receipt"),
}  # fmt: skip
CHANNELS: dict[str, Any] = {"mail": _l("by mail"), "sms": _l("by short message")}
#: State -> how it looks, and its word.
STATES: dict[str, tuple[str, Any]] = {
    "waiting": ("info", _l("waits")), "sent": ("good", _l("sent")), "dropped": ("", _l("not sent")),
    "failed": ("bad", _l("given up")),
}  # fmt: skip
#: Why one was not sent.
WHY: dict[str, Any] = {
    "overtaken": _l("It was not true any more."),
    "too_late": _l("It was too late for it."),
    "said_already": _l("It had been said already."),
    "switched_off": _l("This kind was switched off meanwhile."),
    "broken_off": _l("The program broke off over it again and again."),
    "kind_unknown": _l("No program that was running knew how to send it."),
    "no_address": _l("There is no address that it could go to."),
}


def foretold(found: Forecast) -> list[str]:
    """What a customer would be told by itself, or would have to be told in talk; nothing where neither is news."""
    said = []
    if found.named is not None:
        said.append(
            _("Somebody else comes: told %(how)s.", how=_way(found.who_comes)) if found.who_comes
            else _("Somebody else comes: no message goes, tell them yourself. They expect %(who)s.", who=found.named)
        )  # fmt: skip
    if found.offered is not None:
        said.append(
            _("Another window: told %(how)s.", how=_way(found.moved)) if found.moved
            else _("Another window: no message goes now, tell them yourself.")
        )  # fmt: skip
    return said


def _way(way: Way) -> str:
    return f"{CHANNELS[way.channel]} {way.address}"


def why(code: str) -> str:
    """Why, in words; what a mail server or a gateway answered stays as it is."""
    return str(WHY.get(code, code))
