"""Links: what a token is, what it opens, who may make one, how it ends."""

from datetime import timedelta

import pytest
from msgspec import structs

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import Conflict, Forbidden, NotFound
from fieldapp.domain.ids import visit_id
from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.codec import read_data
from fieldapp.services import links, scheduling
from fieldapp.services.links import LinkGone
from fieldapp.storage import visits
from tests import builders, cast
from tests.links import KEY, planned_visit, signed_visit, store
from tests.services.test_appointments_import import load, row


def own(work, visit="WO-1", person=cast.D001):
    return links.create_own_link(work, person.actor, cast.MAIN, visit_id(cast.MAIN, visit))


def receipt(work, visit="WO-1", person=cast.T001):
    return links.receipt_token(work, person.actor, visit_id(cast.MAIN, visit), KEY)


def test_a_token_carries_256_bits_and_the_database_only_their_hash(work, settings):
    planned_visit(work)
    secret = own(work).partition(".")[2]
    assert len(secret) >= 43  # base64 of 32 bytes
    work.database.dispose()
    stored = b"".join(path.read_bytes() for path in settings.instance.iterdir() if path.is_file())
    assert secret.encode() not in stored


def test_a_token_opens_its_visit_any_number_of_times(work):
    planned_visit(work)
    token = own(work)
    assert {links.open_link(work, token).visit_id for _ in range(3)} == {visit_id(cast.MAIN, "WO-1")}


def test_a_new_link_ends_the_older_of_its_kind_and_no_other(work):
    signed_visit(work)
    shown, first = receipt(work), own(work)
    second = own(work)
    assert links.open_link(work, second).kind == "own"
    assert links.open_link(work, shown).kind == "receipt"
    with pytest.raises(LinkGone):
        links.open_link(work, first)


@pytest.mark.parametrize(
    "token", ["", ".", "main.", "main.x", "nowhere.x", "main." + "x" * 5000, "ma in.x", "main", "\x00.x"]
)
def test_a_token_that_was_never_made_is_gone(work, token):
    with pytest.raises(LinkGone):
        links.open_link(work, token)


def test_a_link_lasts_thirty_days_and_then_looks_like_one_that_never_was(work, clock):
    signed_visit(work)
    token = own(work)
    clock.advance(days=29, hours=23)
    assert links.open_link(work, token)
    clock.advance(hours=2)
    with pytest.raises(LinkGone) as expired:
        links.open_link(work, token)
    with pytest.raises(LinkGone) as unknown:
        links.open_link(work, "main.never")
    assert (expired.value.code, dict(expired.value.facts)) == (unknown.value.code, dict(unknown.value.facts))


def test_a_link_made_ahead_lasts_thirty_days_after_the_visit(work, clock):
    planned_visit(work, days=20)
    token = own(work)
    clock.advance(days=45)
    assert links.open_link(work, token)


def test_a_link_goes_along_with_a_visit_that_is_moved(work, clock):
    visit = planned_visit(work, days=1)
    token = own(work)
    promise = builders.promise(clock() + timedelta(days=50))
    data = {"asked_by": "customer", "apology": False, "cause": "customer", "promise": promise}
    store(work, [builders.line("promise.changed", "WO-1", clock() + timedelta(minutes=1), "office", **data)])
    clock.advance(days=49)
    assert links.open_link(work, token).visit_id == visit
    clock.advance(days=32)
    with pytest.raises(LinkGone):
        links.open_link(work, token)


@pytest.mark.parametrize(
    ("changed", "opens"),
    [
        ({"phone": "13900000009"}, False), ({"email": "other@example.org"}, False),
        ({"phone": "+86 138-0000-0001"}, True), ({"address": "9 Hill Road"}, True),
    ],
)  # fmt: skip
def test_a_link_that_was_sent_to_a_number_or_address_that_is_put_right_opens_nothing(work, changed, opens):
    store(work, [builders.scheduled("WO-1", work.now(), customer=builders.customer(email="wang@example.org"))])
    token, visit = own(work), visit_id(cast.MAIN, "WO-1")
    customer = structs.replace(read_data("visit.scheduled", builders.scheduled("WO-1", work.now())["data"]).customer,
                               **{"email": "wang@example.org", **changed})  # fmt: skip
    with work.read() as db:
        rev = visits.get(db, cast.MAIN, visit).rev
    scheduling.amend_visit(work, cast.D001.actor, cast.MAIN, visit, rev, ev.VisitAmended(customer=customer))
    if opens:
        assert links.open_link(work, token)
    else:
        with pytest.raises(LinkGone):
            links.open_link(work, token)


def test_an_import_that_puts_a_number_right_ends_the_link_too_and_one_of_an_address_does_not(work):
    load(work, row(external_id="WO-7"))
    token = own(work, "WO-7")
    load(work, row(external_id="WO-7", address="9 Hill Road"))
    assert links.open_link(work, token)
    load(work, row(external_id="WO-7", address="9 Hill Road", phone="13900000009"))
    with pytest.raises(LinkGone):
        links.open_link(work, token)


@pytest.mark.parametrize("person", [cast.T001, cast.A001])
def test_technicians_and_admins_cannot_make_the_customers_own_link(work, person):
    planned_visit(work)
    with pytest.raises(Forbidden):
        own(work, person=person)


def test_another_branch_finds_no_visit_to_make_a_link_for(work):
    planned_visit(work)
    with pytest.raises(NotFound):
        own(work, person=cast.D900)


def test_the_command_line_makes_one_by_order_number(work):
    planned_visit(work)
    token = links.create_own_link_by_order(work, OPERATOR, cast.MAIN, "WO-1")
    assert links.open_link(work, token).kind == "own"
    with pytest.raises(NotFound):
        links.create_own_link_by_order(work, OPERATOR, cast.MAIN, "WO-404")


def test_a_phone_that_shows_the_receipt_twice_shows_the_same_code(work, clock):
    signed_visit(work)
    first = receipt(work)
    clock.advance(minutes=5)
    assert receipt(work) == first
    assert links.receipt_token(work, cast.T001.actor, visit_id(cast.MAIN, "WO-1"), KEY + "other") != first


def test_there_is_no_receipt_before_the_customer_has_signed(work):
    planned_visit(work)
    with pytest.raises(Conflict):
        receipt(work)


def test_a_colleague_gets_no_receipt_of_somebody_elses_visit(work):
    signed_visit(work)
    for person in (cast.T002, cast.T900):
        with pytest.raises(NotFound):
            receipt(work, person=person)


def test_making_a_link_is_audited_without_its_secret(work):
    planned_visit(work)
    token = own(work)
    with work.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT actor, action, subject, facts FROM audit").all()
    made = [row for row in rows if row.action == "link.created"]
    assert [(row.actor, row.subject) for row in made] == [("D001", "WO-1")]
    assert token.partition(".")[2] not in str(rows)
