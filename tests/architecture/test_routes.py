"""Deny by default: every route stands behind a guard that was named when its blueprint was registered."""

import pytest

from fieldapp.web import guards

#: The only places that strangers may enter. A new one is a decision: add it here with its reason.
PUBLIC = {"assets", "health", "auth", "customer", "calendar_feed", "invited", "pwa", "privacy", "api_description"}


@pytest.fixture
def endpoints(app):
    return sorted({rule.endpoint for rule in app.url_map.iter_rules()})


def test_every_route_has_a_guard(app, endpoints):
    assert [endpoint for endpoint in endpoints if guards.guard_of(app, endpoint) is None] == []


def test_only_the_named_places_are_public(app, endpoints):
    public = {
        endpoint.partition(".")[0] for endpoint in endpoints if guards.guard_of(app, endpoint).startswith("public")
    }
    assert public <= PUBLIC


def test_the_guard_of_a_blueprint_runs_before_anything_else(app):
    for name, guard in app.extensions["guards"].items():
        assert app.before_request_funcs[name][0] is guard.check


def test_a_stranger_gets_no_page_that_is_not_public(app, client, endpoints):
    open_doors = []
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or guards.guard_of(app, rule.endpoint).startswith("public"):
            continue
        values = {name: "x" if name not in {"month"} else "2026-10" for name in rule.arguments}
        with app.test_request_context():
            url = app.url_for(rule.endpoint, **{name: _example(rule, name) for name in values})
        status = client.get(url).status_code
        if status not in {302, 401, 403, 404}:
            open_doors.append(f"{url}: {status}")
    assert open_doors == []


def _example(rule, name):
    """A value that the converter of this part of the address takes."""
    kind = type(rule._converters[name]).__name__
    return {
        "IntegerConverter": 1, "UUIDConverter": "00000000-0000-7000-8000-000000000000", "FloatConverter": 1.0,
    }.get(kind, "x")  # fmt: skip
