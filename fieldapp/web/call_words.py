"""The words of call-backs: what is asked, what came of a call, why a visit is on the list."""

from typing import Any

from flask_babel import lazy_gettext as _l

#: As the customer's own form asks it (a test holds both equal), and the one about the signature.
QUESTIONS: dict[str, Any] = {
    "badge": _l("Did the technician wear a badge?"),
    "introduced": _l("Did they say who they are and why they came?"),
    "courteous": _l("Were they polite?"),
    "explained": _l("Did they explain what they did?"),
    "shoe_covers": _l("Did they wear shoe covers or clean indoor shoes?"),
    "cleanup": _l("Did they leave the place clean?"),
    "supplied_tools": _l("Did you have to supply tools or help with the work?"),
    "signed": _l("Did you sign for the work, or somebody of your household?"),
}

ANSWERS: dict[str | None, Any] = {"yes": _l("yes"), "no": _l("no"), "none": "–", None: "–"}

OUTCOMES: dict[str, Any] = {
    "no_answer": _l("no answer"),
    "refused": _l("did not want to talk"),
    "reached": _l("reached"),
}

#: State -> look and word of its badge.
STATES: dict[str, Any] = {
    "open": ("info", _l("to be called")),
    "reached": ("good", _l("reached")),
    "refused": ("", _l("did not want to talk")),
    "unreachable": ("", _l("not reached")),
}

REASONS: dict[str, Any] = {
    "flagged": _l("looks odd"),
    "drawn": _l("drawn"),
    "unsigned": _l("nobody signed"),
    "chosen": _l("chosen by hand"),
}
