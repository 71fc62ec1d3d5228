"""appeals and the proof of times"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "appeals",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("appeal_id", sa.String(length=36), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=True),
        sa.Column("finding_id", sa.String(length=36), nullable=True),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("technician", sa.String(length=64), nullable=True),
        sa.Column("filing_id", sa.String(length=36), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("decision_id", sa.String(length=36), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'open') = (decision_id IS NULL)", name=op.f("ck_appeals_decided")),
        sa.CheckConstraint("state IN ('open','overturned','confirmed')", name=op.f("ck_appeals_state")),
        sa.CheckConstraint("(finding_id IS NULL) = (item IS NOT NULL)", name=op.f("ck_appeals_subject")),
        sa.CheckConstraint("filing_id IS NOT NULL OR decision_id IS NOT NULL", name=op.f("ck_appeals_said")),
        sa.CheckConstraint("item IS NULL OR visit_id IS NOT NULL", name=op.f("ck_appeals_visit")),
        sa.PrimaryKeyConstraint("branch", "appeal_id", name=op.f("pk_appeals")),
    )
    with op.batch_alter_table("appeals", schema=None) as batch_op:
        batch_op.create_index("ix_appeals_state", ["branch", "state", "filed_at"], unique=False)
        batch_op.create_index("ix_appeals_technician", ["branch", "technician", "filed_at"], unique=False)
        batch_op.create_index("ix_appeals_visit", ["branch", "visit_id"], unique=False)

    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("flags", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_events_doubt",
            ["branch", "effective_at"],
            unique=False,
            sqlite_where=sa.text("grade = 'C'"),
            postgresql_where=sa.text("grade = 'C'"),
        )


def downgrade() -> None:
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_events_doubt", sqlite_where=sa.text("grade = 'C'"), postgresql_where=sa.text("grade = 'C'")
        )
        batch_op.drop_column("proven_at")
        batch_op.drop_column("flags")

    with op.batch_alter_table("appeals", schema=None) as batch_op:
        batch_op.drop_index("ix_appeals_visit")
        batch_op.drop_index("ix_appeals_technician")
        batch_op.drop_index("ix_appeals_state")

    op.drop_table("appeals")
