"""Ends the processes that the faults' tests share."""

from collections.abc import Iterator

import pytest

from tests.faults.server import close_nurseries


@pytest.fixture(scope="session", autouse=True)
def _nurseries() -> Iterator[None]:
    yield
    close_nurseries()
