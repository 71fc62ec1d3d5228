"""The words of the score: items, reasons, sources, states. Codes come from the domain, every text stands here.

A test walks the norm sheet and the rules: a code without a text fails.
"""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from fieldapp.domain.calendar import Window
from fieldapp.domain.scoring.rules import Verdict
from fieldapp.web.context import current_zone
from fieldapp.web.templating import localmoment, localtime, window

#: Item code -> title and what it asks of a technician.
ITEMS: dict[str, tuple[Any, Any]] = {
    "uniform": (_l("Uniform"), _l("The company's work clothes are worn, complete and clean.")),
    "badge": (_l("Badge"), _l("The staff badge is worn where the customer can read it.")),
    "grooming": (_l("Grooming"), _l("A tidy, professional appearance.")),
    "introduction": (_l("Introduction"), _l("Greets, says who they are and why they came.")),
    "courtesy": (_l("Courtesy"), _l("Speaks politely from arrival to good-bye.")),
    "composure": (_l("Composure"), _l("Stays calm and patient, also when a customer is not.")),
    "requests": (_l("Requests"), _l("Takes reasonable requests seriously and answers them.")),
    "explained": (_l("Explanation"), _l("Explains what was done and how it is used.")),
    "guidance": (_l("Guidance"), _l("Tells customers whom to turn to for what they cannot do themselves.")),
    "follow_up": (_l("Return visit"), _l("Unfinished work gets a reason and an agreed return time.")),
    "amends": (_l("Making amends"), _l("Mistakes are admitted and put right.")),
    "booked": (_l("Booked ahead"), _l("The time is agreed with the customer well before the visit.")),
    "punctual": (_l("Punctuality"), _l("Arrives within the promised window.")),
    "change_notice": (_l("Notice of change"), _l("A window that must move is moved in good time, with an apology.")),
    "kit": (_l("Tools complete"), _l("Tools and material are complete; the customer supplies nothing.")),
    "consent": (_l("Consent to enter"), _l("Enters only with the customer's consent.")),
    "decorum": (_l("Decorum"), _l("Behaves as a guest in somebody's home.")),
    "shoe_covers": (_l("Shoe covers"), _l("Wears shoe covers or clean indoor shoes inside.")),
    "cleanup": (_l("Clean-up"), _l("Leaves the place as clean as it was found.")),
    "property": (_l("Care for property"), _l("Nothing is damaged; damage is reported and made good.")),
    "sign_off": (_l("Customer's signature"), _l("The customer confirms the finished work with a signature.")),
    "departure": (_l("Prompt leave"), _l("Leaves soon after the work is signed for.")),
}  # fmt: skip

#: Discipline article -> title. One upheld breach vetoes the month's award.
DISCIPLINES: dict[str, Any] = {
    "abuse": _l("Abusive language"),
    "intoxication": _l("Drinking, smoking or eating in the home"),
    "gifts": _l("Accepting gifts, meals or pay"),
    "overcharging": _l("Charging outside the tariff"),
    "forgery": _l("A signature the customer did not make"),
    "disclosure": _l("Passing on customer information"),
}

STATUS: dict[str, Any] = {
    "achieved": _l("achieved"),
    "not_achieved": _l("not achieved"),
    "not_assessed": _l("not assessed"),
}

SOURCES: dict[str, Any] = {
    "appeal": _l("decided on appeal"),
    "finding": _l("a recorded finding"),
    "answer": _l("the customer's answer"),
    "system": _l("recorded times"),
    "self_check": _l("the technician's own check"),
}

FINDING_SOURCES: dict[str, Any] = {
    "spot_check": _l("Spot check"),
    "call_back": _l("Call-back"),
    "complaint": _l("Complaint"),
    "praise": _l("Praise"),
}

OUTCOMES: dict[str, Any] = {
    "completed": _l("completed"),
    "not_completed": _l("not completed"),
    "no_access": _l("no access"),
    "missed": _l("missed"),
    "cancelled": _l("cancelled"),
    "void": _l("not counted"),
    "pending": _l("still open"),
}

JOBS: dict[str, Any] = {"install": _l("Installation"), "move": _l("Relocation"), "repair": _l("Repair")}

#: Why a verdict is what it is. Placeholders are the verdict's own times and minutes.
REASONS: dict[str, Any] = {
    "answered_yes": _l("The customer answered “yes”."),
    "answered_no": _l("The customer answered “no”."),
    "checked_yes": _l("Checked off by the technician."),
    "checked_no": _l("The technician noted that it was not so."),
    "no_reason": _l("The visit was left unfinished without a reason."),
    "no_return": _l("No return window was arranged."),
    "return_not_agreed": _l("The return window was not agreed with the customer."),
    "return_agreed": _l("A return window was agreed with the customer."),
    "window_agreed": _l("The window from %(promised_start)s was agreed; the customer was told %(told)s."),
    "called_ahead": _l("The customer agreed on the phone %(called)s, arrival was %(arrived)s."),
    "window_told_late": _l("The window from %(promised_start)s was told only %(told)s."),
    "window_not_agreed": _l("The customer had not agreed to the window from %(promised_start)s."),
    "nobody_came": _l("Nobody came; promised was %(promised)s."),
    "no_arrival": _l("No arrival was recorded; promised was %(promised)s."),
    "arrived_in_time": _l("Arrived %(arrived)s, promised %(promised)s."),
    "arrived_late": _l("Arrived %(arrived)s, promised %(promised)s: %(minutes)s minutes late."),
    "told_in_time": _l("The change was told %(told)s, in good time and with an apology."),
    "told_late": _l("The change was told %(told)s, only %(minutes)s minutes before the promised start."),
    "no_apology": _l("The change was told %(told)s without an apology."),
    "no_consent": _l("No consent to enter was recorded."),
    "consent_first": _l("Consent was given %(consented)s, before anything was done inside."),
    "consent_late": _l("Consent was recorded %(consented)s, after work inside had begun %(entered)s."),
    "forged": _l("A finding established that the customer did not sign."),
    "unsigned": _l("Completed without the customer's signature."),
    "signed": _l("The customer signed %(signed)s."),
    "left_soon": _l("Signed %(signed)s, left %(left)s."),
    "lingered": _l("Signed %(signed)s, left %(left)s: %(minutes)s minutes later."),
    "found_met": _l("A finding says that this was done well."),
    "found_breached": _l("A finding says that this was not done."),
    "overturned": _l("Counted in the technician's favour after an appeal."),
    "time_in_doubt": _l("The recorded times contradict each other; nothing is counted until a person decides."),
    "call_open": _l(
        "What the customer answered shows once their call-back is over: who calls asks without knowing it."
    ),
    "company_told_late": _l("The company changed the window too late; this is not counted against the technician."),
}


def explain(verdict: Verdict, promised: Window) -> str:
    """The verdict's reason as a sentence with its own times, in the reader's language; on the day of the promised
    window times are told without the day."""
    facts: dict[str, object] = {name: _time(moment, promised) for name, moment in verdict.times.items()}
    facts |= {"minutes": verdict.minutes, "promised": window(promised)}
    return str(REASONS[verdict.why]) % _Known(facts)


def _time(moment: datetime, promised: Window) -> str:
    zone = current_zone()
    same = moment.astimezone(zone).date() == promised.start.astimezone(zone).date()
    return localtime(moment) if same else localmoment(moment)


class _Known(dict[str, object]):
    """A time that a rule did not have is a dash, not a failure of the page."""

    def __missing__(self, _: str) -> str:
        return "–"
