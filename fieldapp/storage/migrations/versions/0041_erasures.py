"""erasures: which visits and accounts were emptied of their person, and a case's words may be taken out"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0027"

WORDS = "a case is neither edited nor removed"
#: Nothing of an entry changes but its words, and they for the one mark of what was erased.
BLANKED = (
    "NEW.text = '∅' AND NEW.branch = OLD.branch AND NEW.case_id = OLD.case_id AND NEW.entry_id = OLD.entry_id "
    "AND NEW.recorded_at = OLD.recorded_at AND NEW.actor = OLD.actor AND NEW.kind = OLD.kind"
)
TAKEN = (
    "EXISTS (SELECT 1 FROM case_entries AS kept WHERE kept.branch = NEW.branch "
    "AND kept.case_id = NEW.case_id AND kept.entry_id = NEW.entry_id)"
)


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.CheckConstraint("why IN ('asked','expired')", name=op.f("ck_erasures_why")),
        sa.PrimaryKeyConstraint("branch", "visit_id", name=op.f("pk_erasures")),
    )
    op.add_column("events", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("accounts", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    _guard(f"NOT ({BLANKED})")


def downgrade() -> None:
    _guard("1 = 1")
    op.drop_column("accounts", "erased_at")
    op.drop_column("events", "erased_at")
    op.drop_table("erasures")


def _guard(forbidden: str) -> None:
    """Which changes of a case's entries are refused."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER case_entries_no_update")
        op.execute(
            f"CREATE TRIGGER case_entries_no_update BEFORE UPDATE ON case_entries WHEN {forbidden} "
            f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION forbid_case_entries_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'INSERT' THEN IF NOT ({TAKEN}) THEN RETURN NEW; END IF; "
        f"ELSIF TG_OP = 'UPDATE' THEN IF NOT ({forbidden}) THEN RETURN NEW; END IF; END IF; "
        f"RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
