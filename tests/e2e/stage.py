"""The demo company on a live server at a fixed moment: what screenshots and the accessibility tour walk through."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fieldapp.app import create_app
from fieldapp.domain import ids
from fieldapp.domain.access import OPERATOR
from fieldapp.services import accounts, demo, installation, link_acts, links
from fieldapp.services.work import Work
from fieldapp.settings import Settings
from tests import cast
from tests.conftest import make_test_work
from tests.fakes import Clock
from tests.live import serving

#: Wednesday 14 October 2026, ten in the morning in Shanghai.
MOMENT = datetime(2026, 10, 14, 2, 0, tzinfo=UTC)
DONE, NOW_DUE, NEXT, LATER = "WO-MAIN-T001", "WO-MAIN-T003", "WO-MAIN-T004", "WO-MAIN-T005"


@dataclass(frozen=True)
class Stage:
    """A running demo: where it is, how to sign in, and the places that pages need."""

    url: str
    work: Work
    passwords: dict[str, str]
    places: dict[str, str]


@contextmanager
def stage(folder: Path, moment: datetime = MOMENT) -> Iterator[Stage]:
    """Set the stage below `folder`; everything on it is the same each time. Its clock stands still at `moment`."""
    work = make_test_work(folder, Clock(moment))
    installation.upgrade(work, timezone=cast.ZONE)
    this = moment.astimezone(ZoneInfo(cast.ZONE)).date().replace(day=1)
    wish = demo.Wish("screens", moment, 400, ((this - timedelta(days=1)).replace(day=1), this))
    passwords = {one.login: one.password for one in demo.load_demo(work, wish)}
    settings = Settings(
        instance=folder, database_url=str(work.database.url), secret_key="only for screenshots, long enough",
        blobs=folder / "blobs", timezone=cast.ZONE, locale="en", demo=True,
    )  # fmt: skip
    app = create_app(settings, work=work)
    with serving(app) as url:
        yield Stage(url, work, passwords, _places(work, f"{wish.months[0]:%Y-%m}"))
    work.database.dispose()


def _places(work: Work, month: str) -> dict[str, str]:
    """Ids and links that the tour's addresses name."""
    branch = ids.BranchCode(cast.MAIN)
    visits = {
        name: ids.visit_id(branch, order)
        for name, order in {"done": DONE, "due": NOW_DUE, "next": NEXT, "later": LATER}.items()
    }
    own_done = links.create_own_link(work, OPERATOR, branch, visits["done"])
    own_next = links.create_own_link(work, OPERATOR, branch, visits["next"])
    link = links.open_link(work, own_done)
    link_acts.report(work, link, "commend", "Very polite, and left everything clean. 谢谢师傅！")
    link_acts.report(work, link, "complain", "The new socket in the bedroom is loose.")
    return {**visits, "own_done": own_done, "own_next": own_next, "case": _newest_case(work), "month": month}


def _newest_case(work: Work) -> str:
    from fieldapp.services import cases

    quality = next(one for one in accounts.list_accounts(work, OPERATOR) if one.login == "Q001")
    return next(iter(cases.desk(work, quality.actor, "open"))).case.case_id


def enter(page: Any, stage: Stage, login: str) -> None:
    """Sign in through the real form."""
    page.goto(f"{stage.url}/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", stage.passwords[login])
    with page.expect_navigation():
        page.press("[name=password]", "Enter")
