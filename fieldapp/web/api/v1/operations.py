"""What the API can do, one entry for each: from it come the route, the scope that is asked for, how the request is
read, and its description. Nothing is described that is not enforced, and the other way round.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import msgspec
from flask import Blueprint, Response, current_app, request
from msgspec import Struct
from werkzeug.routing import PathConverter

from fieldapp.domain.access import Scope
from fieldapp.services import kept_answers
from fieldapp.services.kept_answers import Answer
from fieldapp.services.work import Work
from fieldapp.web import guards
from fieldapp.web.api.v1 import reading
from fieldapp.web.context import current_actor, current_work, work_within


class OrderNumberConverter(PathConverter):
    """An order number in an address: with any sign in it, slashes too, but for what is addressed below a visit."""

    regex = "[^/].*?(?<!/events)"


blueprint = Blueprint("api", __name__)
blueprint.record(lambda state: state.app.url_map.converters.update(order=OrderNumberConverter))


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One act of the API. `answer` is the structure of what comes back, of each item where `is_list`."""

    method: str
    path: str
    name: str
    title: str
    about: str
    scope: Scope
    query: type[Struct] | None
    body: type[Struct] | None
    answer: type[Struct]
    is_list: bool
    status: int
    #: Whether it may carry an idempotency key; whether it heeds `If-Match`.
    keyed: bool
    matched: bool
    #: What else it may be answered, beside what every operation may: status -> when.
    refusals: dict[int, str]


OPERATIONS: list[Operation] = []
KEY = "Idempotency-Key"


def operation(
    method: str, path: str, scope: Scope, answer: type[Struct], *, query: type[Struct] | None = None,
    body: type[Struct] | None = None, is_list: bool = False, status: int = 200, keyed: bool = False,
    matched: bool = False, refusals: dict[int, str] | None = None, largest: int = reading.LARGEST,
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:  # fmt: skip
    """Register the view: it gets the parts of the path, `query`, `body` (of at most `largest` bytes) and (`matched`)
    `rev`, and answers."""

    def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
        @guards.scope(scope)
        @wraps(view)
        def wrapped(**parts: Any) -> Response:
            if query is not None:
                parts["query"] = reading.query(query)
            if body is not None:
                parts["body"] = reading.body(body, largest)
            if matched:
                parts["rev"] = reading.revision()
            return once(view, parts) if keyed and KEY in request.headers else view(**parts)

        blueprint.add_url_rule(path, view.__name__, wrapped, methods=[method])
        title, _, about = (view.__doc__ or "").partition("\n")
        OPERATIONS.append(
            Operation(
                method=method,
                path=path,
                name=view.__name__,
                title=title,
                about=about.strip(),
                scope=scope,
                query=query,
                body=body,
                answer=answer,
                is_list=is_list,
                status=status,
                keyed=keyed,
                matched=matched,
                refusals=refusals or {},
            )
        )
        return wrapped

    return decorate


def once(view: Callable[..., Response], parts: dict[str, Any]) -> Response:
    """What the view answers, or what it answered when the same was sent under the same key."""

    def act(joined: Work) -> Answer:
        with work_within(joined):
            response = view(**parts)
        kept = [(name, value) for name, value in response.headers if name in {"Content-Type", "ETag", "Location"}]
        return Answer(response.status_code, kept, response.get_data())

    asked = msgspec.json.encode([request.method, request.path, parts], order="deterministic")
    given = kept_answers.once(current_work(), current_actor(), request.headers[KEY], asked, act)
    response: Response = current_app.response_class(given.answer.body, given.answer.status)
    response.headers.update(given.answer.headers)
    if given.is_again:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def tell(content: Any, status: int = 200) -> Response:
    """The answer as JSON."""
    response: Response = current_app.response_class(
        msgspec.json.encode(content), status, content_type="application/json"
    )
    return response
