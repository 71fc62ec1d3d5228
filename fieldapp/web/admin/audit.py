"""`/admin/audit/`: who did what, when, to what; and the same as a table to keep."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO

from flask import Blueprint, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.fields import DateField
from wtforms.validators import Optional

from fieldapp.domain.calendar import localise
from fieldapp.services import audit_log
from fieldapp.services.audit_log import COMPANY, Wanted
from fieldapp.services.table_files import MEDIA, Row, table
from fieldapp.web.context import current_actor, current_work, current_zone
from fieldapp.web.forms import Form

blueprint = Blueprint("audit", __name__)
#: Bytes that are sent at a time.
PIECE = 64 * 1024


class FilterForm(Form):
    """Which rows; read from the address by the page, from the body by the file."""

    chain = SelectField(_l("Branch"), default=COMPANY, validate_choice=False)
    by = StringField(_l("Who"))
    action = StringField(_l("Act"))
    subject = StringField(_l("About"))
    since = DateField(_l("From"), [Optional()])
    until = DateField(_l("Until"), [Optional()])

    def wanted(self) -> Wanted:
        """What was asked for; days are those of the reader's zone, the last one included. A day that is none asks for
        nothing."""
        return Wanted(
            by=(self.by.data or "").strip(), action=(self.action.data or "").strip(),
            subject=(self.subject.data or "").strip(), since=self._midnight(self.since.data),
            until=self._midnight(self.until.data, days=1),
        )  # fmt: skip

    @staticmethod
    def _midnight(day: object, days: int = 0) -> datetime | None:
        if not isinstance(day, date) or day == date.max:
            return None
        return localise(datetime.combine(day + timedelta(days=days), time()), current_zone())


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """One chain, narrowed, the latest first, page by page."""
    form = FilterForm(request.args, meta={"csrf": False})
    before = request.args.get("before", type=int)
    chain = form.chain.data or COMPANY
    page = audit_log.look(current_work(), current_actor(), chain, form.wanted(), before)
    form.chain.choices = [(one, _l("the whole company") if one == COMPANY else one) for one in page.chains]
    asked = {name: value for name, value in request.args.items() if name != "before" and name in form.data and value}
    return render_template(
        "admin/audit.html", form=form, page=page, asked=asked, is_first=before is None,
        at=lambda number: url_for("audit.index", **asked, **({"before": number} if number else {})),
    )  # fmt: skip


@blueprint.post("/export.csv")
def export() -> ResponseReturnValue:
    """All of them as CSV; the audit says who took them."""
    form = FilterForm()
    chain = form.chain.data or COMPANY
    rows = audit_log.export(current_work(), current_actor(), chain, form.wanted())
    response = current_app.response_class(_pieces(rows), content_type=MEDIA["csv"])
    name = "company" if chain == COMPANY else chain
    response.headers["Content-Disposition"] = f'attachment; filename="audit-{name}.csv"'
    return response


def _pieces(rows: Iterable[Row]) -> Iterator[bytes]:
    """The table, a piece at a time: a chain may be long."""
    target = BytesIO()
    with table("csv", target, "audit", audit_log.COLUMNS, bom=True) as put:
        for row in rows:
            put(row)
            if target.tell() > PIECE:
                yield target.getvalue()
                target.seek(0)
                target.truncate()
    yield target.getvalue()
