"""Behind a proxy: limits count whoever really asks, and nobody else's word is taken."""

import dataclasses
from ipaddress import ip_network

import pytest

from fieldapp.app import create_app
from fieldapp.settings import Settings, SettingsError
from fieldapp.web.proxies import Proxies
from tests.client import Client

OURS = (ip_network("127.0.0.1"), ip_network("10.0.0.0/24"), ip_network("2001:db8::/64"))


def seen(peer: str, trusted=OURS, **headers: str) -> tuple[str, str]:
    """Address and scheme as the app sees them."""
    found = {}
    environ = {
        "REMOTE_ADDR": peer,
        "wsgi.url_scheme": "http",
        **{f"HTTP_X_FORWARDED_{k}": v for k, v in headers.items()},
    }
    list(Proxies(lambda environ, _: found.update(environ) or [], trusted)(environ, None))
    assert not [name for name in found if name.startswith("HTTP_X_FORWARDED")]
    return found["REMOTE_ADDR"], found["wsgi.url_scheme"]


@pytest.mark.parametrize(
    ("peer", "chain", "who"),
    [
        ("127.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "198.51.100.1, 192.0.2.7", "192.0.2.7"),  # the left one is the stranger's own word
        ("127.0.0.1", "192.0.2.7, 10.0.0.5", "192.0.2.7"),
        ("127.0.0.1", "192.0.2.7, unknown", "127.0.0.1"),
        ("127.0.0.1", "10.0.0.6, 10.0.0.5", "10.0.0.6"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "2001:db8:1::7", "2001:db8:1::7"),
        ("2001:db8::1", "192.0.2.7", "192.0.2.7"),
        ("192.0.2.9", "192.0.2.7", "192.0.2.9"),
        ("", "192.0.2.7", ""),
    ],
)
def test_the_first_stranger_seen_from_our_side_is_who_asks(peer, chain, who):
    assert seen(peer, FOR=chain)[0] == who


def test_the_scheme_is_the_proxy_s_word_where_it_is_trusted():
    assert seen("127.0.0.1", PROTO="https") == ("127.0.0.1", "https")
    assert seen("127.0.0.1", PROTO="gopher") == ("127.0.0.1", "http")
    assert seen("192.0.2.9", PROTO="https") == ("192.0.2.9", "http")
    assert seen("127.0.0.1", (), PROTO="https") == ("127.0.0.1", "http")


def guess(client, chain: str) -> int:
    return client.get("/c/" + "x" * 43, headers={"X-Forwarded-For": chain}).status_code


def test_one_stranger_who_guesses_links_does_not_use_up_everybody_s_guesses(settings, work):
    app = create_app(dataclasses.replace(settings, trusted_proxies=OURS), work=work)
    app.test_client_class = Client
    client = app.test_client()
    while guess(client, "192.0.2.7") != 429:
        pass
    assert guess(client, "192.0.2.8") == 404
    assert guess(client, "192.0.2.99, 192.0.2.7") == 429, "a new name in front is still the same stranger"


def test_without_trust_a_made_up_address_buys_no_further_guess(client):
    for number in range(100):
        if guess(client, f"192.0.2.{number}") == 429:
            break
    assert guess(client, "198.51.100.1") == 429


@pytest.mark.parametrize("text", ["localhost", "10.0.0.1/24", "10.0.0.0/33", "127.0.0.1; ::1"])
def test_a_proxy_that_is_no_address_is_named_at_the_start(tmp_path, text):
    with pytest.raises(SettingsError, match="FIELDAPP_TRUSTED_PROXIES"):
        Settings.from_environment({"FIELDAPP_INSTANCE": str(tmp_path), "FIELDAPP_TRUSTED_PROXIES": text})
