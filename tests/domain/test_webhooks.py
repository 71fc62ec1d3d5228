"""Which addresses may be told of things, and how a body is signed."""

import hashlib
import hmac

import pytest

from fieldapp.domain.errors import Invalid
from fieldapp.domain.webhooks import TYPES, check_types, is_public, signature
from tests import cast


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_public_internet(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "::", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
        "255.255.255.255", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1",
        "2002:7f00:1::", "2001:0:a00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_of_this_machine_its_network_and_no_network_at_all(address):
    assert not is_public(address)


def test_this_machine_only_where_it_is_allowed_and_then_no_other_private_one():
    assert is_public("127.0.0.1", loopback=True)
    assert is_public("::ffff:127.0.0.1", loopback=True)
    assert not is_public("10.0.0.1", loopback=True)


def test_without_types_all_of_them_and_what_customers_answered_is_none():
    assert check_types([]) == TYPES
    assert check_types(["visit.arrived"]) == {"visit.arrived"}
    for one in ("answers.given", "finding.recorded", "no.such"):
        with pytest.raises(Invalid, match="webhook_event"):
            check_types([one])


def test_the_signature_covers_time_and_body():
    stamp = int(cast.NOW.timestamp())
    expected = hmac.new(b"whsec_x", f"{stamp}.".encode() + b"{}", hashlib.sha256).hexdigest()
    assert signature("whsec_x", b"{}", cast.NOW) == f"t={stamp},v1={expected}"
