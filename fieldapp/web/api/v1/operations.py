"""What the API can do, one entry for each: from it come the route, the scope that is asked for, how the request is
read, and its description. Nothing is described that is not enforced, and the other way round.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import msgspec
from flask import Blueprint, Response, current_app
from msgspec import Struct

from fieldapp.domain.access import Scope
from fieldapp.web import guards
from fieldapp.web.api.v1 import reading

blueprint = Blueprint("api", __name__)


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
    #: What else it may be answered, beside what every operation may: status -> when.
    refusals: dict[int, str]


OPERATIONS: list[Operation] = []


def operation(
    method: str, path: str, scope: Scope, answer: type[Struct], *, query: type[Struct] | None = None,
    body: type[Struct] | None = None, is_list: bool = False, status: int = 200,
    refusals: dict[int, str] | None = None,
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:  # fmt: skip
    """Register the view: it gets the parts of the path, `query` and `body` where there are any, and answers."""

    def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
        @guards.scope(scope)
        @wraps(view)
        def wrapped(**parts: Any) -> Response:
            if query is not None:
                parts["query"] = reading.query(query)
            if body is not None:
                parts["body"] = reading.body(body)
            return view(**parts)

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
                refusals=refusals or {},
            )
        )
        return wrapped

    return decorate


def tell(content: Any, status: int = 200) -> Response:
    """The answer as JSON."""
    response: Response = current_app.response_class(
        msgspec.json.encode(content), status, content_type="application/json"
    )
    return response
