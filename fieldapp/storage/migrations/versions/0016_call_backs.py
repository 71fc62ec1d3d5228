"""calls to customers after a visit; the share of them is sealed with the draw"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

#: What the program drew when this was written.
_SHARE = 10


def upgrade() -> None:
    op.create_table(
        "call_backs",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.CheckConstraint("outcome IN ('no_answer','refused','reached')", name=op.f("ck_call_backs_outcome")),
        sa.ForeignKeyConstraint(
            ["branch", "visit_id"],
            ["visits.branch", "visits.visit_id"],
            name=op.f("fk_call_backs_branch_visit_id_visits"),
        ),
        sa.PrimaryKeyConstraint("branch", "visit_id", "number", name=op.f("pk_call_backs")),
    )
    op.create_table(
        "call_back_findings",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("finding_id", sa.String(length=36), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("branch", "finding_id", name=op.f("pk_call_back_findings")),
    )
    with op.batch_alter_table("spot_check_draws", schema=None) as batch_op:
        batch_op.add_column(sa.Column("share", sa.Integer(), nullable=True))
    draws = sa.table("spot_check_draws", sa.column("branch", sa.String), sa.column("share", sa.Integer))
    op.execute(sa.update(draws).where(draws.c.branch.is_not(None)).values(share=_SHARE))
    with op.batch_alter_table("spot_check_draws", schema=None) as batch_op:
        batch_op.alter_column("share", existing_type=sa.Integer(), nullable=False)
        batch_op.create_check_constraint("share", "share BETWEEN 1 AND 100")


def downgrade() -> None:
    with op.batch_alter_table("spot_check_draws", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_spot_check_draws_share"), type_="check")
        batch_op.drop_column("share")
    op.drop_table("call_back_findings")
    op.drop_table("call_backs")
