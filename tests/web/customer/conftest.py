"""Browsers of customers, for every test of their pages."""

import pytest

from tests.links import own_token


@pytest.fixture
def enter_link(client, work):
    """`enter_link(visit)`: a browser that opened the customer's own link of the visit."""
    client.set_cookie("lang", "en")

    def act(visit):
        assert client.get(f"/c/{own_token(work, visit)}").status_code == 303
        return client

    return act
