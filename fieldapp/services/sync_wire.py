"""A push as bytes, read without ever failing as a whole for the fault of one event (design: sync.md, security.md 11).

Owns the envelopes' shapes. An event that cannot be read becomes a `Bad` with its raw bytes; only a batch whose own
envelope cannot be read is refused.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from fieldapp.domain.errors import DomainError, Invalid
from fieldapp.domain.visits import codec
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.device_time import Contact, Stamp
from fieldapp.domain.visits.upcasting import VERSIONS, Versions

#: The protocols that are spoken, newest last, and the last day of each (None: it has no successor). A protocol is
#: spoken for at least 90 days after its successor came out.
PROTOCOLS: Mapping[int, date | None] = {1: None}
PROTOCOL = max(PROTOCOLS)
MAX_EVENTS = 100
MAX_BYTES = 256 * 1024

_Uuid = ev.Uuid
_Hex64 = ev.Sha256
# A phone without power begins at 1970, and people set clocks to any year they are offered: 1e13 is the year 2286.
_Milliseconds = Annotated[float, Meta(ge=-1e13, le=1e13)]
_Wall = Annotated[float, Meta(ge=0, le=1e13)]
_Count = Annotated[int, Meta(ge=0, le=2_000_000_000)]
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError, ValueError)


class TooLarge(DomainError):
    """More events or bytes than one push may hold; nothing was stored."""

    code = "batch_too_large"


class Outdated(DomainError):
    """A protocol that this server does not speak; nothing was stored."""

    code = "protocol_unknown"


class _Batch(Struct, frozen=True):
    protocol: int
    device_id: _Uuid
    events: list[Raw]
    batch_id: Raw = Raw(b"null")
    server_epoch: Raw = Raw(b"null")
    client: Raw = Raw(b"null")
    clock: Raw = Raw(b"null")


class _Clock(Struct, frozen=True):
    wall: _Wall | None = None
    mono: _Milliseconds | None = None
    boot: Annotated[str, Meta(max_length=64)] | None = None
    off: _Milliseconds | None = None


class _Entry(Struct, frozen=True, forbid_unknown_fields=True):
    id: _Uuid
    seq: Annotated[int, Meta(ge=1, le=2_000_000_000)]
    prev: _Hex64
    hash: _Hex64
    payload: str


class _Sample(Struct, frozen=True, forbid_unknown_fields=True):
    off: _Milliseconds | None = None
    rtt: _Milliseconds | None = None
    age: _Milliseconds | None = None


class Payload(Struct, frozen=True, forbid_unknown_fields=True):
    """What the phone hashed: one fact with the phone's own times."""

    v: int
    type: str
    visit_id: _Uuid
    visit_rev: _Count
    actor: ev.Staff
    wall: _Wall
    mono: Annotated[float, Meta(ge=0, le=1e12)]
    boot: Annotated[str, Meta(max_length=64)]
    data: Any
    clk: _Sample | None = None
    tz: Annotated[float, Meta(ge=-1440, le=1440)] | None = None


class _Located(Struct, frozen=True):
    visit_id: _Uuid


class _Versioned(Struct, frozen=True):
    v: int


class _Worded(Struct, frozen=True):
    payload: str


class _Signed(Struct, frozen=True):
    actor: ev.Staff


@dataclass(frozen=True, slots=True)
class Item:
    """A readable entry of a batch. `fact` is None where its payload is none; `problem` then says why."""

    place: int
    raw: bytes
    id: str
    seq: int
    prev: str
    hash: str
    payload: str
    digest: str  # what `hash` should be
    fact: Payload | None
    data: ev.Data | None
    problem: str


@dataclass(frozen=True, slots=True)
class Bad:
    """An entry that cannot even be put into its place; `id` and `seq` are what could be made out of it."""

    place: int
    raw: bytes
    id: str | None
    seq: str | None
    problem: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A push, read. `client` is plain JSON of what the phone says of itself."""

    batch_id: str | None
    device_id: str
    server_epoch: str | None
    client: dict[str, Any]
    clock: _Clock
    items: tuple[Item, ...]
    bad: tuple[Bad, ...]

    @property
    def size(self) -> int:
        """How many entries there are, readable or not."""
        return len(self.items) + len(self.bad)

    def actors(self) -> set[str]:
        """Whose facts these say they are, as far as anybody can read them."""
        payloads = (one.payload if isinstance(one, Item) else _payload_of(one.raw) for one in self.items + self.bad)
        return {name for payload in payloads if (name := _actor_of(payload)) is not None}

    @property
    def clock_json(self) -> bytes:
        """The phone's clocks, to be kept."""
        return msgspec.json.encode(self.clock)

    def contact(self, received: float) -> Contact:
        """The clocks of this push."""
        return Contact(received, self.clock.wall, self.clock.mono, self.clock.boot, self.clock.off)


_batches = msgspec.json.Decoder(_Batch)
_entries = msgspec.json.Decoder(_Entry)
_payloads = msgspec.json.Decoder(Payload)
_located = msgspec.json.Decoder(_Located)
_versioned = msgspec.json.Decoder(_Versioned)
_worded = msgspec.json.Decoder(_Worded)
_signed = msgspec.json.Decoder(_Signed)
_clocks = msgspec.json.Decoder(_Clock)


def is_spoken(protocol: int, today: date, protocols: Mapping[int, date | None] = PROTOCOLS) -> bool:
    """Whether a phone that speaks it may still push."""
    last = protocols.get(protocol, date.min)
    return last is None or today <= last


def read_batch(body: bytes, today: date, *, most: int = MAX_BYTES, versions: Versions = VERSIONS) -> Batch:
    """Raises `Invalid` for an envelope that is none, `TooLarge` beyond `most` bytes, `Outdated`."""
    if len(body) > most:
        raise TooLarge()
    try:
        envelope = _batches.decode(body)
    except _UNREADABLE:
        envelope = _patient(body)
    if not is_spoken(envelope.protocol, today):
        raise Outdated(protocol=str(envelope.protocol)[:20])
    if len(envelope.events) > MAX_EVENTS:
        raise TooLarge()
    items: list[Item] = []
    bad: list[Bad] = []
    for place, raw in enumerate(envelope.events):
        one = read_entry(place, bytes(raw), versions)
        if isinstance(one, Item):
            items.append(one)
        else:
            bad.append(one)
    return Batch(
        batch_id=_text(envelope.batch_id), device_id=envelope.device_id, server_epoch=_text(envelope.server_epoch),
        client=_client(envelope.client), clock=_clock(envelope.clock), items=tuple(items), bad=tuple(bad),
    )  # fmt: skip


def lone(device_id: str, item: Item, clock: bytes) -> Batch:
    """One entry as a batch of its own, with the clocks of the push that brought it."""
    return Batch(None, device_id, None, {}, _clock(clock), (item,), ())


def visit_named(payload: str) -> str | None:
    """The visit that a payload names, however little else of it can be read."""
    try:
        return _located.decode(payload).visit_id
    except _UNREADABLE:
        return None


def stamp(fact: Payload, data: ev.Data) -> Stamp:
    """The fact's own evidence of its time."""
    clk = fact.clk or _Sample()
    gps = data.gps if isinstance(data, ev.VisitArrived) else None
    fix = gps.ts if gps is not None and isinstance(gps.ts, int | float) else None
    return Stamp(fact.wall, fact.mono, fact.boot, clk.off, clk.age, fix)


def read_entry(place: int, raw: bytes, versions: Versions = VERSIONS) -> Item | Bad:
    """One entry of a batch, never failing."""
    try:
        entry = _entries.decode(raw)
    except _UNREADABLE as error:
        members = _members(raw)
        return Bad(place, raw, _text(members.get("id", b"")), _shown(members.get("seq", b"")), _why(error))
    digest = hashlib.sha256(f"{entry.prev}\n{entry.payload}".encode()).hexdigest()
    fact, data, problem = _read_payload(entry.payload, versions)
    return Item(
        place, raw, entry.id, entry.seq, entry.prev, entry.hash, entry.payload, digest, fact, data, problem,
    )  # fmt: skip


def _payload_of(raw: bytes) -> str:
    try:
        return _worded.decode(raw).payload
    except _UNREADABLE:
        return ""


def _actor_of(payload: str) -> str | None:
    try:
        return _signed.decode(payload).actor
    except _UNREADABLE:
        return None


def _read_payload(text: str, versions: Versions) -> tuple[Payload | None, ev.Data | None, str]:
    try:
        fact = _in_todays_form(text, versions)
        if fact.type not in ev.BY_PHONE:
            return None, None, f"type: {fact.type[:64]!r} is not recorded by phones"
        data = codec.read_data(fact.type, fact.data)
    except Invalid as error:
        return None, None, f"{error.code} {dict(error.facts)}"[:500]
    except _UNREADABLE as error:
        return None, None, _why(error)
    if "\x00" in fact.boot:
        return None, None, "boot: text holds a NUL character"
    return fact, data, ""


def _in_todays_form(text: str, versions: Versions) -> Payload:
    """Today's version without a detour; another one by way of plain values, step by step."""
    try:
        fact = _payloads.decode(text)
        if fact.v == versions.current:
            return fact
    except msgspec.ValidationError:
        if _versioned.decode(text).v == versions.current:
            raise
    return msgspec.convert(versions.upcast(msgspec.json.decode(text, type=dict[str, Any])), Payload)


def _patient(body: bytes) -> _Batch:
    """Read the envelope around an event that breaks the fast reader (nesting, half surrogates, bad UTF-8)."""
    members = _members(body)
    try:
        return _Batch(
            protocol=msgspec.json.decode(members["protocol"], type=int),
            device_id=msgspec.json.decode(members["device_id"], type=_Uuid),
            events=[Raw(part) for part in _elements(members["events"])],
            **{name: Raw(members[name]) for name in ("batch_id", "server_epoch", "client", "clock") if name in members},
        )
    except KeyError as error:
        raise Invalid("schema_invalid", path=str(error.args[0]), problem="missing") from None
    except _UNREADABLE as error:
        raise Invalid("schema_invalid", path="batch", problem=_why(error)) from None


def _text(raw: bytes | Raw) -> str | None:
    """A short JSON string, else None."""
    try:
        value = msgspec.json.decode(raw, type=str)
    except _UNREADABLE:
        return None
    return value.replace("\x00", "")[:64]


def _shown(raw: bytes) -> str | None:
    return raw[:40].decode("ascii", "replace").replace("\x00", "") or None


def _client(raw: Raw) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(raw, type=dict[str, str | float | bool | None])
    except _UNREADABLE:
        return {}
    known = ("app", "schema", "persisted", "outbox", "photos", "oldest", "quota", "usage", "sealed")
    return {
        name: one.replace("\x00", "")[:64] if isinstance(one, str) else one
        for name, one in value.items()
        if name in known
    }


def _clock(raw: Raw | bytes) -> _Clock:
    try:
        return _clocks.decode(raw)
    except _UNREADABLE:
        return _Clock()


def _why(error: Exception) -> str:
    return str(error).replace("\x00", "")[:500] or type(error).__name__


_TOKEN = re.compile(rb'[ \t\r\n]*+("(?:[^"\\]|\\.)*+"|[\[\]{},:]|[^\s"\[\]{},:]++)', re.S)


def _members(raw: bytes) -> dict[str, bytes]:
    """The members of a JSON object as raw bytes, without looking into them; empty when it is no object."""
    found: dict[str, bytes] = {}
    try:
        for part in _parts(raw, b"{"):
            name = _TOKEN.match(part)
            colon = _TOKEN.match(part, name.end()) if name else None
            if name and colon and colon.group(1) == b":":
                found[name.group(1).strip(b'"').decode("utf-8", "replace")] = part[colon.end() :].strip()
    except ValueError:
        return {}
    return found


def _elements(raw: bytes) -> list[bytes]:
    """The elements of a JSON array as raw bytes. Raises ValueError when it is no array."""
    if not raw.lstrip().startswith(b"["):
        raise ValueError("events: not a list")
    return list(_parts(raw, b"["))


def _parts(raw: bytes, opening: bytes) -> Iterator[bytes]:
    """What stands between the commas of the outermost brackets; a loop, so that nesting cannot exhaust anything."""
    depth = start = place = 0
    while (token := _TOKEN.match(raw, place)) is not None:
        mark, place = token.group(1), token.end()
        if mark in (b"{", b"["):
            depth += 1
            if depth == 1:
                if mark != opening:
                    return
                start = place
        elif mark in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                last = raw[start : place - 1].strip()
                if last:
                    yield last
                return
        elif mark == b"," and depth == 1:
            yield raw[start : place - 1].strip()
            start = place
    raise ValueError("JSON ends too early")
