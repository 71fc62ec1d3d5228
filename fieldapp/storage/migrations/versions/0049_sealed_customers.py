"""sealed customers: whom a visit is for as one sealed value, and marks to find visits at one place by

Words of a case may be sealed where they stand."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"

WORDS = "a case is neither edited nor removed"
SAME = (
    "NEW.branch = OLD.branch AND NEW.case_id = OLD.case_id AND NEW.entry_id = OLD.entry_id "
    "AND NEW.recorded_at = OLD.recorded_at AND NEW.actor = OLD.actor AND NEW.kind = OLD.kind"
)
#: Nothing of an entry changes but its words: for the mark of what was erased, or for what is sealed.
BLANKED, SEALED = f"NEW.text = '∅' AND {SAME}", f"(NEW.text = '∅' OR substr(NEW.text, 1, 1) = {{char}}(1)) AND {SAME}"
TAKEN = (
    "EXISTS (SELECT 1 FROM case_entries AS kept WHERE kept.branch = NEW.branch "
    "AND kept.case_id = NEW.case_id AND kept.entry_id = NEW.entry_id)"
)


def upgrade() -> None:
    op.add_column("visits", sa.Column("person", sa.LargeBinary(), nullable=True))
    for name in ("phone_mark", "address_mark"):
        op.add_column("visits", sa.Column(name, sa.String(length=64), nullable=True))
        op.create_index(op.f(f"ix_visits_{name}"), "visits", ["branch", name])
    _guard(SEALED)


def downgrade() -> None:
    _guard(BLANKED)
    for name in ("address_mark", "phone_mark"):
        op.drop_index(op.f(f"ix_visits_{name}"), "visits")
        op.drop_column("visits", name)
    op.drop_column("visits", "person")


def _guard(allowed: str) -> None:
    """Which changes of a case's entries are not refused."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER case_entries_no_update")
        op.execute(
            f"CREATE TRIGGER case_entries_no_update BEFORE UPDATE ON case_entries "
            f"WHEN NOT ({allowed.format(char='char')}) BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION forbid_case_entries_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'INSERT' THEN IF NOT ({TAKEN}) THEN RETURN NEW; END IF; "
        f"ELSIF TG_OP = 'UPDATE' THEN IF {allowed.format(char='chr')} THEN RETURN NEW; END IF; END IF; "
        f"RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
