"""The audit chain: whoever edits, deletes, reorders or cuts off a row is named."""

import pytest
from sqlalchemy import text

from fieldapp.services.work import Work
from fieldapp.storage import audit
from tests import cast


def write_rows(work: Work, count: int = 4) -> None:
    for number in range(count):
        with work.write() as db:
            audit.append(db, cast.MAIN, entry_id=work.new_id(), now=work.now(), actor="D001", action="visit.move",
                         subject=f"WO-{number}", facts={"reason": "原因"})  # fmt: skip


def faults(work: Work) -> list[str]:
    with work.read() as db:
        return audit.verify(db)


def test_an_untouched_chain_verifies(work: Work):
    write_rows(work)
    assert faults(work) == []


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET subject = 'WO-9' WHERE number = 2",
        "DELETE FROM audit WHERE number = 2",
        "DELETE FROM audit WHERE number = 4",
        "UPDATE audit SET number = CASE number WHEN 2 THEN 30 WHEN 3 THEN 2 ELSE number END",
    ],
)
def test_a_changed_chain_is_named(work: Work, tampering: str):
    write_rows(work)
    with work.write() as db:
        db.execute(text(tampering))
    assert any(line.startswith("audit main") for line in faults(work))


def test_branches_have_chains_of_their_own(work: Work):
    write_rows(work)
    with work.write() as db:
        audit.append(db, None, entry_id=work.new_id(), now=work.now(), actor="A001", action="user.add", subject="T007")
    assert faults(work) == []
