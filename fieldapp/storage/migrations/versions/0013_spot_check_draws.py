"""draws of spot checks"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "spot_check_draws",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=64), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("committed_by", sa.String(length=64), nullable=False),
        sa.CheckConstraint("quota BETWEEN 1 AND 10", name=op.f("ck_spot_check_draws_quota")),
        sa.PrimaryKeyConstraint("branch", "month", name=op.f("pk_spot_check_draws")),
    )


def downgrade() -> None:
    op.drop_table("spot_check_draws")
