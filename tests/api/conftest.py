"""Programs with tokens, and a branch with something in it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.services import tokens
from tests import builders, cast
from tests.sync.phone import plan


class Program:
    """Another system: asks with its token, and with nothing that a browser has."""

    def __init__(self, app: Any, token: str) -> None:
        self._app, self.token = app, token

    def ask(self, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return self._app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        return self.ask("GET", path, **more)

    def pages(self, path: str, cursor: str | None = "") -> list[Any]:
        """Every item of a list, page after page, from a page on."""
        items: list[Any] = []
        while cursor is not None:
            page = self.get(f"{path}{'&' if '?' in path else '?'}cursor={cursor}").json
            items, cursor = items + page["items"], page["next"]
        return items


@pytest.fixture
def program(app, work) -> Callable[..., Program]:
    """`program("visits:read")`: a program of `main` with a token of these scopes."""

    def act(*scopes: str, name: str = "crm", branch: str = cast.MAIN, **more: Any) -> Program:
        token = tokens.add_token(work, OPERATOR, branch=branch, name=name, scopes=scopes, **more)
        return Program(app, token)

    return act


@pytest.fixture
def planned(work, clock) -> list[str]:
    """Order numbers of five visits of `main`, on five days from tomorrow on, of T001 and T002 in turn."""
    numbers = [f"WO-{number}" for number in range(1, 6)]
    lines = [
        builders.scheduled(number, clock() + timedelta(days=day), ("T001", "T002")[day % 2])
        for day, number in enumerate(numbers, 1)
    ]
    plan(work, *lines)
    return numbers
