"""What a browser needs to ask a device for a passkey: this site as devices know it, and the question in between.

The question's challenge is kept in the signed form cookie until its answer comes.
"""

import re
from urllib.parse import urlsplit

from flask import request, session

from fieldapp.services.passkeys import Question, Site
from fieldapp.web.context import current_settings

_STATE = "passkey"
_NUMBERS = re.compile(r"[0-9.]+|.*:.*")


def site() -> Site | None:
    """This site; None where devices know none: by a bare number, or without TLS on anything but this machine."""
    parts = urlsplit(current_settings().base_url or request.host_url)
    host = parts.hostname or ""
    if _NUMBERS.fullmatch(host) or (parts.scheme != "https" and host != "localhost"):
        return None
    return Site(host, f"{parts.scheme}://{parts.netloc}")


def keep(question: Question | None) -> str:
    """The question as the page's script takes it; "" for none."""
    if question is None:
        return ""
    session[_STATE] = question.state
    return question.options


def take() -> object:
    """What belongs to the answer that came."""
    return session.pop(_STATE, None)
