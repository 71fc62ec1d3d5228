"""published rulebooks and drafts of them"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

# A published version is what people are paid by: nothing in the product can change it, whatever mistake it has.
_FROZEN = {
    "sqlite": [
        f"""CREATE TRIGGER rulebooks_frozen_{act} BEFORE {act.upper()} ON rulebooks
        BEGIN SELECT RAISE(ABORT, 'a published rulebook never changes'); END"""
        for act in ("update", "delete")
    ],
    "postgresql": [
        """CREATE FUNCTION rulebooks_frozen() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'a published rulebook never changes' USING ERRCODE = 'check_violation'; END $$""",
        """CREATE TRIGGER rulebooks_frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON rulebooks
        FOR EACH STATEMENT EXECUTE FUNCTION rulebooks_frozen()""",
    ],
}


def upgrade() -> None:
    op.create_table(
        "rulebook_drafts",
        sa.Column("draft_id", sa.String(length=36), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('proposed','published')) = (fingerprint IS NOT NULL)", name=op.f("ck_rulebook_drafts_proposed")
        ),
        sa.CheckConstraint(
            "state IN ('open','proposed','published','discarded')", name=op.f("ck_rulebook_drafts_state")
        ),
        sa.CheckConstraint("decided_by <> author", name=op.f("ck_rulebook_drafts_four_eyes")),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_rulebook_drafts")),
    )
    op.create_table(
        "rulebooks",
        sa.Column("sheet", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("in_force_from", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("approver", sa.String(length=64), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("approver <> author", name=op.f("ck_rulebooks_four_eyes")),
        sa.PrimaryKeyConstraint("sheet", "version", name=op.f("pk_rulebooks")),
    )
    for statement in _FROZEN[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("rulebooks")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION rulebooks_frozen()")
    op.drop_table("rulebook_drafts")
