"""Each role's main job with the keyboard alone: everything is reached by Tab, in sight, and seen to be reached."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from fieldapp.domain.ids import visit_id
from fieldapp.services import planning, sign_ins
from fieldapp.services.work import Work
from fieldapp.storage.tables.accounts import SignInRow
from tests import cast
from tests.apps import shown
from tests.cast import D001, MAIN
from tests.closing import SEPTEMBER, preview, september
from tests.e2e import phone
from tests.links import own_token, planned_visit

pytestmark = pytest.mark.browser

#: What has the keyboard: its name and words, whether it is in sight, and whether anything around it is ringed.
_FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one.tabIndex < 0 || one === document.body) return null;
  const words = [one.getAttribute("aria-label"), one.labels?.[0]?.innerText, one.innerText, one.value];
  const box = (one.labels?.[0] ?? one).getBoundingClientRect();
  const around = [one, one.parentElement, one.nextElementSibling, ...(one.labels ?? [])].filter(Boolean);
  const ringed = (part) => {
    const style = getComputedStyle(part);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
  };
  return {
    name: one.name ?? "", words: words.find((some) => some?.trim()) ?? "",
    seen: box.bottom > 0 && box.top < innerHeight && around.some(ringed),
  };
}"""


@dataclass
class Keys:
    """Somebody who has no pointer."""

    page: Any

    def to(self, name: str = "", words: str = "") -> None:
        """Press Tab until that field or button has the keyboard."""
        for _ in range(150):
            self.page.keyboard.press("Tab")
            found = self._focused()
            if found and name == found["name"] and words in found["words"]:
                return
        raise AssertionError(f"no way to {name or words} by Tab")

    def _focused(self) -> Any:
        for _ in range(20):  # the page may scroll there first
            found = self.page.evaluate(_FOCUSED)
            if found is None or found["seen"]:
                return found
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{found} has the keyboard, and nobody sees it")

    def fill(self, name: str, value: str) -> None:
        self.to(name)
        self.page.keyboard.type(value)

    def press(self, words: str) -> None:
        """The button or link with these words."""
        self.to(words=words)
        self.page.keyboard.press("Enter")

    def go(self, words: str) -> None:
        """The same, to another page."""
        self.to(words=words)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


@pytest.fixture
def keys(desk_page: Any) -> Callable[[str, str], Keys]:
    """`keys("D001", "/dispatch/")`: signed in by the keyboard, on that page."""

    def act(login: str, address: str) -> Keys:
        mine = Keys(desk_page)
        desk_page.context.clear_cookies()
        desk_page.goto("/login")
        mine.fill("login", login)
        mine.fill("password", cast.PASSWORD)
        with desk_page.expect_navigation():
            desk_page.keyboard.press("Enter")
        desk_page.goto(address)
        return mine

    return act


def test_a_dispatcher_schedules_a_visit(keys: Any, work: Work) -> None:
    start = datetime.now(UTC).astimezone(ZoneInfo(cast.ZONE)).replace(hour=10, minute=0) + timedelta(days=1)
    desk = keys("D001", "/dispatch/")
    desk.go("New appointment")
    desk.fill("external_id", "KEY-1")
    desk.fill("customer_name", "Lin Mei")
    desk.fill("phone", "13800000009")
    desk.fill("address", "5 Harbour Road")
    _type_time(desk, "window_start", start)
    _type_time(desk, "window_end", start + timedelta(hours=1))
    desk.fill("technician", "Chen")
    desk.go("Schedule")
    found = planning.get_visit(work, D001.actor, MAIN, visit_id(MAIN, "KEY-1")).visit
    assert (found.technician, found.window.start) == ("T001", start.replace(second=0, microsecond=0))


def _type_time(desk: Keys, name: str, when: datetime) -> None:
    desk.fill(name, f"{when:%m%d%Y}")  # as this Chromium's own language orders the parts
    desk.page.keyboard.press("ArrowRight")
    desk.page.keyboard.type(f"{when:%I%M%p}")


def test_quality_staff_record_a_finding(keys: Any, work: Work) -> None:
    september(work)
    desk = keys("Q001", "/quality/findings/")
    desk.go("Record")
    desk.fill("visit", "WO-1")
    desk.fill("about", "Clean")
    desk.to("favourable")
    desk.page.keyboard.press("Space")
    desk.fill("note", "Cable ends in the corridor.")
    desk.go("Record it")
    desk.page.wait_for_selector("main:has-text('Cable ends in the corridor.')")


def test_two_managers_close_a_month(keys: Any, work: Work) -> None:
    september(work)
    address = f"/scores/closing/{MAIN}/{SEPTEMBER}/"
    first = keys("M001", address)
    first.go("Propose to close")
    assert preview(work).proposal
    second = keys("M002", address)
    second.go("Confirm")
    assert preview(work).sealed


def test_a_technician_and_a_customer_do_a_whole_visit(keys: Any, work: Work) -> None:
    visit = phone.plan(work, "Wang Fang", hours=1)
    hand = keys("T001", "/m/")
    hand.page.wait_for_selector(".next")
    hand.press("Open this visit")
    for words, then in (
        ("I am ready", "Set off"), ("On my way", "On the way"), ("I have arrived", "At the door"),
        ("I was let in", "The work"), ("The work is done", "Is all clean?"), ("All clean", "Hand the phone over"),
        ("Hand over", "Please have a look"),
    ):  # fmt: skip
        hand.press(words)
        hand.page.wait_for_selector(f"#view h1:text-is('{then}')")
    for name in ("badge", "introduced", "courteous", "explained", "supplied_tools", "shoe_covers", "cleanup"):
        hand.to(name)
        hand.page.keyboard.press("Space")
    hand.press("Continue")
    hand.page.wait_for_selector("#view h1:text-is('Your signature')")
    hand.to("way")
    hand.page.keyboard.press("ArrowRight")
    hand.fill("typed", "Wang Fang")
    hand.press("Sign")
    hand.page.wait_for_selector("#view h1:text-is('Thank you')")
    hand.press("Give")
    hand.page.wait_for_selector("#view h1:text-is('Say goodbye')")
    hand.press("I have left")
    phone.wait_until_sent(hand.page)
    assert {"answers.given", "signature.captured", "visit.left"} <= set(phone.stored(work, visit))


def test_a_customer_cancels_by_the_link(desk_page: Any, work: Work) -> None:
    visit = planned_visit(work, days=3)
    hand = Keys(desk_page)
    desk_page.goto(f"/c/{own_token(work, visit)}")
    hand.go("Cancel appointment")
    hand.go("Cancel the appointment")
    assert planning.get_visit(work, D001.actor, MAIN, visit_id(MAIN, "WO-1")).visit.state == "cancelled"


def test_an_administrator_invites_a_colleague(keys: Any, work: Work) -> None:
    desk = keys("A001", "/admin/")
    desk.go("New account")
    desk.fill("login", "D007")
    desk.fill("name", "Lin Mei")
    desk.fill("role", "Disp")
    desk.go("Make the account and the link")
    desk.page.wait_for_selector("main:has-text('/invited/')")


def test_a_manager_gives_herself_a_second_factor_and_proves_later_who_she_is(keys: Any, work: Work, app: Any) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], second_factor="staff")
    desk = keys("M001", "/")
    desk.page.wait_for_selector("h1:has-text('Second factor')")
    secret = desk.page.inner_text("#key").replace(" ", "")
    desk.fill("code", shown(secret, datetime.now(UTC)))
    desk.go("Use it from now on")
    recovery = desk.page.locator("main li code").all_inner_texts()
    assert len(recovery) == 10
    desk.go("I have kept them")
    desk.page.wait_for_selector("h1:has-text('Scores')")
    with work.write() as db:
        db.execute(update(SignInRow).values(fresh_at=work.now() - sign_ins.FRESH))
    desk.page.goto("/me/second-factor/")
    desk.go("Make new recovery codes")
    desk.page.keyboard.type(recovery[0])  # the field has the keyboard already
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")
    assert set(desk.page.locator("main li code").all_inner_texts()).isdisjoint(recovery)
