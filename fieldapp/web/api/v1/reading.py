"""Reading a request as its structure says: everything that is wrong with it is named at once.

Unknown fields and parameters are refused, as misspelt ones would be lost without a word. Owns no meaning of a value:
that is the services'.
"""

from typing import Any, TypeVar, get_origin

import msgspec
from flask import request
from msgspec import Struct
from msgspec.structs import FieldInfo, fields
from werkzeug.exceptions import UnsupportedMediaType

from fieldapp.domain.errors import Invalid
from fieldapp.domain.visits import codec
from fieldapp.web.bodies import read_body

JSON = "application/json"
LARGEST = 256 * 1024

Kind = TypeVar("Kind", bound=Struct)
#: What stands before the place in msgspec's own words.
_AT = " - at `$"


def body(kind: type[Kind], largest: int = LARGEST) -> Kind:
    """The JSON body, of at most `largest` bytes. Raises 415, 413, `Invalid` bad_request (no JSON) and schema_invalid
    with all `errors`."""
    if request.mimetype != JSON:
        raise UnsupportedMediaType()
    try:
        given = msgspec.json.decode(read_body(largest))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Invalid("json_malformed") from None
    return _read(kind, given, strict=True)


def query(kind: type[Kind]) -> Kind:
    """The parameters of the address. Raises `Invalid` schema_invalid with all `errors`."""
    lists = {field.encode_name for field in fields(kind) if get_origin(field.type) is list}
    given = {name: values if name in lists or len(values) > 1 else values[0] for name, values in request.args.lists()}
    return _read(kind, given, strict=False)


def revision() -> int | None:
    """The revision that `If-Match` names; None without one, and for `*`. Anything else names none that there is."""
    asked = request.headers.get("If-Match")
    if asked is None or request.if_match.star_tag:
        return None
    tags = list(request.if_match)
    tag = (tags[0] or "") if len(tags) == 1 else ""  # an empty one is read as None
    return int(tag) if tag.isascii() and tag.isdigit() and len(tag) < 10 else -1


def _read(kind: type[Kind], given: Any, *, strict: bool) -> Kind:
    try:
        found = msgspec.convert(given, kind, strict=strict)
    except (msgspec.ValidationError, ValueError) as error:
        faults = _faults(kind, given, strict) or [_fault(error)]
        raise Invalid(
            "schema_invalid",
            path=faults[0]["pointer"].removeprefix("#/").replace("/", "."),
            problem=faults[0]["detail"],
            errors=faults,
        ) from None
    if strict and codec.holds_nul(msgspec.json.encode(found)):
        raise Invalid("schema_invalid", path="-", problem="text holds a NUL character")
    return found


def _faults(kind: type[Struct], given: Any, strict: bool) -> list[dict[str, str]]:
    """One fault for each field at the top, as msgspec by itself stops at the first."""
    if not isinstance(given, dict):
        return []
    known = {field.encode_name: field for field in fields(kind)}
    faults = [{"pointer": f"#/{name}", "detail": "Unknown field"} for name in given.keys() - known.keys()]
    for name, field in known.items():
        if name not in given:
            if is_required(field):
                faults.append({"pointer": f"#/{name}", "detail": "Missing"})
            continue
        try:
            msgspec.convert(given[name], field.type, strict=strict)
        except (msgspec.ValidationError, ValueError) as error:
            faults.append(_fault(error, name))
    return sorted(faults, key=lambda one: one["pointer"])


def _fault(error: Exception, *before: str) -> dict[str, str]:
    problem, _, place = str(error).partition(_AT)
    steps = place.rstrip("`").replace("[", ".").replace("]", "").split(".")
    return {"pointer": "#/" + "/".join([*before, *filter(None, steps)]), "detail": problem}


def is_required(field: FieldInfo) -> bool:
    """Whether a request cannot do without it."""
    return field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
