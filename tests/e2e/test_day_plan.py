"""Planning a day in a real browser: worked out once however often one clicks, looked at, applied."""

from typing import Any

import pytest

from fieldapp.services.work import Work
from tests.e2e.test_board import bar, day, server, stored

__all__ = ["day", "server"]
pytestmark = pytest.mark.browser


def test_a_plan_is_worked_out_looked_at_and_applied(desk_page: Any, enter: Any, day: Work) -> None:
    enter(desk_page, "D001")
    desk_page.goto("/dispatch/board?day=2026-10-14")
    desk_page.get_by_role("link", name="Plan the day").click()
    desk_page.wait_for_selector("[data-takes-time]")
    desk_page.wait_for_load_state()
    asked = []
    desk_page.on("request", lambda request: request.method == "POST" and asked.append(request.url))
    stands = desk_page.evaluate(
        """() => { const form = document.querySelector("[data-takes-time]"), button = form.querySelector("button");
        button.click(); const said = form.querySelector("[data-f=working]").hidden; button.click();
        return [said, button.disabled, form.getAttribute("aria-busy")]; }"""
    )
    desk_page.get_by_role("heading", name="What would change").wait_for()
    assert (stands, len(asked)) == ([False, True, "true"], 1)
    assert stored(day, "WO-3").visit.technician is None
    desk_page.get_by_role("button", name="Apply all of this").click()
    desk_page.get_by_text("visit is planned anew").wait_for()
    bar(desk_page, "WO-3").wait_for()
    assert stored(day, "WO-3").visit.technician == "T003"
