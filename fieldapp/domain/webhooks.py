"""Telling other programs what happened: of which facts, where to, and how they know that it was us.

Owns which addresses are public and how a body is signed. Sending is `services.posting`'s.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from fieldapp.domain.errors import Invalid
from fieldapp.domain.visits.events import BY_OFFICE, BY_PHONE

#: What a program may be told of: what happens to visits. What customers answered, and what was found about people, is
#: read with a scope of its own.
TYPES = frozenset(BY_OFFICE | BY_PHONE) - {"answers.given"}
LONGEST_URL = 500
#: So many webhooks a branch.
MOST = 20

_NAT64 = IPv6Network("64:ff9b::/96")
#: Ways through which an IPv6 address reaches an IPv4 one that it merely holds.
_TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"), IPv6Network("64:ff9b:1::/48"))


def is_public(address: str, *, loopback: bool = False) -> bool:
    """Whether an address (as a resolver gives it) belongs to the public internet: not to this machine, its network or
    a neighbour's. `loopback`: this machine will do, too."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        held = ip.ipv4_mapped or (IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _NAT64 else None)
        if held is not None:
            return is_public(str(held), loopback=loopback)
        if ip.is_site_local or any(ip in tunnel for tunnel in _TUNNELS):
            return False
    if ip.is_loopback:
        return loopback
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


def check_types(types: Sequence[str]) -> frozenset[str]:
    """The types that are asked for, all where none is named. Raises `Invalid` webhook_event."""
    for one in types:
        if one not in TYPES:
            raise Invalid("webhook_event", field="events", value=one)
    return frozenset(types) or TYPES


def signature(secret: str, body: bytes, now: datetime) -> str:
    """The header that proves who sent the body, and when: `t=...,v1=...`."""
    stamp = int(now.timestamp())
    return f"t={stamp},v1={hmac.digest(secret.encode(), f'{stamp}.'.encode() + body, 'sha256').hex()}"
