"""Opening a link: token to cookie, cookie to view, and how many wrong tokens an address may try.

Reading changes nothing: a GET sets a cookie in the browser and touches no row.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldapp.domain.errors import Conflict, DomainError, Invalid
from fieldapp.services import links, receipts
from fieldapp.services.links import LinkGone
from fieldapp.services.receipts import LinkView
from fieldapp.web import locale
from fieldapp.web.context import current_settings, current_work
from fieldapp.web.errors import sentence
from fieldapp.web.often import Often

blueprint = Blueprint("customer", __name__)

#: Seconds that a browser keeps the token; afterwards the link is opened again.
KEPT = 12 * 3600


@blueprint.get("/<token>")
def enter(token: str) -> ResponseReturnValue:
    """Exchange the token of a link for a cookie, at once and before anything is shown."""
    if find_view(token) is None:
        return gone()
    response = redirect(url_for("customer.page"), 303)
    response.set_cookie(
        cookie_name(), token, max_age=KEPT, path="/", httponly=True, samesite="Lax",
        secure=current_settings().secure,
    )  # fmt: skip
    return response


def behind_link(view: Callable[..., Any]) -> Callable[..., Any]:
    """A page behind the cookie: called with the opened view first; everything else is the same page for all."""

    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        opened = find_view(request.cookies.get(cookie_name(), ""))
        if opened is None:
            return gone()
        # A browser keeps one link. Where another was opened in it since, a page that still shows the first one must
        # not act on the second: what is sent says which visit was seen.
        if request.values.get("visit", opened.visit_id) != opened.visit_id:
            raise Conflict("link_other")
        if request.method == "POST":
            # What customers may do again and again must not fill the log: nobody does so much in so short a time.
            posts: Often = current_app.extensions.setdefault("link_posts", Often())
            posts.check(opened.visit_id, opened.now)
            posts.count(opened.visit_id, opened.now)
        return view(opened, *args, **kwargs)

    return wrapped


def find_view(token: str) -> LinkView | None:
    """What the token opens, with the request's language and zone set to the customer's; None: nothing.

    Raises `TooMany` for an address that keeps guessing. What is right opens all the same: customers of one mobile
    network, or behind one proxy, share an address, and none of them may lock the others out.
    """
    if not token:
        return None
    work, address = current_work(), request.remote_addr or "-"
    guesses: Often = current_app.extensions.setdefault("link_guesses", Often())
    try:
        g.link = links.open_link(work, token)
    except LinkGone:
        guesses.check(address, work.now())
        guesses.count(address, work.now())
        return None
    view = receipts.view(work, g.link)
    g.zone, g.currency = view.zone, view.currency
    chosen = request.cookies.get(locale.cookie())
    locale.speak(chosen if chosen in locale.LANGUAGES else view.language)
    return view


@blueprint.errorhandler(Conflict)
@blueprint.errorhandler(Invalid)
def refused(error: DomainError) -> ResponseReturnValue:
    """A refusal in the customer's own surroundings, with the way back to their page."""
    return render_template("customer/refused.html", text=sentence(error)), 409 if isinstance(error, Conflict) else 422


@blueprint.errorhandler(LinkGone)
def ended(_: LinkGone) -> ResponseReturnValue:
    """The link ended while its page was open."""
    return gone()


def gone() -> Response:
    """Expired, ended, never made: nobody can tell which."""
    return make_response(render_template("customer/gone.html"), 404)


def cookie_name() -> str:
    """`__Host-` where TLS allows it."""
    return "__Host-link" if current_settings().secure else "link"
