"""The acceptance list of security.md, item 15: posts and fetches of other sites are refused on every such route."""

import pytest

from tests import cast

SAFE = {"GET", "HEAD", "OPTIONS"}
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://other.localhost"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
]


def changing(app):
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - SAFE):
            values = dict.fromkeys(rule.arguments, "x")
            kinds = {name: type(rule._converters[name]).__name__ for name in rule.arguments}
            values |= {name: 1 for name, kind in kinds.items() if kind in {"IntegerConverter", "FloatConverter"}}
            values |= {name: cast.T001.account_id for name, kind in kinds.items() if kind == "UUIDConverter"}
            with app.test_request_context():
                yield method, app.url_for(rule.endpoint, _method=method, **values)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_15_every_changing_route_refuses_other_sites(app, sign_in, headers):
    client = sign_in("A001")
    routes = list(changing(app))
    assert ("POST", "/login") in routes
    answers = {
        f"{method} {url}": client.open(
            url, method=method, headers=headers, data={"csrf_token": client.token()}
        ).status_code
        for method, url in routes
    }
    assert {route: status for route, status in answers.items() if status != 403} == {}


def test_15_nothing_was_done_for_another_site(sign_in):
    client = sign_in("A001")
    client.post("/admin/accounts/D001/disable", headers={"Origin": "https://evil.example"})
    client.post("/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert client.get("/me/").status_code == 200
    assert sign_in("D001")


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"},
     {"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Origin": "null"}],
    ids=str,
)  # fmt: skip
def test_15_our_own_pages_and_programs_pass(app, headers):
    client = app.test_client()
    answer = client.post("/login", data={"login": "D001", "password": cast.PASSWORD}, headers=headers)
    assert answer.status_code == 303


def test_15_pages_want_the_form_token_as_well(sign_in):
    client = sign_in("A001")
    assert client.post("/admin/accounts/D001/disable", csrf=False).status_code == 400
    assert client.post("/logout", csrf=False).status_code == 400
    assert sign_in("D001")
