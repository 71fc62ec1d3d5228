"""An app that is killed at one exact moment: between a fact and what the phone keeps of the input that it came from."""

import pytest

from tests.e2e import phone
from tests.e2e.test_phone_camera import ARRIVED
from tests.e2e.test_visit_interrupted import open_phone  # noqa: F401 - a fixture
from tests.e2e.visiting import NEXT

pytestmark = pytest.mark.browser
#: Its so many-th commit of a fact or a draft is the last thing that the page does: it never hears of it.
_DIES = """(left) => {
  const real = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (stores, mode, ...rest) {
    if (left === 0 && mode === "readwrite") throw new DOMException("killed", "AbortError");
    const tx = real.call(this, stores, mode, ...rest);
    const isInput = ["outbox", "drafts"].some((name) => tx.objectStoreNames.contains(name));
    if (mode === "readwrite" && isInput) tx.addEventListener("complete", (event) => {
      left -= 1;
      globalThis.isKilled = left === 0;
      if (left === 0) event.stopImmediatePropagation();
    });
    return tx;
  };
}"""
OPEN = "() => document.querySelectorAll('#view details').forEach((fold) => { fold.open = true; })"


@pytest.fixture
def technician(work, open_phone):  # noqa: F811 - the fixture
    """T001, whose phone sends nothing while they work."""
    phone.plan(work, "Wang Fang", hours=1)
    someone = open_phone()
    someone.page.route("**/api/sync/v1/push", lambda route: route.abort())
    return someone


@pytest.fixture
def visit(work, technician):
    return phone.call(technician.page, "sync/journal.js", "visits")[0]["visit_id"]


#: Waits until the phone has written down which screen is open.
_ARRIVED = """
  const [{ current }, { drafts }] = await Promise.all([load("lib/router.js"), load("sync/journal.js")]);
  while ((await drafts.get("route"))?.name !== current().name) await new Promise((done) => setTimeout(done, 20));
"""


def killed(page, selector, draft, *, commit=1):
    """Tap there once the draft is kept, and be killed right after so many commits; the app starts again."""
    page.wait_for_selector(selector)
    phone.run(page, _ARRIVED)
    phone.call(page, "visit/keep.js", "recall", draft)
    page.evaluate(_DIES, commit)
    page.tap(selector)
    page.wait_for_function("() => globalThis.isKilled")
    page.reload()


def kinds(page):
    return [entry["type"] for entry in phone.outbox(page)]


def test_a_charge_that_was_written_down_is_in_its_fields_no_more(technician, visit):
    page = technician.page
    for kind, data in ARRIVED:
        phone.append(page, visit, kind, data)
    page.goto(f"/m/#visit?visit={visit}")
    technician.at("The work")
    page.evaluate(OPEN)
    page.fill("[name=label]", "Extra cable")
    page.fill("[name=amount]", "12.50")
    page.fill("[name=text]", "Laid the fibre")
    killed(page, "[data-add=charge]", f"work:{visit}")
    technician.at("The work")
    assert page.input_value("[name=text]") == "Laid the fibre"
    technician.go_on("The work is done", "Is all clean?")
    assert [kinds(page).count(kind) for kind in ("charge.added", "note.added")] == [1, 1]


def test_a_new_window_that_was_written_down_is_offered_no_second_time(technician, visit):
    page = technician.page
    page.goto(f"/m/#late?visit={visit}")
    page.tap("label:has([name=shift][value='60'])")
    page.tap("label:has([name=cause][value=earlier_visit])")
    killed(page, NEXT, f"late:{visit}")
    technician.at("Running late")
    assert not page.is_checked("[name=shift][value='60']")
    assert kinds(page) == ["promise.changed"]


def test_how_a_call_went_is_written_down_or_still_asked(technician, visit):
    page = technician.page
    phone.run(
        page, 'const { drafts } = await load("sync/journal.js"); await drafts.put(`called:${args[0]}`, true);', visit
    )
    phone.append(page, visit, "kit.checked", {"uniform": True, "badge": True, "shoe_covers": True, "kit": True})
    page.goto(f"/m/#visit?visit={visit}")
    killed(page, ".asks button[value=no_answer]", f"called:{visit}")
    page.wait_for_selector("#view h1")
    assert kinds(page) == ["kit.checked", "customer.called"]
    assert not page.is_visible(".asks")


def test_answers_that_were_written_down_are_written_once(technician, visit):
    page = technician.page
    for kind, data in (*ARRIVED, ("site.checked", {"cleanup": True, "belongings": True})):
        phone.append(page, visit, kind, data)
    page.goto(f"/m/#handover?visit={visit}")
    page.tap("label:has(input[name=courteous][value=yes])")
    killed(page, NEXT, "handover", commit=2)  # the statement, the answers
    technician.at("Please have a look")
    page.tap(NEXT)
    technician.at("Your signature")
    assert kinds(page).count("answers.given") == 1
