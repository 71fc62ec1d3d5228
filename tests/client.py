"""A browser without JavaScript, for tests of pages and endpoints."""

from typing import Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from tests.cast import SECRET


class Client(FlaskClient):
    """A browser without JavaScript. Form posts carry the form token, as a page would send it (`csrf=False`: not)."""

    def token(self) -> str:
        """The token that this client's forms carry."""
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", "0" * 40)
        return str(URLSafeTimedSerializer(SECRET, salt="wtf-csrf-token").dumps(raw))

    def post(self, *args: Any, csrf: bool = True, **kwargs: Any) -> Any:
        if csrf and "json" not in kwargs and isinstance(kwargs.setdefault("data", {}), dict):
            kwargs["data"] = {"csrf_token": self.token(), **kwargs["data"]}
        return super().post(*args, **kwargs)
