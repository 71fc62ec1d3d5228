"""The watch over statements: that it sees one which names no branch."""

import pytest

from fieldapp.storage import visits
from tests import branch_guard


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("SELECT visits.branch, visits.state FROM visits WHERE visits.visit_id = ?", False),
        ("SELECT visits.state FROM visits WHERE visits.branch = ? AND visits.visit_id = ?", True),
        ("UPDATE visits SET state = ? WHERE visit_id = ?", False),
        ("DELETE FROM links WHERE branch = ?", True),
        ("INSERT INTO events (branch, ym) VALUES (?, ?)", True),
        ("INSERT INTO events (ym) VALUES (?)", False),
        ("SELECT accounts.name FROM accounts WHERE accounts.login = ?", True),
    ],
)
def test_a_statement_must_say_whose_rows_it_means(statement, names):
    assert branch_guard.is_fine(statement) is names


def test_the_program_passes_while_it_is_watched(work):
    with work.read() as db:
        assert visits.find(db, "main", "00000000-0000-7000-8000-000000000000") is None
