"""`/m/receipt/<visit>.json`: the code on the technician's screen opens the read-only receipt and nothing else."""

from tests.links import own_token, planned_visit, signed_visit


def test_the_code_opens_a_read_only_receipt(work, sign_in, client):
    visit = signed_visit(work)
    answer = sign_in("T001").get(f"/m/receipt/{visit}.json").get_json()
    assert answer["svg"].startswith("<svg")
    assert answer["url"].startswith("http://localhost/c/main.")
    assert client.get(answer["url"].removeprefix("http://localhost")).status_code == 303
    assert "/c/report/" not in client.get("/c/").text


def test_the_technician_never_gets_the_customers_own_link(work, sign_in):
    visit = signed_visit(work)
    own = own_token(work, visit)
    technician = sign_in("T001")
    assert own not in technician.get(f"/m/receipt/{visit}.json").text
    assert technician.post(f"/dispatch/visits/{visit}/link").status_code in {403, 404}


def test_colleagues_strangers_and_other_roles_get_none(work, sign_in, client):
    visit = signed_visit(work)
    assert sign_in("T002").get(f"/m/receipt/{visit}.json").status_code == 404
    assert sign_in("T900").get(f"/m/receipt/{visit}.json").status_code == 404
    assert sign_in("D001").get(f"/m/receipt/{visit}.json").status_code == 403
    assert client.get(f"/m/receipt/{visit}.json").status_code in {302, 401}


def test_there_is_no_code_before_the_customer_signed(work, sign_in):
    assert sign_in("T001").get(f"/m/receipt/{planned_visit(work)}.json").status_code == 409
