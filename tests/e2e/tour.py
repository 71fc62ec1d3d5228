"""Every page there is, as a walk through the demo company. A new page is added here; nothing else needs to know.

Each stop is an address, or a few steps on the page before it. Used by the accessibility test and by `make screens`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.apps import shown
from tests.e2e import phone

DATA = Path(__file__).resolve().parents[1] / "data"
Steps = Callable[[Any, dict[str, str]], None]


@dataclass(frozen=True)
class Stop:
    """A page: its name in docs/screens, where it is (placeholders from `Stage.places`), what to do there first."""

    name: str
    path: str
    steps: Steps | None = None


@dataclass(frozen=True)
class Walk:
    """Stops that one person (None: nobody signed in) visits in one browser, in this order."""

    login: str | None
    stops: tuple[Stop, ...]
    phone_only: bool = False


def _at(name: str, **facts: dict[str, Any]) -> Steps:
    """Bring the due visit of the phone to a step by the facts before it, then show screen `name`."""

    def steps(page: Any, places: dict[str, str]) -> None:
        for kind, data in facts.items():
            phone.append(page, places["due"], kind.replace("__", "."), data)
        page.evaluate("(hash) => { location.hash = '#today'; location.hash = hash; }", f"#{name}?visit={places['due']}")
        page.wait_for_selector("#view h1, #view .screen")
        page.wait_for_timeout(250)

    return steps


def _today(page: Any, _: dict[str, str]) -> None:
    page.wait_for_selector("#view .card")
    phone.wait_until_kept(page)


def _on(selector: str = ".bottom button.primary", before: str | None = None) -> Steps:
    """Go on from the screen that is shown: first `before`, then one tap."""

    def steps(page: Any, _: dict[str, str]) -> None:
        heading = page.inner_text("#view h1")
        if before:
            page.click(before)
            page.fill("[name=typed]", "Wang Fang")
        page.click(selector)
        page.wait_for_function("(old) => document.querySelector('#view h1')?.textContent !== old", arg=heading)
        page.wait_for_timeout(250)

    return steps


def _hand_over(page: Any, places: dict[str, str]) -> None:
    """The customer's pages begin in the customer's language: here they choose the reader's."""
    _at("handover")(page, places)
    language = "zh-Hant" if page.evaluate("navigator.language").startswith("zh") else "en"
    page.click(f"label:has([name=customer-language][value={language}])")
    page.wait_for_timeout(250)


def _open_quarantined(page: Any, _: dict[str, str]) -> None:
    with page.expect_navigation():
        page.click("form[action$=reveal] button")


def _board(page: Any, _: dict[str, str]) -> None:
    page.wait_for_selector("#board .bar")
    page.wait_for_timeout(250)


def _choose_bar(page: Any, places: dict[str, str]) -> None:
    page.press("#board .bar.planned:has-text('WO-MAIN-T004')", "Enter")
    page.wait_for_selector("#move[open]")
    page.fill("#move [name=planned_start]", "2026-10-14T17:45")


def _work_out(page: Any, _: dict[str, str]) -> None:
    with page.expect_navigation():
        page.click("form[data-takes-time] button")
    page.wait_for_selector("#what")


def _look(page: Any, _: dict[str, str]) -> None:
    with page.expect_navigation():
        page.click("button[name=look]")
    page.locator("button[name=take]").first.scroll_into_view_if_needed()


def _look_at(selector: str) -> Steps:
    def steps(page: Any, _: dict[str, str]) -> None:
        page.evaluate(
            "(one) => document.querySelector(one).scrollIntoView({block: 'center', behavior: 'instant'})", selector
        )

    return steps


def _misprint(page: Any, _: dict[str, str]) -> None:
    page.fill("[name='punctual.points']", "16")
    page.fill("[name='badge.target']", "98")
    with page.expect_navigation():
        page.click("main form .primary")


def _upload(name: str) -> Steps:
    def steps(page: Any, _: dict[str, str]) -> None:
        page.set_input_files("input[type=file]", DATA / name)
        with page.expect_navigation():
            page.click("main form:has(input[type=file]) button")

    return steps


def _make_link(page: Any, _: dict[str, str]) -> None:
    with page.expect_navigation():
        page.click("form[action$=invitation] .button")


def _confirm_factor(page: Any, _: dict[str, str]) -> None:
    """As somebody whose app has the key."""
    secret = page.inner_text("#key").replace(" ", "")
    moment = datetime.fromtimestamp(page.evaluate("Date.now()") / 1000, UTC)
    page.fill("[name=code]", shown(secret, moment))
    with page.expect_navigation():
        page.press("[name=code]", "Enter")


def _act_late(page: Any, places: dict[str, str]) -> None:
    """As somebody who signed in an hour ago."""
    context = page.context
    before = [one for one in context.cookies() if one["name"] == "sid"]
    context.add_cookies([{**before[0], "value": places["stale"]}])
    with page.expect_navigation():
        page.click("main form.card .primary")
    context.add_cookies(before)


def _end_factor(page: Any, _: dict[str, str]) -> None:
    """So that the next walk begins like this one."""
    with page.expect_navigation():
        page.click("form[action$=end] button")


def _go_halfway(page: Any, places: dict[str, str]) -> None:
    page.fill("[name=login]", "M201")
    page.fill("[name=password]", places["password_of_m201"])
    with page.expect_navigation():
        page.press("[name=password]", "Enter")


OPEN = Walk(
    None,
    (
        Stop("login", "/login"),
        Stop("login-code", "/login", _go_halfway),
        Stop("error", "/no/such/page"),
        Stop("privacy", "/privacy"),
        Stop("customer-appointment", "/c/{own_next}"),
        Stop("customer-move", "/c/move"),
        Stop("customer-cancel", "/c/cancel"),
        Stop("customer-access", "/c/access"),
        Stop("customer-receipt", "/c/{own_done}"),
        Stop("customer-complain", "/c/report/complain"),
        Stop("customer-unsigned", "/c/{own_unsigned}"),
        Stop("customer-sign", "/c/sign"),
        Stop("customer-ended", "/c/{own_ended}"),
        Stop("customer-rate", "/c/rate"),
        Stop("customer-gone", "/c/main.gone"),
        Stop("invited", "/invited/{invited}"),
        Stop("invited-gone", "/invited/gone"),
    ),
)
DISPATCHER = Walk(
    "D001",
    (
        Stop("dispatch-list", "/dispatch/"),
        Stop("dispatch-board", "/dispatch/board", _board),
        Stop("dispatch-board-move", "", _choose_bar),
        Stop("dispatch-board-week", "/dispatch/board?view=week", _board),
        Stop("dispatch-day", "/dispatch/day"),
        Stop("dispatch-plan", "/dispatch/plan", _work_out),
        Stop("dispatch-new", "/dispatch/new"),
        Stop("dispatch-new-free", "/dispatch/new", _look),
        Stop("dispatch-visit", "/dispatch/visits/{next}"),
        Stop("dispatch-visit-asked", "/dispatch/visits/{asked}"),
        Stop("dispatch-visit-done", "/dispatch/visits/{done}"),
        Stop("dispatch-assign", "/dispatch/visits/{next}/assign"),
        Stop("dispatch-move", "/dispatch/visits/{next}/move"),
        Stop("dispatch-cancel", "/dispatch/visits/{next}/cancel"),
        Stop("dispatch-amend", "/dispatch/visits/{next}/amend"),
        Stop("dispatch-case", "/dispatch/visits/{next}/case"),
        Stop("dispatch-call", "/dispatch/case"),
        Stop("dispatch-link", "/dispatch/visits/{later}/link"),
        Stop("dispatch-held", "/dispatch/held"),
        Stop("dispatch-technicians", "/dispatch/technicians"),
        Stop("dispatch-technicians-import", "/dispatch/technicians/import"),
        Stop("dispatch-technician", "/dispatch/technicians/T011"),
        Stop("dispatch-absence", "/dispatch/absences/{absence}"),
        Stop("dispatch-day-print", "/dispatch/day/print"),
        Stop("dispatch-busy-hours", "/dispatch/busy-hours?weeks=13", _look_at("[aria-labelledby=demand]")),
        Stop("dispatch-phones", "/dispatch/phones"),
        Stop("dispatch-messages", "/dispatch/messages/"),
        Stop("dispatch-message", "/dispatch/messages/late/zh-Hant"),
        Stop("rescue", "/rescue/"),
        Stop("causes", "/causes/?month={month}"),
        Stop("cause", "/causes/{late}"),
        Stop("dispatch-decide", "/dispatch/visits/{held}/decide"),
        Stop("dispatch-import", "/dispatch/import"),
        Stop("dispatch-import-faults", "/dispatch/import", _upload("appointments-bad.csv")),
        Stop("dispatch-import-preview", "/dispatch/import", _upload("appointments-2026-12.csv")),
        Stop("me", "/me/"),
    ),
)
QUALITY = Walk(
    "Q001",
    (
        Stop("quality-desk", "/quality/"),
        Stop("quality-visits", "/dispatch/?q=WO-MAIN-T00"),
        Stop("quality-place", "/dispatch/visits/{done}/place"),
        Stop("quality-case", "/quality/cases/{case}"),
        Stop("quality-case-new", "/quality/cases/new?visit=WO-MAIN-T001"),
        Stop("quality-findings", "/quality/findings/"),
        Stop("causes-confirm", "/causes/{said}"),
        Stop("quality-findings-month", "/quality/findings/all?month={month}"),
        Stop("quality-finding-new", "/quality/findings/new?visit=WO-MAIN-T001"),
        Stop("quality-checks", "/quality/findings/checks"),
        Stop("quality-check", "/quality/findings/check?visit=WO-MAIN-T003"),
        Stop("quality-calls", "/quality/findings/calls"),
        Stop("quality-call", "/quality/findings/calls/{unsigned}"),
        Stop("quality-call-compared", "/quality/findings/calls/{called}"),
        Stop("quality-arrivals", "/quality/findings/arrivals/"),
        Stop("quality-arrival", "/quality/findings/arrivals/{arrival}"),
        Stop("quality-finding-heard", "/quality/findings/main/{proposed}"),
        Stop("quality-appeals", "/quality/appeals/"),
        Stop("quality-appeal", "/quality/appeals/main/{appeal}"),
        Stop("quality-approvals", "/quality/approvals/"),
        Stop("quality-approval", "/quality/approvals/{approval}"),
        Stop("quality-quarantine", "/quality/quarantine/"),
        Stop("quality-quarantined", "/quality/quarantine/{quarantined}"),
        Stop("quality-quarantined-open", "", _open_quarantined),
    ),
)
MANAGER = Walk(
    "M001",
    (
        Stop("quality-finding", "/quality/findings/{finding}"),
        Stop("scores-team", "/scores/{month}/"),
        Stop("scores-overview", "/scores/{month}/overview"),
        Stop("scores-behind", "/scores/{month}/behind?item=punctual"),
        Stop("scores-behind-people", "/scores/{month}/behind/technicians?item=punctual"),
        Stop("fairness", "/scores/{month}/fairness"),
        Stop("scores-sheet", "/scores/{month}/T010/"),
        Stop("scores-item", "/scores/{month}/T010/punctual"),
        Stop("scores-visits", "/scores/{month}/T010/visits"),
        Stop("scores-visit", "/scores/visits/{done}"),
        Stop("scores-norm", "/scores/norm"),
        Stop("closing-running", "/scores/closing/main/{this_month}/"),
        Stop("closing-ready", "/scores/closing/main/{month}/"),
        Stop("norm-drafts", "/scores/norm/drafts/"),
        Stop("norm-draft", "/scores/norm/drafts/{draft}"),
        Stop("norm-draft-form", "/scores/norm/drafts/{draft}/edit"),
        Stop("norm-draft-faults", "", _misprint),
        Stop("norm-simulation", "/scores/norm/drafts/{draft}/simulation"),
        Stop("norm-simulation-behind", "/scores/norm/drafts/{draft}/simulation/behind?crosses=down"),
        Stop("norm-proposal", "/scores/norm/drafts/{proposal}"),
    ),
)
#: In another branch the month is closed already.
CLOSED = Walk(
    "M101",
    (
        Stop("second-factor", "/me/second-factor/"),
        Stop("second-factor-codes", "", _confirm_factor),
        Stop("second-factor-in-use", "/me/second-factor/"),
        Stop("second-factor-ended", "", _end_factor),
        Stop("closing-closed", "/scores/closing/hk/{month}/"),
        Stop("scores-team-closed", "/scores/{month}/"),
        Stop("scores-sheet-closed", "/scores/{month}/T103/"),
        Stop("adjustments", "/scores/{month}/adjustments/"),
        Stop("adjustment-to-propose", "/scores/{month}/adjustments/hk/T101"),
        Stop("adjustment-made", "/scores/{month}/adjustments/hk/T103"),
    ),
)
#: And in a third one it waits for a second person.
SECOND = Walk(
    "Q201",
    (
        Stop("closing-waiting", "/scores/closing/sg/{month}/"),
        Stop("adjustment-waiting", "/scores/{month}/adjustments/hk/T102"),
    ),
)
#: Whose closed month was adjusted reads it beside the closed figure.
ADJUSTED = Walk(
    "T103",
    (
        Stop("my-score-adjusted", "/scores/{month}/T103/"),
        Stop("my-slip", "/scores/{month}/T103/slip"),
    ),
)
ADMIN = Walk(
    "A001",
    (
        Stop("admin-accounts", "/admin/"),
        Stop("admin-account", "/admin/accounts/T002"),
        Stop("admin-account-new", "/admin/accounts/new"),
        Stop("admin-invited", "/admin/accounts/D001", _make_link),
        Stop("admin-account-invited", "/admin/accounts/D001"),
        Stop("second-factor-asked", "/admin/accounts/T002", _act_late),
        Stop("admin-audit", "/admin/audit/?chain=main"),
        Stop("admin-branches", "/admin/branches"),
        Stop("admin-tokens", "/admin/tokens/"),
        Stop("admin-outgoing", "/admin/outgoing/"),
    ),
)
TECHNICIAN = Walk(
    "T001",
    (
        Stop("my-score", "/scores/{month}/T001/"),
        Stop("my-score-running", "/scores/{this_month}/T001/"),
        Stop("my-stored", "/me/stored"),
        Stop("my-calendar", "/me/", _look_at("#calendar")),
        Stop("my-fairness", "/scores/{month}/fairness"),
        Stop("my-behind", "/scores/{month}/behind?shift=morning&lost=1"),
        Stop("my-findings", "/scores/{month}/T001/findings"),
        Stop("my-finding", "/scores/findings/{proposed}"),
        Stop("my-item", "/scores/2026-10/T001/cleanup"),
        Stop("my-visit", "/scores/visits/{breached}"),
        Stop("my-appeal-new", "/scores/visits/{breached}/appeal/cleanup"),
        Stop("my-appeals", "/scores/appeals/"),
        Stop("my-appeal", "/scores/appeals/{appeal}"),
        Stop("phone-today", "/m/", _today),
        Stop("phone-visit-prepare", "", _at("visit")),
        Stop("phone-late", "", _at("late")),
        Stop("phone-notdone", "", _at("notdone")),
        Stop("phone-visit-way", "", _at(
            "visit", kit__checked={"uniform": True, "badge": True, "shoe_covers": True, "kit": True},
        )),
        Stop("phone-visit-arrive", "", _at("visit", visit__departed={})),
        Stop("phone-visit-door", "", _at("visit", visit__arrived={"gps": {"status": "denied"}})),
        Stop("phone-nobody", "", _at("nobody")),
        Stop("phone-visit-work", "", _at(
            "visit", door__checked={"introduced": True, "shoe_covers": True},
            consent__given={"by": "customer", "method": "spoken"},
        )),
        Stop("phone-visit-cleanup", "", _on()),
        Stop("phone-visit-handover", "", _at("visit", site__checked={"cleanup": True, "belongings": True})),
        Stop("phone-outbox", "", _at("outbox")),
        Stop("phone-settings", "", _at("settings")),
        Stop("phone-customer", "", _hand_over),
        Stop("phone-customer-sign", "", _on()),
        Stop("phone-customer-thanks", "", _on(before="label:has([value=type])")),
        Stop("phone-visit-leave", "", _on()),
    ),
)  # fmt: skip
WALKS = (OPEN, DISPATCHER, QUALITY, MANAGER, CLOSED, SECOND, ADJUSTED, ADMIN, TECHNICIAN)


def show(page: Any, url: str, places: dict[str, str], stop: Stop) -> None:
    """Bring the page to a stop."""
    if stop.path:
        page.goto(url + stop.path.format_map(places))
    if stop.steps:
        stop.steps(page, places)
    page.wait_for_load_state("load")
