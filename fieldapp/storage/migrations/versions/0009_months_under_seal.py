"""months under seal"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

#: What is under seal changes never again, whoever holds the database: the programs that run on it included. Whoever
#: takes the triggers away is found out by the signature, the hashes and the audit chain (`fieldapp doctor`).
SEALED = ("closed_months", "closed_sheets")
WORDS = "a closed month never changes"


def upgrade() -> None:
    op.create_table(
        "closed_months",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=64), nullable=False),
        sa.Column("proposal_id", sa.String(length=36), nullable=False),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("confirmed_by", sa.String(length=64), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("audit_id", sa.String(length=36), nullable=False),
        sa.CheckConstraint("confirmed_by <> proposed_by", name=op.f("ck_closed_months_four_eyes")),
        sa.PrimaryKeyConstraint("branch", "month", name=op.f("pk_closed_months")),
    )
    op.create_table(
        "closed_sheets",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=64), nullable=False),
        sa.Column("technician", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("branch", "month", "technician", name=op.f("pk_closed_sheets")),
    )
    op.create_table(
        "month_proposals",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("proposal_id", sa.String(length=36), nullable=False),
        sa.Column("month", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("settled_by", sa.String(length=64), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'open') = (settled_by IS NULL)", name=op.f("ck_month_proposals_settled")),
        sa.CheckConstraint("state <> 'closed' OR settled_by <> author", name=op.f("ck_month_proposals_four_eyes")),
        sa.CheckConstraint("state IN ('open','closed','withdrawn','overtaken')", name=op.f("ck_month_proposals_state")),
        sa.PrimaryKeyConstraint("branch", "proposal_id", name=op.f("pk_month_proposals")),
    )
    with op.batch_alter_table("month_proposals", schema=None) as batch_op:
        batch_op.create_index(
            "uq_month_proposals_open",
            ["branch", "month"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    _forbid_changes()


def _forbid_changes() -> None:
    closed = "EXISTS (SELECT 1 FROM closed_months WHERE branch = NEW.branch AND month = NEW.month)"
    if op.get_bind().dialect.name == "sqlite":
        for table in SEALED:
            # The last one also forbids what INSERT OR REPLACE would do without asking a trigger on DELETE.
            for act, condition in (("UPDATE", ""), ("DELETE", ""), ("INSERT", f"WHEN {closed}")):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} {condition} "
                    f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION forbid_sealed_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'INSERT' THEN IF NOT {closed} THEN RETURN NEW; END IF; END IF; "
        f"RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in SEALED:
        for act, each in (("INSERT OR UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_sealed_{each.lower()} BEFORE {act} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION forbid_sealed_change()"
            )


def downgrade() -> None:
    with op.batch_alter_table("month_proposals", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_month_proposals_open",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.drop_table("month_proposals")
    op.drop_table("closed_sheets")
    op.drop_table("closed_months")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION forbid_sealed_change()")
