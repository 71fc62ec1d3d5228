"""`/openapi.json`: the API described (OpenAPI 3.1), made of the operations and structures that enforce it."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from flask import Blueprint, Response, current_app
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from fieldapp import __version__
from fieldapp.domain.access import SCOPES
from fieldapp.web.api.v1.operations import OPERATIONS, Operation
from fieldapp.web.api.v1.reading import JSON, is_required

blueprint = Blueprint("api_description", __name__)

Schema = dict[str, Any]
_PROBLEM = "application/problem+json"
_PART = re.compile(r"<(?:\w+:)?(\w+)>")
_REFUSALS = {
    401: "No token, or none that is good.",
    403: "The token has not the scope, or the request came from a page of another site.",
    422: "A value is not as described, or the rules of planning forbid it: `code` says which.",
    429: "Asked too often: come again after `Retry-After` seconds.",
    503: "The server cannot do it right now: come again after `Retry-After` seconds. Nobody knows whether it was done.",
}
_WITH_BODY = {400: "The body is no JSON.", 413: "The body is too large.", 415: "The body is not `application/json`."}
_PARTS: dict[str, Schema] = {
    "external_id": {
        "schema": {"type": "string", "minLength": 1, "maxLength": 64}, "description": "The order number.",
        "example": "WO-1",
    },
    "appeal": {"schema": {"type": "string", "format": "uuid"}},
    "adjustment": {"schema": {"type": "string", "format": "uuid"}},
    "finding": {"schema": {"type": "string", "format": "uuid"}},
    "webhook": {"schema": {"type": "string", "format": "uuid"}},
    "month": {"schema": {"type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$"}, "example": "2026-09"},
    "technician": {
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"},
        "description": "The staff code.", "example": "T001",
    },
}  # fmt: skip


class Fault(Struct, frozen=True):
    """One thing that is wrong with a request: where (a JSON pointer; `#/name` for a parameter), and what."""

    pointer: str
    detail: str


class Problem(Struct, frozen=True):
    """Why not (RFC 9457). `code` is stable; `title` is a sentence in the language of `Accept-Language`."""

    type: str
    title: str
    status: int
    code: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    errors: list[Fault] | msgspec.UnsetType = msgspec.UNSET


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The description; anybody may read it."""
    response: Response = current_app.response_class(_document(), content_type=JSON)
    return response


@cache
def _document() -> bytes:
    bodies = {kind for one in OPERATIONS for kind in (one.body, one.answer) if kind}
    _, schemas = msgspec.json.schema_components([*sorted(bodies, key=str), Problem], ref_template=_ref("{name}"))
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(_PART.sub(r"{\1}", one.path), {})[one.method.lower()] = _described(one)
    return msgspec.json.encode({
        "openapi": "3.1.0",
        "info": {
            "title": "fieldapp", "version": __version__, "license": {"name": "MIT", "identifier": "MIT"},
            "description": "Home visits and the scores behind them, for other programs. See docs/api.md.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(one) for one in OPERATIONS)],
        "paths": paths,
        "components": {
            "schemas": _for_everybody(schemas),
            "securitySchemes": {"token": {
                "type": "http", "scheme": "bearer",
                "description": f"`branch.secret`, made by `fieldapp token add`. Scopes: {', '.join(SCOPES)}.",
            }},
        },
    })  # fmt: skip


def _described(one: Operation) -> Schema:
    found: Schema = {
        "operationId": one.name, "summary": one.title, "tags": [_tag(one)],
        "description": f"{one.about}\n\nScope: `{one.scope}`.".strip(),
        "parameters": [*_path_parts(one), *_headers(one), *map(_parameter, fields(one.query) if one.query else ())],
        "responses": _responses(one),
    }  # fmt: skip
    if one.body is not None:
        found["requestBody"] = {"required": True, "content": {JSON: {"schema": {"$ref": _ref(one.body.__name__)}}}}
    return found


def _responses(one: Operation) -> dict[str, Schema]:
    refusals = {**_REFUSALS, **(_WITH_BODY if one.body else {}), **one.refusals}
    answer: Schema = {"$ref": _ref(one.answer.__name__)}
    if one.is_list:
        answer = {
            "type": "object", "required": ["items", "next"], "additionalProperties": False,
            "properties": {"items": {"type": "array", "items": answer}, "next": {"type": ["string", "null"]}},
        }  # fmt: skip
    problem = {_PROBLEM: {"schema": {"$ref": _ref("Problem")}}}
    return {
        str(one.status): {"description": one.title, "content": {JSON: {"schema": answer}}},
        **{str(status): {"description": when, "content": problem} for status, when in sorted(refusals.items())},
    }


def _path_parts(one: Operation) -> Iterable[Schema]:
    for name in _PART.findall(one.path):
        yield {"name": name, "in": "path", "required": True, **_PARTS[name]}


def _headers(one: Operation) -> Iterable[Schema]:
    if one.keyed:
        schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
        about = "Of your own making, another one for each request: the same request again is carried out once."
        yield {"name": "Idempotency-Key", "in": "header", "required": False, "description": about, "schema": schema}
    if one.matched:
        about = "The `ETag` that you have seen: nothing is changed when the visit has another one by now."
        yield {"name": "If-Match", "in": "header", "required": False, "description": about,
               "schema": {"type": "string"}, "example": '"7"'}  # fmt: skip


def _parameter(field: FieldInfo) -> Schema:
    (schema,), _ = msgspec.json.schema_components([field.type])
    return {
        "name": field.encode_name, "in": "query", "required": is_required(field), "schema": _for_everybody(schema),
    }  # fmt: skip


def _tag(one: Operation) -> str:
    return one.path.split("/")[1]


def _ref(name: str) -> str:
    return f"#/components/schemas/{name}"


def _for_everybody(schema: Any) -> Any:
    """The same schema with patterns as JSON Schema writes them: `\\Z` is Python's own."""
    if isinstance(schema, dict):
        return {name: _for_everybody(value) for name, value in schema.items()}
    if isinstance(schema, list):
        return [_for_everybody(value) for value in schema]
    return schema.replace(r"\Z", "$") if isinstance(schema, str) else schema
