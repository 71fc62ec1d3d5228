"""The demo company on a live server at a fixed moment: what screenshots and the accessibility tour walk through."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

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
WISH = demo.Wish("screens", MOMENT, 400, (date(2026, 9, 1), date(2026, 10, 1)))
DONE, NOW_DUE, NEXT, LATER = "WO-MAIN-T001", "WO-MAIN-T003", "WO-MAIN-T004", "WO-MAIN-T005"


@dataclass(frozen=True)
class Stage:
    """A running demo: where it is, how to sign in, and the places that pages need."""

    url: str
    work: Work
    passwords: dict[str, str]
    places: dict[str, str]


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Set the stage below `folder`; everything on it is the same each time."""
    work = make_test_work(folder, Clock(MOMENT))
    installation.upgrade(work, timezone=cast.ZONE)
    passwords = {one.login: one.password for one in demo.load_demo(work, WISH)}
    settings = Settings(
        instance=folder, database_url=str(work.database.url), secret_key="only for screenshots, long enough",
        blobs=folder / "blobs", timezone=cast.ZONE, locale="en", demo=True,
    )  # fmt: skip
    app = create_app(settings, work=work)
    with serving(app) as url:
        yield Stage(url, work, passwords, _places(work))
    work.database.dispose()


def _places(work: Work) -> dict[str, str]:
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
    return {**visits, "own_done": own_done, "own_next": own_next, "case": _newest_case(work), "month": "2026-09"}


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
