"""The acceptance list of security.md, item 19: what people write runs nowhere, on no page of the tour."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import Text

from fieldapp.storage.tables import Base
from tests import cast
from tests.browsers import DESK, PHONE
from tests.e2e import tour
from tests.e2e.stage import MOMENT, enter, stage

pytestmark = pytest.mark.browser

CANARY = "\"'><canary></canary><img src=x onerror='window.sung=1'><script>window.sung=1</script>{{7*7}}"
#: Columns in which people's own words stand, and members of facts that hold them.
WORDS = {"name", "customer_name", "address", "district", "note", "text", "reason", "answer", "comment", "agent", "why"}
#: Closed for good: triggers let nobody write there, and what they hold is escaped by the same templates.
SEALED = {"closed_months", "closed_sheets", "adjustments", "adjustment_proposals", "rulebooks", "rulebook_drafts"}


def spread(connection: Any) -> int:
    """Append the canary to everything that somebody wrote."""
    changed = 0
    connection.exec_driver_sql("DROP TRIGGER case_entries_no_update")  # customers' own words have to sing, too
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if table.name not in SEALED and column.name in WORDS and isinstance(column.type, Text):
                statement = f"UPDATE {table.name} SET {column.name} = {column.name} || ? WHERE {column.name} <> ''"
                changed += connection.exec_driver_sql(statement, (CANARY,)).rowcount
    for event_id, body in connection.exec_driver_sql("SELECT event_id, body FROM events").all():
        sung = msgspec.json.encode(_sung(msgspec.json.decode(body)))
        connection.exec_driver_sql("UPDATE events SET body = ? WHERE event_id = ?", (sung, event_id))
    return changed


def _sung(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: one + CANARY if key in WORDS and isinstance(one, str) and key != "reason" else _sung(one)
            for key, one in value.items()
        }
    return [_sung(one) for one in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def sung_stage(tmp_path_factory):
    with stage(tmp_path_factory.mktemp("stage"), sealed=False) as found:
        with found.work.write() as db:
            assert spread(db.connection()) > 500
        yield found


@pytest.mark.parametrize("walk", tour.WALKS, ids=lambda walk: walk.login or "nobody")
def test_19_no_canary_sings(browser, sung_stage, walk):
    size = {"viewport": PHONE, "is_mobile": True, "has_touch": True} if walk.phone_only else {"viewport": DESK}
    context = browser.new_context(locale="en-GB", timezone_id=cast.ZONE, **size)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.clock.set_fixed_time(MOMENT)
    if walk.login:
        enter(page, sung_stage, walk.login)
    sang, seen = [], 0
    for stop in walk.stops:
        # What is typed on a page is the tour's own matter; what it shows is ours.
        answer = page.goto(sung_stage.url + stop.path.format_map(sung_stage.places)) if stop.path else None
        if answer is not None and answer.status < 400 and stop.steps is not None and walk.phone_only:
            page.wait_for_timeout(300)
        found = page.evaluate("() => [document.querySelectorAll('canary').length, 'sung' in window]")
        if found != [0, False]:
            sang.append(f"{stop.name}: {found}")
        seen += "<canary>" in page.inner_text("body")
    context.close()
    assert sang == []
    assert seen or walk.login in {None, "nobody"}, "no page shows what was written: this test sees nothing"
