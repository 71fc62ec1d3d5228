"""A new release reaches the phone whole or not at all, and only when the person says so."""

import shutil
from dataclasses import replace

import pytest

from fieldapp.paths import STATIC
from fieldapp.web.templating import Assets
from tests.e2e import phone
from tests.e2e.test_phone_camera import ARRIVED, begin_photo, end_photo

pytestmark = pytest.mark.browser
RELEASE = "document.querySelector('script[type=module]').src.split('/')[4]"
DROP = "async () => { for (const name of await caches.keys()) await caches.delete(name); }"
#: How many files are kept, and how many there should be.
KEPT = """async () => {
  const [name] = await caches.keys();
  const files = await fetch("/m/sw.js").then((answer) => answer.text());
  const kept = name ? await (await caches.open(name)).keys() : [];
  return [kept.length, JSON.parse(/FILES = (.*);/.exec(files)[1]).length];
}"""
UNTIL_WHOLE = f"""async () => {{
  for (let tries = 0; tries < 300; tries += 1) {{
    const [kept, all] = await ({KEPT})();
    if (kept === all) return;
    await new Promise((done) => setTimeout(done, 50));
  }}
  throw new Error("the release is not kept");
}}"""


@pytest.fixture
def release(app, tmp_path):
    """Make the server serve another release: the same files, but for one more style."""

    def make() -> Assets:
        folder = tmp_path / "static"
        shutil.copytree(STATIC, folder)
        with (folder / "css/phone.css").open("a") as styles:
            styles.write(".release-two { color: inherit; }\n")
        app.extensions["assets"] = Assets(folder)
        app.jinja_env.globals["asset"] = app.extensions["assets"].url
        app.jinja_env.cache.clear()
        return app.extensions["assets"]

    return make


@pytest.fixture
def page(work, phone_page, enter):
    """T001's phone with a visit, kept for offline use."""
    phone.plan(work, "Wang Fang")
    enter(phone_page, "T001")
    phone_page.goto("/m/")
    phone_page.wait_for_selector(".next")
    phone.wait_until_kept(phone_page)
    return phone_page


def look_for_update(page):
    page.evaluate("() => navigator.serviceWorker.getRegistration('/m/').then((r) => r.update()).then(() => true)")


def test_a_new_release_waits_until_the_person_asks_for_it(page, release):
    before = page.evaluate(RELEASE)
    after = release().release
    look_for_update(page)
    page.wait_for_selector("#banner-update:not([hidden])")
    assert page.evaluate(RELEASE) == before
    with page.expect_navigation():
        page.click("#update")
    page.wait_for_selector(".next")
    assert page.evaluate(RELEASE) == after
    page.context.set_offline(True)
    page.goto("/m/")
    page.wait_for_selector(".next")
    assert page.evaluate(RELEASE) == after


def test_a_photo_that_another_window_is_saving_is_saved_before_the_new_release_starts(work, page, release):
    [visit] = [one["visit_id"] for one in phone.call(page, "sync/journal.js", "visits")]
    for kind, data in ARRIVED:
        phone.append(page, visit, kind, data)
    other = page.context.new_page()
    other.goto(f"/m/#visit?visit={visit}")
    other.wait_for_selector("input[data-slot=after]", state="attached")
    begin_photo(other)
    phone.append(page, visit, "note.added", {"text": "the other window shows the visit anew"})
    other.get_by_text("the other window shows the visit anew").first.wait_for(state="attached")
    release()
    look_for_update(page)
    page.wait_for_selector("#banner-update:not([hidden])")
    with page.expect_navigation():
        page.click("#update")
    with other.expect_navigation():
        end_photo(other)
    page.wait_for_selector("#view h1")
    assert "photo.added" in [entry["type"] for entry in phone.outbox(page)]


def test_a_broken_release_changes_nothing(page, release):
    before = page.evaluate(RELEASE)
    del release().files["js/visit/visit.js"]
    page.evaluate("() => navigator.serviceWorker.getRegistration('/m/').then((r) => r.update()).catch(() => true)")
    assert page.is_hidden("#banner-update")
    page.context.set_offline(True)
    page.goto("/m/")
    page.wait_for_selector(".next")
    assert page.evaluate(RELEASE) == before


def test_a_file_that_was_changed_on_the_way_stops_the_release(page, release):
    before = page.evaluate(RELEASE)
    assets = release()
    listed = assets.files["js/phone.js"]
    assets.files["js/phone.js"] = replace(listed, content=listed.content + b"\n", zipped=None)
    installed = page.evaluate(
        """async () => {
          const registration = await navigator.serviceWorker.getRegistration('/m/');
          await registration.update();
          const worker = registration.installing ?? registration.waiting;
          if (!worker || worker.state !== 'installing') return worker?.state ?? 'none';
          return new Promise((done) => worker.addEventListener('statechange', () => done(worker.state)));
        }"""
    )
    assert installed == "redundant"
    page.context.set_offline(True)
    page.goto("/m/")
    page.wait_for_selector(".next")
    assert page.evaluate(RELEASE) == before


def test_a_release_that_the_browser_dropped_is_kept_again_at_the_next_start_with_a_network(page):
    page.evaluate(DROP)
    page.goto("/m/")
    page.wait_for_selector(".next")
    page.evaluate(UNTIL_WHOLE)
    page.context.set_offline(True)
    page.goto("/m/")
    page.wait_for_selector(".next")


def test_an_open_app_keeps_a_dropped_release_again_when_the_network_is_back(page):
    page.context.set_offline(True)
    page.evaluate(DROP)
    page.context.set_offline(False)
    page.evaluate(UNTIL_WHOLE)
    page.context.set_offline(True)
    page.goto("/m/")
    page.wait_for_selector(".next")


def test_nothing_of_a_dropped_release_is_kept_where_one_file_was_changed_on_the_way(page, app):
    page.evaluate(DROP)
    assets = app.extensions["assets"]
    listed = assets.files["js/phone.js"]
    assets.files["js/phone.js"] = replace(listed, content=listed.content + b"\n", zipped=None)
    with page.expect_response("**/js/phone.js"):
        page.goto("/m/")
    page.wait_for_selector(".next")
    page.evaluate("() => navigator.serviceWorker.controller.postMessage('look')")
    assert page.evaluate(KEPT)[0] == 0
    assets.files["js/phone.js"] = listed
    page.goto("/m/")
    page.evaluate(UNTIL_WHOLE)


def test_a_release_with_a_hole_opens_without_a_network_and_gives_way_to_the_servers_with_one(page, release):
    hole = "async () => { const cache = await caches.open((await caches.keys())[0]); await cache.delete(args); }"
    page.context.set_offline(True)
    page.evaluate(hole.replace("args", "'/m/words/zh-Hans.json'"))
    page.goto("/m/")
    page.wait_for_selector(".next")
    entry = page.evaluate("() => new URL(document.querySelector('script[type=module]').src).pathname")
    page.evaluate(hole.replace("args", f"'{entry}'"))
    after = release().release
    page.context.set_offline(False)
    page.goto("/m/")
    page.wait_for_selector(".next")
    assert page.evaluate(RELEASE) == after
