"""What a state-changing sync request has to carry instead of a form token, which would expire offline (sync.md), and
the header by which a phone tells our answers from a captive portal's.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote

import msgspec
from flask import Response, current_app, request
from werkzeug.exceptions import UnsupportedMediaType

from fieldapp.domain.errors import Forbidden
from fieldapp.web.context import find_actor
from fieldapp.web.security import CrossSite

MARK = "X-Field-Sync"
#: Whose phone speaks, as far as it says so.
OWNER = "X-Field-User"


class OtherPerson(Forbidden):
    """Somebody else signed in on the phone in the middle of its talk: what it holds is not theirs to send."""

    code = "other_person"


def same_person() -> None:
    """Before a view of the sync interface: what a phone sends for another person than the one who is signed in now is
    refused, but for the word about a deletion, which anybody carries. Raises `OtherPerson`."""
    owner, actor = request.headers.get(OWNER), find_actor()
    if owner and actor and unquote(owner) != actor.login and request.endpoint != "sync.record_deletion":
        raise OtherPerson()


def ours_only(media: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let in only what a page of ours can send: no other site may add the header or this content type.

    `Sec-Fetch-Site` and `Origin` were checked for every request; here `none` (typed into the address bar) is foreign.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if (
                request.headers.get(MARK) != "1"
                or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"
            ):
                raise CrossSite()
            if request.mimetype != media:
                raise UnsupportedMediaType()
            return view(*args, **kwargs)

        return wrapped

    return decorate


def answer(content: Any, status: int = 200) -> Response:
    """JSON that a phone may believe."""
    response: Response = current_app.response_class(
        msgspec.json.encode(content), status, content_type="application/json"
    )
    response.headers[MARK] = "1"
    return response


def bare(status: int) -> Response:
    """An answer without a body that a phone may believe."""
    response: Response = current_app.response_class(status=status)
    response.headers[MARK] = "1"
    return response
