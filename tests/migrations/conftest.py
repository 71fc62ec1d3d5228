"""Every migration test runs on both engines."""

from collections.abc import Iterator

import pytest

from fieldapp.storage.engine import Database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request, tmp_path) -> Iterator[Database]:
    """An empty database."""
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    database = Database(url)
    yield database
    database.dispose()
