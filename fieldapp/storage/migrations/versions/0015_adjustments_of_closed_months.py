"""adjustments of closed months"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

WORDS = "an adjustment never changes"
#: What would take the place of something that stands: INSERT OR REPLACE asks no trigger on DELETE.
TAKEN = {
    "adjustments": "EXISTS (SELECT 1 FROM adjustments AS kept WHERE kept.branch = NEW.branch AND "
    "(kept.adjustment_id = NEW.adjustment_id OR (kept.month = NEW.month AND kept.technician = NEW.technician "
    "AND kept.number >= NEW.number)))",
    "adjustment_proposals": "NEW.state <> 'open' OR EXISTS (SELECT 1 FROM adjustment_proposals AS kept "
    "WHERE kept.branch = NEW.branch AND (kept.proposal_id = NEW.proposal_id "
    "OR (kept.month = NEW.month AND kept.technician = NEW.technician AND kept.state = 'open')))",
}
#: A proposal is settled, once; nothing else of it changes.
_KEPT = ("branch", "proposal_id", "month", "technician", "body", "fingerprint", "author", "proposed_at", "reason")
TOUCHED = {
    "adjustments": "1 = 1",
    "adjustment_proposals": "OLD.state <> 'open' OR " + " OR ".join(f"NEW.{name} <> OLD.{name}" for name in _KEPT),
}


def upgrade() -> None:
    op.create_table(
        "adjustment_proposals",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("proposal_id", sa.String(length=36), nullable=False),
        sa.Column("month", sa.String(length=64), nullable=False),
        sa.Column("technician", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("settled_by", sa.String(length=64), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint("(state = 'open') = (settled_by IS NULL)", name=op.f("ck_adjustment_proposals_settled")),
        sa.CheckConstraint(
            "author <> technician AND coalesce(settled_by, '') <> technician",
            name=op.f("ck_adjustment_proposals_beneficiary"),
        ),
        sa.CheckConstraint(
            "state IN ('open','confirmed','refused','withdrawn','overtaken')",
            name=op.f("ck_adjustment_proposals_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('confirmed','refused') OR settled_by <> author",
            name=op.f("ck_adjustment_proposals_four_eyes"),
        ),
        sa.PrimaryKeyConstraint("branch", "proposal_id", name=op.f("pk_adjustment_proposals")),
    )
    with op.batch_alter_table("adjustment_proposals", schema=None) as batch_op:
        batch_op.create_index(
            "uq_adjustment_proposals_open",
            ["branch", "month", "technician"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "adjustments",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=64), nullable=False),
        sa.Column("technician", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("adjustment_id", sa.String(length=36), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("approver", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("audit_id", sa.String(length=36), nullable=False),
        sa.CheckConstraint(
            "author <> approver AND technician NOT IN (author, approver)", name=op.f("ck_adjustments_four_eyes")
        ),
        sa.PrimaryKeyConstraint("branch", "month", "technician", "number", name=op.f("pk_adjustments")),
        sa.UniqueConstraint("branch", "adjustment_id", name=op.f("uq_adjustments_branch_adjustment_id")),
    )
    _forbid_changes()


def _forbid_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in TAKEN:
            for act, condition in (("UPDATE", TOUCHED[table]), ("DELETE", "1 = 1"), ("INSERT", TAKEN[table])):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} WHEN {condition} "
                    f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
                )
        return
    for table in TAKEN:
        op.execute(
            f"CREATE FUNCTION forbid_{table}_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP = 'INSERT' THEN IF NOT ({TAKEN[table]}) THEN RETURN NEW; END IF; "
            f"ELSIF TG_OP = 'UPDATE' THEN IF NOT ({TOUCHED[table]}) THEN RETURN NEW; END IF; END IF; "
            f"RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        for act, each in (("INSERT OR UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_sealed_{each.lower()} BEFORE {act} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION forbid_{table}_change()"
            )


def downgrade() -> None:
    op.drop_table("adjustments")
    with op.batch_alter_table("adjustment_proposals", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_adjustment_proposals_open",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.drop_table("adjustment_proposals")
    if op.get_bind().dialect.name == "postgresql":
        for table in TAKEN:
            op.execute(f"DROP FUNCTION forbid_{table}_change()")
