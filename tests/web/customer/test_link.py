"""`/c/<token>`: the token becomes a cookie at once, and everything that opens nothing looks the same."""

import pytest

from fieldapp.domain.ids import visit_id
from fieldapp.services import links
from tests import cast
from tests.links import KEY, own_token, planned_visit, signed_visit


@pytest.fixture
def token(work):
    return own_token(work, signed_visit(work))


def test_the_token_leaves_the_address_at_once(client, token):
    answer = client.get(f"/c/{token}")
    assert (answer.status_code, answer.location) == (303, "/c/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = client.get("/c/")
    assert page.status_code == 200
    assert token.encode() not in page.data
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("bad", ["main.unknown", "x", "nowhere.abc", "main.%00"])
def test_what_opens_nothing_looks_the_same(client, work, clock, token, bad):
    unknown = client.get(f"/c/{bad}")
    newer = own_token(work, visit_id(cast.MAIN, "WO-1"))
    ended = client.get(f"/c/{token}")
    clock.advance(days=31)
    expired = client.get(f"/c/{newer}")
    assert {answer.status_code for answer in (unknown, ended, expired)} == {404}
    assert without_form_token(unknown) == without_form_token(ended) == without_form_token(expired)


def without_form_token(answer):
    return [line for line in answer.text.splitlines() if "csrf_token" not in line]


def test_without_a_cookie_there_is_no_page(client):
    for path in ("/c/", "/c/receipt.pdf", "/c/sign", "/c/report/complain", "/c/photos/" + "0" * 64):
        assert client.get(path).status_code == 404


def test_a_cookie_of_a_link_that_ended_shows_nothing(client, work, token):
    client.get(f"/c/{token}")
    own_token(work, visit_id(cast.MAIN, "WO-1"))
    assert client.get("/c/").status_code == 404


def test_guessing_is_limited_and_says_when_to_come_again(client, clock):
    answers = [client.get(f"/c/main.guess{number}").status_code for number in range(25)]
    assert answers[0] == 404
    assert answers[-1] == 429
    assert int(client.get("/c/main.again").headers["Retry-After"]) > 0
    clock.advance(minutes=11)
    assert client.get("/c/main.later").status_code == 404


def test_guessing_through_the_cookie_is_limited_too(client):
    answers = []
    for number in range(25):
        client.set_cookie("link", f"main.guess{number}")
        answers.append(client.get("/c/").status_code)
    assert answers[-1] == 429


def test_reading_changes_nothing(client, work, token):
    def rows():
        with work.database.engine.connect() as connection:
            return [connection.exec_driver_sql(f"SELECT * FROM {name}").all()
                    for name in ("links", "link_acts", "events", "cases", "audit", "visits")]  # fmt: skip

    before = rows()
    for method in (client.get, client.head):
        for path in (f"/c/{token}", "/c/", "/c/receipt.pdf", "/c/sign", "/c/report/complain", "/c/report/repudiate"):
            method(path)
    assert client.get("/c/confirm").status_code in {404, 405}
    assert rows() == before


def test_the_token_is_in_no_log(client, token, capsys):
    client.get(f"/c/{token}")
    client.get("/c/main.unknown")
    written = capsys.readouterr()
    assert token.partition(".")[2] not in written.out + written.err


def test_a_link_opens_any_number_of_times(client, token):
    assert [client.get(f"/c/{token}").status_code for _ in range(4)] == [303] * 4


def test_before_the_visit_the_page_says_when_and_who(client, work):
    client.get(f"/c/{own_token(work, planned_visit(work))}")
    page = client.get("/c/").text
    assert "Your appointment" in page
    assert "09:30–10:30" in page
    assert "Chen Wei (T001)" in page


def test_the_page_speaks_the_customers_language_until_they_choose_another(client, work):
    client.get(f"/c/{own_token(work, signed_visit(work, language='zh-Hant'))}")
    assert '<html lang="zh-Hant">' in client.get("/c/").text
    client.post("/language", data={"language": "en", "next": "/c/"})
    assert '<html lang="en">' in client.get("/c/").text


def test_no_answer_of_the_customer_is_on_the_receipt(client, token):
    client.get(f"/c/{token}")
    page = client.get("/c/").text
    assert "a secret word between us" not in page
    assert "rating" not in page.lower()


def test_the_read_only_receipt_offers_nothing_to_do(client, work):
    visit = signed_visit(work)
    client.get(f"/c/{links.receipt_token(work, cast.T001.actor, visit, KEY)}")
    page = client.get("/c/").text
    assert "王芳" in page
    assert "/c/report/" not in page
    assert "/c/confirm" not in page
    assert client.get("/c/report/complain").status_code == 404
    assert client.post("/c/report/complain", data={"text": "x"}).status_code == 404
    assert client.post("/c/confirm").status_code == 404
    assert client.post("/c/sign", data={"name": "x"}).status_code == 404


def test_foreign_forms_are_refused(client, token):
    client.get(f"/c/{token}")
    assert client.post("/c/confirm", csrf=False).status_code == 400
