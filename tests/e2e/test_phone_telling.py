"""Being told when the day changes: offered in the settings, never asked for on load; what a push shows, and where a tap
on it leads. No browser of a test reaches a push service: its address is ours, and what comes there is handed to the
worker as the browser would."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from fieldapp.app import handlers
from fieldapp.services import jobs, push_sending
from fieldapp.services.push_sending import GATHER
from fieldapp.storage import push_subscriptions
from tests import cast
from tests.e2e import phone
from tests.push_services import Browser
from tests.receivers import receiving

pytestmark = pytest.mark.browser


@pytest.fixture
def browser(whole_browser):
    return whole_browser


#: What stands in for a push service that gives addresses: all else of the browser is its own.
SERVICE = """(asked) => {
  let known = null;
  PushManager.prototype.getSubscription = async () => known;
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => (known = {
    options: { userVisibleOnly, applicationServerKey: applicationServerKey.buffer },
    toJSON: () => ({ endpoint: asked.endpoint, keys: { p256dh: asked.p256dh, auth: asked.auth } }),
    unsubscribe: async () => { known = null; return true; },
  });
}"""
SHOWN = """async () => (await (await navigator.serviceWorker.getRegistration("/m/")).getNotifications())
  .map(({ title, body, lang, data }) => [title, body, lang, data.visit])"""
TELL, HUSH, HOW = "[data-tell]", "[data-hush]", "[data-f=telling]"


@pytest.fixture
def settings(settings):
    return replace(settings, outgoing_loopback=True)


@pytest.fixture
def planned(work):
    return phone.plan(work, "Wang Fang")


@pytest.fixture
def page(planned, phone_page, enter):
    """T001's phone with a visit, kept for offline use."""
    enter(phone_page, "T001")
    phone_page.goto("/m/")
    phone_page.wait_for_selector(".next")
    phone.wait_until_kept(phone_page)
    return phone_page


@pytest.fixture
def browser_there() -> Iterator[Browser]:
    with receiving() as service:
        service.answer(201)
        yield Browser(service)


def until(page, holds):
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("nothing came of it")


@pytest.fixture
def deliver(page, server):
    """`deliver(text)`: what the push service delivers to the browser comes to the worker."""
    page.context.grant_permissions(["notifications"])
    session, found = page.context.new_cdp_session(page), []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"]))
    session.send("ServiceWorker.enable")

    def act(text):
        until(page, lambda: bool(found))
        where = {"origin": server, "registrationId": found[-1]["registrationId"]}
        session.send("ServiceWorker.deliverPushMessage", {**where, "data": text})
        until(page, lambda: bool(page.evaluate(SHOWN)))

    return act


def open_settings(page, how):
    page.goto("/m/#settings")
    page.wait_for_selector(f"{HOW}:has-text('{how}')")


def subscribed(work):
    with work.read() as db:
        return len(push_subscriptions.created_at(db, cast.MAIN, cast.T001.account_id))


def ask(page, browser_there):
    """The whole way to being told, by the person's taps."""
    page.context.grant_permissions(["notifications"])
    page.evaluate(SERVICE, browser_there.asks())
    page.evaluate("location.hash = '#settings'")
    page.wait_for_selector(f"{HOW}:has-text('This phone can tell you')")
    page.click(TELL)
    page.wait_for_selector(f"{HOW}:has-text('This phone tells you')")


def test_nobody_is_asked_on_load_and_a_refusal_is_said_plainly(page):
    assert page.evaluate("Notification.permission") == "default"
    open_settings(page, "This phone can tell you")
    assert page.evaluate("Notification.permission") == "default"
    page.context.grant_permissions([])
    page.reload()
    open_settings(page, "The browser does not allow messages")
    assert (page.is_visible(TELL), page.is_visible(HUSH)) == (False, False)


def test_without_a_push_service_it_says_so_and_can_be_tried_again(page, work):
    page.context.grant_permissions(["notifications"])
    open_settings(page, "This phone can tell you")
    page.click(TELL)
    page.wait_for_selector(f"{HOW}:has-text('That did not work')")
    assert page.is_enabled(TELL)
    assert subscribed(work) == 0


def test_from_the_tap_to_the_notification(app, page, work, clock, browser_there, deliver, settings):
    ask(page, browser_there)
    visit = phone.plan(work, "Li Na", hours=2)
    clock.run()
    doing = handlers(settings, "https://visits.example.org")
    while jobs.do_next(work, doing):
        pass
    clock.set(clock() + GATHER)
    while jobs.do_next(work, doing):
        pass
    [told] = browser_there.told()
    deliver(json.dumps(told))
    assert page.evaluate(SHOWN) == [["Your day has changed", "Tap to see what is new.", "en", visit]]
    assert "Li Na" not in json.dumps(told)


def test_not_any_more(page, work, browser_there):
    ask(page, browser_there)
    assert subscribed(work) == 1
    page.click(HUSH)
    page.wait_for_selector(f"{HOW}:has-text('This phone can tell you')")
    assert subscribed(work) == 0
    assert page.evaluate("navigator.serviceWorker.ready.then((one) => one.pushManager.getSubscription())") is None


def test_signing_out_ends_it(page, work, browser_there):
    ask(page, browser_there)
    page.click("button[data-sign-out]")
    page.wait_for_url("**/login**")
    assert subscribed(work) == 0


def test_the_next_start_says_it_again_to_a_server_that_forgot(page, work, browser_there):
    ask(page, browser_there)
    with work.write() as db:
        for one in push_subscriptions.of_technicians(db, cast.MAIN, {"T001"}, work.now()):
            push_subscriptions.drop(db, cast.MAIN, one.device_id)
    page.add_init_script(f"({SERVICE})({json.dumps(browser_there.asks())})")
    with page.expect_response("**/api/sync/v1/subscriptions/*"):
        page.reload()
    assert subscribed(work) == 1


def test_what_is_no_message_of_ours_still_shows_one(page, deliver):
    deliver("not json")
    assert page.evaluate(SHOWN) == [["Home visits", "", "", None]]


def test_a_tap_leads_to_the_visit_or_to_the_day_but_away_from_no_work(page, planned, deliver):
    [worker] = page.context.service_workers
    tap = "(visit) => open(visit).catch(() => {})"
    worker.evaluate(tap, planned)
    page.wait_for_selector("#view[data-view=visit] :text('Wang Fang')")
    worker.evaluate(tap, None)
    page.wait_for_timeout(300)
    assert page.get_attribute("#view", "data-view") == "visit"
    page.evaluate("location.hash = '#settings'")
    page.wait_for_selector("#view[data-view=settings]")
    worker.evaluate(tap, None)
    page.wait_for_selector("#view[data-view=today] .next")


def test_the_open_app_fetches_the_day_when_it_is_told(page, work, deliver):
    phone.plan(work, "Li Na", hours=2)
    deliver(json.dumps({"visit": None, **push_sending.said("en")}))
    page.wait_for_selector(".card :text('Li Na')")
