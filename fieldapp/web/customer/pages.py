"""What a link shows: the page, the photos, the PDF. Reads only."""

import hashlib

from flask import Response, abort, g, make_response, render_template
from flask.typing import ResponseReturnValue

from fieldapp.services import access_notes, expected, photos, receipt_pdf
from fieldapp.services.expected import Expected
from fieldapp.services.receipts import LinkView
from fieldapp.web.context import current_work
from fieldapp.web.customer import words
from fieldapp.web.customer.door import behind_link, blueprint

#: Photos on a page and on paper: enough to see a scratch, small enough for a phone's contract.
ON_PAPER = 6


@blueprint.get("/")
@behind_link
def page(view: LinkView) -> ResponseReturnValue:
    """The appointment before the visit, the receipt after it."""
    when = expected.expected(current_work(), view)
    note = access_notes.own(current_work(), g.link) if "access" in view.offers else ""
    return render_template(
        "customer/page.html", view=view, words=words, expected=when, access=note, mark=_mark(view, when)
    )


@blueprint.get("/mark")
@behind_link
def mark(view: LinkView) -> ResponseReturnValue:
    """A text that is another one whenever the page says something else: a page that lies open asks for it."""
    response = make_response(_mark(view, expected.expected(current_work(), view)))
    response.content_type = "text/plain; charset=utf-8"
    return response


@blueprint.get("/receipt.pdf")
@behind_link
def pdf(view: LinkView) -> ResponseReturnValue:
    """The receipt on paper, in the reader's language; 404 before there is one."""
    if view.receipt.state.arrived_at is None:
        abort(404)
    shown = [(_picture(photo.blob), words.caption(photo)) for photo in view.arrived_photos[:ON_PAPER]]
    response = make_response(receipt_pdf.render(words.sheet(view, shown)))
    response.content_type = "application/pdf"
    name = "".join(one for one in view.receipt.state.external_id if one.isascii() and (one.isalnum() or one in "-_"))
    response.headers["Content-Disposition"] = f'attachment; filename="receipt-{name or "visit"}.pdf"'
    return response


@blueprint.get("/photos/<blob>")
@behind_link
def photo(view: LinkView, blob: str) -> ResponseReturnValue:
    """One photo of this visit, re-encoded and without metadata."""
    if blob not in view.blobs():
        abort(404)
    response: Response = make_response(_picture(blob))
    response.content_type = "image/jpeg"
    return response


def _mark(view: LinkView, when: Expected | None) -> str:
    told = (
        view.state, view.window, view.technician, view.receipt.signature is None, len(view.arrived_photos), when,
        view.is_overdue,
    )  # fmt: skip
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _picture(blob: str) -> bytes:
    return photos.render(current_work(), g.link.branch, blob)
