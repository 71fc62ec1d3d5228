"""`/scores/<month>/<technician>/slip`: a closed month on one paper, as a page and as PDF."""

from flask import Blueprint, make_response, render_template
from flask.typing import ResponseReturnValue

from fieldapp.domain.calendar import parse_month
from fieldapp.services import slip_pdf, slips
from fieldapp.services.slips import Slip
from fieldapp.web import slip_words
from fieldapp.web.context import current_actor, current_branch, current_work

blueprint = Blueprint("slips", __name__)


@blueprint.get("/<month>/<technician>/slip")
def page(month: str, technician: str) -> ResponseReturnValue:
    """The slip to read."""
    slip = _slip(month, technician)
    return render_template("scores/slip.html", slip=slip, paper=slip_words.paper(slip), month=month)


@blueprint.get("/<month>/<technician>/slip.pdf")
def pdf(month: str, technician: str) -> ResponseReturnValue:
    """The slip to keep, in the reader's language."""
    slip = _slip(month, technician)
    response = make_response(slip_pdf.render(slip_words.paper(slip)))
    response.content_type = "application/pdf"
    name = f"slip-{slip.month}-{slip.standing.technician}.pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _slip(month: str, technician: str) -> Slip:
    return slips.of_technician(current_work(), current_actor(), current_branch(), technician, parse_month(month))
