"""The acceptance list of security.md, item 35: what is sent for somebody else never reaches a private address."""

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.services import posting, tokens
from tests import cast
from tests.receivers import receiving


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/", "https://[::ffff:192.168.0.1]/", "https://0.0.0.0/", "http://example.org/",
    ],
)  # fmt: skip
def test_35_a_webhook_to_a_private_address_is_refused_when_it_is_made(client, work, url):
    token = tokens.add_token(work, OPERATOR, branch=cast.MAIN, name="crm", scopes=["webhooks:write"])
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.post("/api/v1/webhooks", json={"url": url}, headers=headers)
    assert answer.status_code == 422
    assert answer.json["field"] == "url"


def test_35_and_again_whenever_something_is_sent_since_names_change():
    for found in (["10.0.0.1"], ["127.0.0.1"], ["8.8.8.8", "192.168.0.1"], ["::ffff:10.0.0.1"], ["fd00::1"]):
        with pytest.raises(posting.Unreached, match="address_private"):
            posting.post("https://example.org/", b"", {}, look_up=lambda _host, _port, found=found: found)
    with pytest.raises(posting.Unreached, match="address_private"):
        posting.post("https://localhost/", b"", {})


def test_35_a_redirect_leads_nowhere():
    with receiving() as inner, receiving() as outer:
        outer.answer(307, Location=f"{inner.address}/")
        assert posting.post(f"{outer.address}/", b"x", {}, loopback=True) == 307
        assert inner.requests == []


def test_35_a_name_that_changes_its_mind_is_asked_once():
    asked = []
    with receiving("127.0.0.1") as first, receiving("127.0.0.2") as second:
        port = int(first.address.rpartition(":")[2])

        def look_up(host, _port):
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

        url = f"http://hook.example.org:{port}/x"
        assert posting.post(url, b"x", {}, loopback=True, look_up=look_up) == 204
        assert (asked, len(first.requests), second.requests) == (["hook.example.org"], 1, [])
        assert first.requests[0][1]["Host"] == f"hook.example.org:{port}"
