"""Lists page by page: `{items, next}`. A cursor names the last thing of the page before, not a number of things: what
comes and goes meanwhile makes nothing come twice and nothing fall between two pages.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, request

from fieldapp.domain.errors import Invalid
from fieldapp.web.api.v1 import operations
from fieldapp.web.api.v1.shapes import Paged

One = TypeVar("One")


def read(cursor: str) -> str:
    """The key in a cursor, "" at the beginning. Raises `Invalid` cursor_unknown."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except ValueError:
        raise Invalid("cursor_unknown", field="cursor") from None


def cut(found: Sequence[One], query: Paged, key: Callable[[One], str]) -> tuple[Sequence[One], str | None]:
    """The page of a whole list, and the key of its last thing unless that is the list's last."""
    start = 0
    if after := read(query.cursor):
        start = next((place for place, one in enumerate(found, 1) if key(one) == after), 0)
        if start == 0:
            raise Invalid("cursor_unknown", field="cursor")
    page = found[start : start + query.limit]
    return page, key(page[-1]) if start + query.limit < len(found) else None


def tell(items: list[Any], last: str | None) -> Response:
    """A page; `last` is the key of its last thing, None when nothing follows. The next page is a `Link`, too."""
    if last is None:
        return operations.tell({"items": items, "next": None})
    cursor = base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")
    response = operations.tell({"items": items, "next": cursor})
    asked = {**request.args.to_dict(flat=False), "cursor": [cursor]}
    response.headers["Link"] = f'<{request.path}?{urlencode(asked, doseq=True)}>; rel="next"'
    return response
