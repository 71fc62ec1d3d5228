"""approvals of late changes"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "approvals",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("approval_id", sa.String(length=36), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("technician", sa.String(length=64), nullable=True),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("planned_technician", sa.String(length=64), nullable=True),
        sa.Column("planned_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("planned_minutes", sa.Integer(), nullable=True),
        sa.Column("override", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=True),
        sa.CheckConstraint("(state = 'approved') = (event_id IS NOT NULL)", name=op.f("ck_approvals_recorded")),
        sa.CheckConstraint("(state = 'open') = (decided_by IS NULL)", name=op.f("ck_approvals_decided")),
        sa.CheckConstraint("state IN ('open','approved','declined')", name=op.f("ck_approvals_state")),
        sa.CheckConstraint("decided_by <> author AND decided_by <> technician", name=op.f("ck_approvals_four_eyes")),
        sa.CheckConstraint("window_end > window_start", name=op.f("ck_approvals_window")),
        sa.ForeignKeyConstraint(
            ["branch", "visit_id"],
            ["visits.branch", "visits.visit_id"],
            name=op.f("fk_approvals_branch_visit_id_visits"),
        ),
        sa.PrimaryKeyConstraint("branch", "approval_id", name=op.f("pk_approvals")),
    )
    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.create_index("ix_approvals_state", ["branch", "state", "asked_at"], unique=False)
        batch_op.create_index("ix_approvals_visit", ["branch", "visit_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.drop_index("ix_approvals_visit")
        batch_op.drop_index("ix_approvals_state")

    op.drop_table("approvals")
