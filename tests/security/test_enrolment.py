"""Staff do nothing without a second factor, and give themselves one; who lost it is let in anew by an admin.

The demo, and a server that only its own machine reaches, are the exceptions (`fieldapp serve` sees to it).
"""

import base64
import dataclasses
import re
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
import segno

from fieldapp.app import create_app
from fieldapp.domain.access import OPERATOR
from fieldapp.services import second_factors
from fieldapp.storage import audit
from fieldapp.web import guards
from tests import cast, processes
from tests.client import Client
from tests.security.test_authorisation import doors, knock
from tests.security.test_second_factors import code, enter, password

STAFF = ("D001", "Q001", "M001", "A001")
HERE = "/me/second-factor/"


@pytest.fixture
def strict(settings, work):
    """The app as it is where nobody chose anything."""
    app = create_app(dataclasses.replace(settings, second_factor="staff"), work=work)
    app.test_client_class = Client
    return app


@pytest.fixture
def into(strict):
    def act(login):
        client = strict.test_client()
        assert password(client, login).status_code == 303
        return client

    return act


def offered(client, page: str | None = None) -> str:
    """The secret that the page offers, from its link, which has to be the one that people would type."""
    page = page or client.get(HERE).text
    [address] = re.findall(r'href="(otpauth:[^"]+)"', page)
    secret = parse_qs(urlsplit(address.replace("&amp;", "&")).query)["secret"][0]
    assert re.search(r'<code id="key">([^<]+)</code>', page)[1].replace(" ", "") == secret
    return secret


def confirm(client, clock, secret, **more):
    return client.post(HERE, data={"code": code(clock(), secret=secret), **more})


@pytest.mark.parametrize("login", STAFF)
def test_staff_without_one_get_through_no_door_but_that_of_their_second_factor(strict, into, login):
    client, open_doors = into(login), []
    for method, url, guard in doors(strict):
        if guard.startswith("public") or url.startswith(HERE):
            continue
        answer = knock(client, method, url)
        if method in {"GET", "HEAD"} and answer == 302:
            assert client.get(url).location.startswith(HERE), url
        elif answer not in {401, 403}:  # programs' doors: 401
            open_doors.append(f"{method} {url}: {answer}")
    assert open_doors == []


def test_the_door_that_is_open_to_them_is_one_alone(strict):
    """Whoever writes `to_enrol` at another blueprint has to say so here."""
    told = [name for name, guard in strict.extensions["guards"].items() if guard.check is guards._refuse_strangers]
    assert told == ["factor"]


def test_they_are_led_there_give_themselves_one_and_go_on_where_they_wanted_to(strict, into, clock, work):
    client = into("M001")
    led = client.get("/scores/norm?x=1").location
    page = client.get(led).text
    assert 'value="/scores/norm?x=1"' in page
    assert 'href="/scores/"' not in page, "the bar offers nothing that would lead back here"
    secret = offered(client)
    assert offered(client) == secret, "whoever scanned it may load the page again"
    wrong = client.post(HERE, data={"code": "000000", "next": "/scores/norm"})
    assert (wrong.status_code, offered(client)) == (422, secret)
    assert "does not show this code" in wrong.text
    done = confirm(client, clock, secret, next="/scores/norm?x=1")
    codes = re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", done.text)
    assert len(set(codes)) == second_factors.RECOVERY_CODES
    assert 'href="/scores/norm?x=1"' in done.text
    assert client.get("/scores/norm").status_code == 200
    assert not set(codes) & set(re.findall(r"<code>([^<]+)</code>", client.get(HERE).text)), "shown once"
    later = strict.test_client()
    assert password(later).location == "/login/code"
    assert enter(later, code(clock(), secret=secret)).status_code == 401, "the code that confirmed is used up"
    assert enter(later, codes[0]).status_code == 303
    with work.read() as db:
        assert [one.action for one in audit.about(db, cast.MAIN, ["M001"])].count("account.second_factor_chosen") == 1


def test_the_picture_says_what_the_link_says(into):
    client = into("D001")
    address = f"otpauth://totp/fieldapp:D001?secret={offered(client)}&issuer=fieldapp"
    strokes = re.search(r'<path class="qrline"[^>]* d="([^"]+)"', client.get(HERE).text)
    drawn = segno.make_qr(address, error="m").svg_inline(scale=4, border=4, dark="#000", light="#fff")
    assert strokes[1] == re.search(r'<path class="qrline"[^>]* d="([^"]+)"', drawn)[1]


def test_each_session_is_offered_a_secret_of_its_own_and_nothing_of_it_is_kept(into, clock, work):
    here, there = into("D001"), into("D001")
    first, second = offered(here), offered(there)
    assert first != second
    assert len(base64.b32decode(first)) == 20
    assert confirm(here, clock, second).status_code == 422
    assert second_factors.standing(work, cast.D001.actor) is None
    assert confirm(here, clock, first).status_code == 200
    assert there.get(HERE).location.startswith("/login"), "what came in by the password alone is out"


def test_technicians_and_programs_need_none(into):
    client = into("T001")
    assert client.get("/me/").status_code == 200
    assert "needs one" not in client.get(HERE).text


def test_one_that_an_admin_takes_away_is_missing_from_the_next_click_on(strict, into, clock, work):
    mine = into("M001")
    confirm(mine, clock, offered(mine))
    boss = into("A001")
    confirm(boss, clock, offered(boss))
    page = boss.get("/admin/accounts/M001").text
    assert "/admin/accounts/M001/second-factor/take" in page
    assert boss.post("/admin/accounts/M001/second-factor/take").status_code == 303
    assert mine.get("/scores/norm").location.startswith("/login")
    again = strict.test_client()
    assert password(again).location == "/scores/"
    assert again.get("/scores/").location.startswith(HERE)
    assert boss.post("/admin/accounts/M001/second-factor/take").status_code == 404
    with work.read() as db:
        [told] = [one for one in audit.about(db, cast.MAIN, ["M001"]) if one.action == "account.second_factor_taken"]
    assert told.by == "A001"


@pytest.mark.parametrize("login", ["T001", "D001", "Q001", "M001"])
def test_nobody_but_an_admin_takes_one_away(sign_in, work, login):
    second_factors.give(work, OPERATOR, "T002")
    assert sign_in(login).post("/admin/accounts/T002/second-factor/take").status_code == 403
    assert second_factors.standing(work, cast.T002.actor) is not None


def test_the_demo_needs_none_and_says_so(settings, work):
    app = create_app(dataclasses.replace(settings, second_factor="staff", demo=True), work=work)
    app.test_client_class = Client
    client = app.test_client()
    password(client)
    page = client.get("/scores/norm")
    assert page.status_code == 200
    assert "no second factor" in page.text


def test_a_server_that_others_reach_is_not_served_without(tmp_path):
    processes.run(tmp_path, "db", "upgrade")
    done = processes.run(
        tmp_path, "serve", "--port", "0", FIELDAPP_SECOND_FACTOR="chosen", FIELDAPP_BASE_URL="https://v.example.org"
    )
    assert done.returncode == 1
    assert "FIELDAPP_SECOND_FACTOR is chosen" in done.stderr
    assert processes.run(tmp_path, "db", "check", FIELDAPP_SECOND_FACTOR="off").returncode == 2


def test_a_company_is_no_demo_because_somebody_said_so(tmp_path):
    processes.run(tmp_path, "db", "upgrade")
    log = tmp_path / "log"
    with log.open("w") as stderr, processes.serving(tmp_path, stderr=stderr, FIELDAPP_DEMO="1") as port:
        answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=10)
        assert "demo-logins" not in answer.read().decode()
        answer.close()
    assert "this is no demo" in log.read_text()


def test_another_app_takes_the_place_of_the_one_before(strict, into, clock):
    client = into("M001")
    first = offered(client)
    confirm(client, clock, first)
    assert "otpauth:" not in client.get(HERE).text, "one click away, not on the way"
    second = offered(client, client.post(HERE + "another").text)
    assert second != first
    clock.advance(minutes=31)
    asked = confirm(client, clock, second)
    assert asked.status_code == 401, "half an hour later it wants the first one's code"
    given = code(clock(), secret=second)
    assert client.post(HERE, data={"code": given, "proof": code(clock(), secret=first)}).status_code == 200
    clock.advance(minutes=1)
    other = strict.test_client()
    password(other)
    assert enter(other, code(clock(), secret=first)).status_code == 401
    assert enter(other, code(clock(), secret=second)).status_code == 303


def test_new_recovery_codes_end_those_from_before(strict, into, clock, work):
    client = into("M001")
    old, new = (
        re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", page.text)
        for page in (confirm(client, clock, offered(client)), client.post(HERE + "codes"))
    )
    assert (len(new), set(old) & set(new)) == (10, set())
    other = strict.test_client()
    password(other)
    assert enter(other, old[0]).status_code == 401
    assert enter(other, new[0]).status_code == 303
    assert second_factors.standing(work, cast.M001.actor).codes == 9


def test_whose_role_needs_none_may_end_it_and_nobody_else(into, clock, work):
    for login, status in (("T001", 303), ("M001", 403)):
        client = into(login)
        confirm(client, clock, offered(client))
        assert client.post(HERE + "end").status_code == status
        kept = second_factors.standing(work, cast.BY_LOGIN[login].actor)
        assert (kept is None) is (login == "T001")
