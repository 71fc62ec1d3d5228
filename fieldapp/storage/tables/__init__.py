"""The tables as `*Row` classes, one file per noun. Seen by `storage` alone."""

from fieldapp.storage.tables import (
    accounts,
    adjustments,
    appeals,
    approvals,
    audit,
    blobs,
    calendars,
    call_backs,
    cases,
    causes,
    claims,
    closing,
    devices,
    erasures,
    events,
    findings,
    jobs,
    links,
    messages,
    pins,
    push_subscriptions,
    rulebooks,
    saved_filters,
    scoring,
    server,
    spot_checks,
    tokens,
    visits,
    webhooks,
)
from fieldapp.storage.tables.base import Base

__all__ = [
    "Base", "accounts", "adjustments", "appeals", "approvals", "audit", "blobs", "calendars", "call_backs", "cases",
    "causes", "claims", "closing", "devices", "erasures", "events", "findings", "jobs", "links", "messages", "pins",
    "push_subscriptions", "rulebooks", "saved_filters", "scoring", "server", "spot_checks", "tokens", "visits",
    "webhooks",
]  # fmt: skip
