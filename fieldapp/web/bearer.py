"""Programs that sign their requests: `Authorization: Bearer branch.secret`. Never a cookie: no browser asks here.

Owns how a token is carried, how often its program may ask, and what one without a good token is told (RFC 6750).
"""

from flask import Flask, Request, Response, current_app, g, request

from fieldapp.domain.access import Scope
from fieldapp.domain.errors import Forbidden
from fieldapp.services import tokens
from fieldapp.services.tokens import Token
from fieldapp.web.context import current_work
from fieldapp.web.rates import Rates

#: Where programs come in.
PATHS = "/api/v1/"


class ScopeMissing(Forbidden):
    """The token is good, but not for this."""

    code = "scope_missing"


def install(app: Flask) -> None:
    """Count requests, and say with every 401 and 403 what is missing."""
    app.extensions["rates"] = Rates()
    app.after_request(_challenge)


def is_asked(asked: Request) -> bool:
    """Whether this address is for programs."""
    return asked.path.startswith(PATHS)


def find_token(asked: Request) -> Token | None:
    """The token that the request carries; None without a good one."""
    shown = _shown(asked)
    return tokens.recognise(current_work(), shown) if shown else None


def count(token: Token) -> None:
    """Count one request of the program. Raises `TooMany`."""
    current_app.extensions["rates"].spend(token.token_id, token.rate, current_work().now())


def refuse_without(scope: Scope) -> ScopeMissing:
    """What a program is told that has a token without this scope."""
    g.missing_scope = scope
    return ScopeMissing(scope=scope)


def _shown(asked: Request) -> str | None:
    found = asked.authorization
    return found.token if found is not None and found.type == "bearer" else None


def _challenge(response: Response) -> Response:
    if is_asked(request) and response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="fieldapp"' + (
            ', error="invalid_token"' if _shown(request) else ""
        )
    elif missing := g.get("missing_scope"):
        response.headers["WWW-Authenticate"] = f'Bearer realm="fieldapp", error="insufficient_scope", scope="{missing}"'
    return response
