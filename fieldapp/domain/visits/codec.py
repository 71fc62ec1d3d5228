"""Event data from and to plain JSON values, strictly: unknown types and fields, wrong kinds and nonsense are refused.

Owns the wire form of an event's `data`; envelopes differ by transport (sync push, history file) and are read there.
"""

import re
from typing import Any

import msgspec

from fieldapp.domain.errors import Invalid
from fieldapp.domain.visits.events import TYPES, Data

_decoders = {name: msgspec.json.Decoder(kind) for name, kind in TYPES.items()}
_encoder = msgspec.json.Encoder(order="deterministic")
#: After an even number of backslashes: an odd one ends with a backslash that was typed.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def read_data(kind: str, data: object) -> Data:
    """Plain JSON values (dicts, lists, strings ...) as the structure of event type `kind`.

    Raises `Invalid("type_unknown")` or `Invalid("schema_invalid", path=..., problem=...)`.
    """
    structure = TYPES.get(kind)
    if structure is None:
        raise Invalid("type_unknown", value=str(kind)[:64])
    try:
        value = msgspec.convert(_house_form(_without_tag(data)), structure)
    except (msgspec.ValidationError, ValueError) as error:
        raise _invalid(error) from None
    _refuse_nul(value)
    return value


def load_data(kind: str, raw: bytes) -> Data:
    """What `dump_data` wrote, trusted: it was checked when it was stored."""
    return _decoders[kind].decode(raw)


def dump_data(data: Data) -> bytes:
    """Canonical bytes: sorted keys, no tag, no fields that were left out; equal data give equal bytes."""
    return _encoder.encode(plain(data))


def plain(data: Data) -> dict[str, Any]:
    """The structure as plain JSON values, without the type tag (the envelope carries it)."""
    values: dict[str, Any] = msgspec.to_builtins(data)
    values.pop("type", None)
    return values


def _without_tag(data: object) -> object:
    if isinstance(data, dict) and "type" in data:
        raise msgspec.ValidationError("Object contains unknown field `type`")
    return data


def _house_form(data: object) -> object:
    """Other systems write amounts as numbers and stroke points as objects: the same facts in our one form."""
    if not isinstance(data, dict):
        return data
    changed: dict[str, object] = {}
    if "amount" in data:
        changed["amount"] = _as_text(data["amount"])
    if isinstance(data.get("charges"), list):
        changed["charges"] = [_house_form(charge) for charge in data["charges"]]
    if isinstance(data.get("strokes"), list):
        changed["strokes"] = [_stroke(stroke) for stroke in data["strokes"]]
    return {**data, **changed} if changed else data


def _as_text(amount: object) -> object:
    is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
    return str(amount) if is_number else amount


def _stroke(stroke: object) -> object:
    """`{points: [...]}` or a bare list; a point is `[x, y, time, pressure]` or an object with these names."""
    points = stroke.get("points") if isinstance(stroke, dict) else stroke
    if not isinstance(points, list):
        return stroke
    return [_point(point) for point in points]


def _point(point: object) -> object:
    if not isinstance(point, dict) or not {"x", "y"} <= point.keys():
        return point
    moment = point.get("time", point.get("t", 0))
    return [point["x"], point["y"], moment, point.get("pressure", point.get("p", 0))]


def _invalid(error: Exception) -> Invalid:
    problem, _, path = str(error).partition(" - at ")
    return Invalid("schema_invalid", path=path.strip("`").removeprefix("$.") or "data", problem=problem)


def holds_nul(encoded: bytes) -> bool:
    """Whether JSON, as our encoder writes it, has a NUL in a text. Who types the six signs of its escape has none."""
    return b"\\u0000" in encoded and _NUL.search(encoded) is not None


def _refuse_nul(value: Data) -> None:
    # PostgreSQL cannot hold U+0000 and no person types it; lone surrogates cannot be stored as UTF-8 either.
    try:
        encoded = _encoder.encode(value)
    except (UnicodeEncodeError, ValueError):
        raise Invalid("schema_invalid", path="data", problem="text is not Unicode") from None
    if holds_nul(encoded):
        raise Invalid("schema_invalid", path="data", problem="text holds a NUL character")
