"""where findings stand; statements and photos of findings"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "finding_photos",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("finding_id", sa.String(length=36), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("branch", "finding_id", "sha256", name=op.f("pk_finding_photos")),
    )
    op.create_table(
        "finding_statements",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("statement_id", sa.String(length=36), nullable=False),
        sa.Column("finding_id", sa.String(length=36), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("branch", "statement_id", name=op.f("pk_finding_statements")),
    )
    op.create_index("ix_finding_statements_finding", "finding_statements", ["branch", "finding_id"])

    # Derived from the facts; `fieldapp db upgrade` counts it anew.
    op.execute("DELETE FROM finding_effects")
    with op.batch_alter_table("finding_effects", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source", sa.String(length=64), nullable=False))
        batch_op.add_column(sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False))
        batch_op.add_column(sa.Column("state", sa.String(length=64), nullable=False))
        batch_op.create_check_constraint(
            batch_op.f("ck_finding_effects_state"), "state IN ('waiting','upheld','dismissed','overturned')"
        )
        batch_op.create_index("ix_finding_effects_state", ["branch", "state", "recorded_at"])
        batch_op.drop_column("overturned")
        batch_op.drop_column("upheld")


def downgrade() -> None:
    with op.batch_alter_table("finding_effects", schema=None) as batch_op:
        batch_op.add_column(sa.Column("upheld", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("overturned", sa.Boolean(), nullable=True))
    op.execute("UPDATE finding_effects SET upheld = (state = 'upheld'), overturned = (state = 'overturned')")
    with op.batch_alter_table("finding_effects", schema=None) as batch_op:
        batch_op.alter_column("upheld", existing_type=sa.Boolean(), nullable=False)
        batch_op.alter_column("overturned", existing_type=sa.Boolean(), nullable=False)
        batch_op.drop_index("ix_finding_effects_state")
        batch_op.drop_constraint(batch_op.f("ck_finding_effects_state"), type_="check")
        batch_op.drop_column("state")
        batch_op.drop_column("recorded_at")
        batch_op.drop_column("source")

    op.drop_index("ix_finding_statements_finding", table_name="finding_statements")
    op.drop_table("finding_statements")
    op.drop_table("finding_photos")
