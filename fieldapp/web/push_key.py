"""The installation's key for push services, as this process knows it: read when first asked for, from the instance."""

from flask import current_app

from fieldapp.services.web_push import PushKey
from fieldapp.web.context import current_settings


def current_push_key() -> PushKey:
    """The key; made on first use."""
    found = current_app.extensions.get("push_key")
    if found is None:
        found = current_app.extensions["push_key"] = PushKey.open_or_make(current_settings().push_key)
    return found
