"""The forms that push services take: the RFC's own example, the receiving side, and the proof of who sends."""

from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from fieldapp.services import web_push
from fieldapp.services.web_push import PushKey
from fieldapp.storage.push_subscriptions import Address
from tests import cast
from tests.push_services import Browser, admitted, coded, decoded
from tests.receivers import Receiver

SERVICE = Receiver("https://push.example.net")


@pytest.fixture
def key(tmp_path):
    return PushKey.open_or_make(tmp_path / "push-key.pem")


def address(browser: Browser) -> Address:
    return Address(browser.endpoint, browser.public, browser.auth)


def test_the_example_of_rfc_8291_byte_for_byte():
    private = int.from_bytes(decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
    found = web_push.encrypted(
        b"When I grow up, I want to be a watermelon",
        Address(
            "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
            decoded("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
            decoded("BTBZMqHH6r4Tts7J_aSIgg"),
        ),
        salt=decoded("DGv6ra1nlYgDCS1FRnbzlw"), sender=ec.derive_private_key(private, ec.SECP256R1()),
    )  # fmt: skip
    assert coded(found) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru"
        "3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_only_the_browser_that_it_is_for_opens_it_and_no_two_look_alike():
    browser, other = Browser(SERVICE), Browser(SERVICE)
    first, second = (web_push.encrypted("您好".encode(), address(browser)) for _ in range(2))
    assert browser.open(first).decode() == browser.open(second).decode() == "您好"
    assert first != second
    with pytest.raises(InvalidTag):
        other.open(first)


def test_the_proof_names_the_push_service_its_end_and_whom_to_complain_to(key):
    header = key.authorization("https://push.example.net:8443/push/one?x=1", "mailto:visits@example.org", cast.NOW)
    claims, public = admitted({"Authorization": header})
    assert public == key.public
    assert claims == {
        "aud": "https://push.example.net:8443", "sub": "mailto:visits@example.org",
        "exp": int((cast.NOW + timedelta(hours=12)).timestamp()),
    }  # fmt: skip


def test_a_proof_that_was_changed_is_none(key):
    header = key.authorization("https://push.example.net/one", "mailto:visits@example.org", cast.NOW)
    head, claims, rest = header.split(".")
    forged = coded(decoded(claims).replace(b"push.example.net", b"push.example.com"))
    with pytest.raises(InvalidSignature):
        admitted({"Authorization": ".".join((head, forged, rest))})


def test_the_key_is_made_once_for_nobody_else_to_read(tmp_path, key):
    path = tmp_path / "push-key.pem"
    assert PushKey.open_or_make(path).public == key.public
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [(b"", b"a" * 16), (b"\x04" + b"\x01" * 64, b"a" * 16), (b"\x04" * 65, b"a" * 16), (None, b"a" * 15)],
)
def test_keys_that_nothing_can_be_encrypted_with(p256dh, auth):
    assert not web_push.are_usable(Browser(SERVICE).public if p256dh is None else p256dh, auth)
