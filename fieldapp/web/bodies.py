"""Reading what programs send: never more bytes than allowed, whatever they said beforehand."""

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge


def read_body(limit: int) -> bytes:
    """The body, 413 as soon as it is known to be longer than `limit` bytes, sent in chunks or not."""
    # One byte more: a body in chunks is cut off at the limit without a word, and has to show that it was longer.
    request.max_content_length = limit + 1
    body = request.get_data(cache=False)
    if len(body) > limit:
        raise RequestEntityTooLarge()
    return body
