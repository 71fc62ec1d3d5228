"""What a customer reports on the phone, as a form: the same for dispatchers and for quality staff."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from fieldapp.services import cases
from fieldapp.web.forms import Form

KINDS: dict[str, Any] = {
    "complaint": _l("Complaint"),
    "repudiation": _l("Not their signature"),
    "commendation": _l("Praise"),
}


class ReportForm(Form):
    """A case from a call about a visit that is known."""

    kind = RadioField(
        _l("Kind"), choices=[SelectChoice(code, label) for code, label in KINDS.items()], validate_choice=False
    )
    text = TextAreaField(_l("What the customer said"), [Length(max=cases.TEXT_LIMIT)])


class OrderReportForm(ReportForm):
    """The same, with the order number that the customer names, or with who they are."""

    visit = StringField(_l("Order number"), [Length(max=64)])
    caller = TextAreaField(_l("Who calls, and how to reach them"), [Length(max=500)])
