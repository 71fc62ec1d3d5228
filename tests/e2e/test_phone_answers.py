"""What the phone makes of the server's answers: too large, too busy, something missing, another life of the server."""

import json

import pytest

from fieldapp.services import sync_devices
from tests import cast
from tests.e2e import phone
from tests.e2e.test_phone_leaving import device_of
from tests.e2e.test_phone_offline import DRAW_AND_KEEP
from tests.e2e.test_phone_storage import RAW

pytestmark = pytest.mark.browser
PUSH = "**/api/sync/v1/push"
BLOBS = "**/api/sync/v1/blobs/**"
OURS = {"X-Field-Sync": "1", "Content-Type": "application/json"}


@pytest.fixture
def visit(work):
    return phone.plan(work, "Wang Fang")


@pytest.fixture
def page(visit, phone_page, enter):
    """T001's phone, in step with the server."""
    enter(phone_page, "T001")
    phone_page.goto("/m/")
    phone_page.wait_for_selector(".next")
    phone.wait_until_sent(phone_page)
    return phone_page


def statuses(page):
    return [entry["status"] for entry in phone.outbox(page)]


def write_notes(page, visit, count):
    """Several facts at once, while the network is away."""
    page.context.set_offline(True)
    for number in range(count):
        phone.append(page, visit, "note.added", {"text": f"note {number}"})
    page.context.set_offline(False)


def test_a_batch_that_is_too_large_goes_in_halves(work, page, visit):
    sizes = []

    def narrow(route):
        sizes.append(len(route.request.post_data_json["events"]))
        if sizes[-1] > 2:
            route.fulfill(status=413, headers=OURS, body="{}")
        else:
            route.continue_()

    page.route(PUSH, narrow)
    write_notes(page, visit, 5)
    phone.sync(page)
    phone.wait_until_sent(page)
    assert sizes == [5, 2, 2, 1]
    assert phone.stored(work, visit).count("note.added") == 5


@pytest.mark.parametrize("status", [401, 426, 429, 500, 503])
def test_a_refused_push_keeps_everything(page, visit, status):
    page.route(PUSH, lambda route: route.fulfill(status=status, headers={**OURS, "Retry-After": "120"}, body="{}"))
    write_notes(page, visit, 2)
    phone.sync(page)
    assert statuses(page) == ["waiting", "waiting"]
    page.unroute(PUSH)
    phone.sync(page)
    phone.wait_until_sent(page)
    assert statuses(page) == ["accepted", "accepted"]


@pytest.mark.parametrize("address", ["**/m/me.json", "**/api/sync/v1/time", PUSH, "**/api/sync/v1/day"])
def test_an_answer_that_breaks_off_is_none_and_the_next_one_counts(page, visit, address):
    page.context.set_offline(True)
    phone.run(page, "const { store, meta } = await load('sync/store.js'); await meta.put('clock', null);")
    phone.append(page, visit, "visit.departed")
    page.route(address, lambda route: route.fulfill(status=200, headers=OURS, body='{"results": ['))
    page.context.set_offline(False)
    phone.sync(page)
    state = phone.run(page, "return (await load('sync/engine.js')).syncState();")
    assert (state["trouble"], state["phase"]) == ("down", "idle")
    page.unroute(address)
    phone.sync(page)
    phone.wait_until_sent(page)
    assert statuses(page) == ["accepted"]


def test_what_the_server_has_stays_72_hours_from_its_word_and_by_its_clock(page, visit):
    def pruned(**ago):
        phone.run(
            page,
            """const { strictly, store, meta } = await load("sync/store.js");
            const [entry] = await store().getAll("outbox");
            const at = Date.now() - args[0] * 3600_000;
            await strictly(["outbox"], (tx) => tx.objectStore("outbox").put({ ...entry, wall: 1, server_at: at }));
            await meta.put("clock", { off: args[1] * 3600_000, rtt: 1, wall: Date.now() });
            await (await load("sync/restored.js")).prune();""",
            ago["hours"], ago.get("off", 0),
        )  # fmt: skip
        return phone.outbox(page) == []

    phone.append(page, visit, "visit.departed")
    phone.sync(page)
    phone.wait_until_sent(page)
    assert not pruned(hours=71)
    assert not pruned(hours=80, off=-10), "the phone's clock is ten hours ahead"
    assert pruned(hours=73)


def test_a_server_that_asks_for_a_pause_gets_it(page, visit):
    asked = []

    def busy(route):
        asked.append(1)
        route.fulfill(status=429, headers={**OURS, "Retry-After": "120"}, body="{}")

    page.clock.install()
    page.reload()
    page.wait_for_selector(".next")
    phone.wait_until_sent(page)
    phone.sync(page)  # the start's own talk is over
    page.route(PUSH, busy)
    phone.append(page, visit, "visit.departed")
    phone.sync(page)
    phone.append(page, visit, "note.added", {"text": "meanwhile"})
    page.clock.fast_forward(100_000)
    assert statuses(page) == ["waiting", "waiting"]
    assert len(asked) == 1
    with page.expect_response(PUSH):
        page.clock.fast_forward(30_000)


def test_what_the_server_misses_is_sent_again_from_there(work, page, visit):
    write_notes(page, visit, 2)
    phone.sync(page)
    phone.wait_until_sent(page)
    sent = []

    def miss(route):
        events = route.request.post_data_json["events"]
        sent.append([event["seq"] for event in events])
        if len(sent) == 1:
            results = [
                {"id": event["id"], "status": "retry", "code": "missing_prev", "expect_seq": 2} for event in events
            ]
            answer = {"server_time": 0, "device": {"next_seq": 2}, "results": results}
            route.fulfill(status=200, headers=OURS, body=json.dumps(answer))
        else:
            route.continue_()

    page.route(PUSH, miss)
    phone.append(page, visit, "visit.departed")
    phone.sync(page)
    phone.wait_until_sent(page)
    assert sent == [[3], [2, 3]]
    assert statuses(page) == ["accepted", "duplicate", "accepted"]
    assert phone.stored(work, visit).count("note.added") == 2


def test_a_restored_server_gets_everything_again(work, page, visit):
    write_notes(page, visit, 2)
    phone.sync(page)
    phone.wait_until_sent(page)
    phone.run(page, "const { meta } = await load('sync/store.js'); await meta.put('server_epoch', 'an earlier life');")
    phone.append(page, visit, "visit.departed")
    phone.sync(page)
    phone.wait_until_sent(page)
    assert statuses(page) == ["duplicate", "duplicate", "accepted"]
    assert phone.stored(work, visit).count("note.added") == 2


def test_the_office_s_changes_are_told_until_they_were_seen(work, page):
    phone.plan(work, "Li Na", hours=4)
    phone.sync(page)
    page.wait_for_selector(".notice:has-text('New: Li Na')")
    page.reload()
    page.click(".notice button:has-text('I have seen this')")
    page.wait_for_selector(".notice:has-text('Li Na')", state="detached")
    page.reload()
    page.wait_for_selector(".next")
    assert page.locator(".notice:has-text('Li Na')").count() == 0


def photo(page, visit):
    return phone.run(page, DRAW_AND_KEEP, visit)


def test_a_photo_that_the_way_refuses_holds_up_neither_the_day_nor_facts_nor_other_photos(work, page, visit):
    refused = photo(page, visit)["blob"]
    only = f"**/api/sync/v1/blobs/{refused}"
    page.route(only, lambda route: route.fulfill(status=413) if route.request.method == "PATCH" else route.continue_())
    phone.run(page, DRAW_AND_KEEP.replace("% 900", "% 800"), visit)
    phone.append(page, visit, "visit.departed")
    phone.plan(work, "Li Na", hours=4)
    phone.sync(page)
    page.wait_for_selector(".notice:has-text('New: Li Na')")
    assert "visit.departed" in phone.stored(work, visit)
    assert len(set(work.blobs.all(cast.MAIN)) - {refused}) == 1
    page.goto("/m/#outbox")
    page.wait_for_selector("text=One entry is too large for the server. Please call the office.")
    page.unroute(only)
    phone.sync(page)
    phone.wait_until_sent(page)
    assert refused in set(work.blobs.all(cast.MAIN))


def test_a_photo_at_which_the_server_fails_holds_up_no_other(work, page, visit):
    page.context.set_offline(True)
    kept = [phone.run(page, DRAW_AND_KEEP.replace("% 900", size), visit)["blob"] for size in ("% 900", "% 800")]
    first, second = sorted(kept)  # as they are sent
    page.route(f"**/api/sync/v1/blobs/{first}", lambda route: route.fulfill(status=500, headers=OURS, body="{}"))
    page.context.set_offline(False)
    phone.sync(page)
    assert set(work.blobs.all(cast.MAIN)) == {second}
    page.unroute(f"**/api/sync/v1/blobs/{first}")
    phone.sync(page)
    phone.wait_until_sent(page)
    assert set(work.blobs.all(cast.MAIN)) == {first, second}


def test_a_photo_goes_in_pieces_that_are_small_enough_for_the_way(work, page, visit):
    sizes = []

    def narrow(route):
        size = len(route.request.post_data_buffer or b"")
        if size > 100_000:
            return route.fulfill(status=413)
        sizes.append(size)
        return route.continue_()

    page.route(BLOBS, narrow)
    whole = photo(page, visit)["bytes"]
    phone.sync(page)
    phone.wait_until_sent(page)
    assert sum(sizes) == whole
    assert len(list(work.blobs.all(cast.MAIN))) == 1


def test_a_visit_that_cannot_be_read_here_any_more_is_fetched_again(page, visit):
    """The server's answer would be 304: nothing changed there."""
    page.evaluate(
        RAW.replace(
            "WORK",
            """(() => {
              const all = store("visits");
              all.getAll().onsuccess = ({ target: { result: [one] } }) => {
                all.put({ ...one, sealed: { iv: one.sealed.iv, data: new ArrayBuffer(99) } });
              };
              return all.count();
            })()""",
        )
    )
    assert phone.call(page, "sync/journal.js", "visits") == []
    phone.sync(page)
    assert [one["visit_id"] for one in phone.call(page, "sync/journal.js", "visits")] == [visit]


@pytest.mark.parametrize("status", [413, 500])
def test_facts_that_are_refused_for_themselves_keep_neither_photos_nor_the_day_away(work, page, visit, status):
    refuse = {"status": status, "headers": OURS, "body": "{}"}
    page.route(
        PUSH, lambda route: route.fulfill(**refuse) if route.request.post_data_json["events"] else route.continue_()
    )
    kept = phone.run(page, DRAW_AND_KEEP, visit)
    phone.plan(work, "Li Na", hours=2)
    phone.sync(page)
    page.wait_for_selector("text=New: Li Na")
    assert work.blobs.has(cast.MAIN, kept["blob"])
    assert statuses(page) == ["waiting"]
    sync_devices.revoke(work, cast.A001.actor, cast.MAIN, device_of(work).device_id)
    phone.sync(page)
    page.wait_for_selector("h1:has-text('This phone is out of use')")


@pytest.mark.parametrize("method", ["HEAD", "PATCH"])
def test_a_photo_is_on_the_server_when_that_called_it_whole_not_when_it_has_so_many_bytes(work, page, visit, method):
    page.context.set_offline(True)
    kept = phone.run(page, DRAW_AND_KEEP, visit)
    said = [{"status": {"HEAD": 404, "PATCH": 409}[method], "headers": {**OURS, "Upload-Offset": str(kept["bytes"])}}]

    def every_byte(route):
        if said and route.request.method == method:
            route.fulfill(**said.pop(), body="")
        else:
            route.continue_()

    page.route(BLOBS, every_byte)
    page.context.set_offline(False)
    phone.sync(page)
    phone.wait_until_sent(page)
    assert work.blobs.has(cast.MAIN, kept["blob"])
