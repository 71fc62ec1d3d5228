"""saved filters: searches that people keep under a name"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.create_table(
        "saved_filters",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("filter_id", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("branch", "filter_id", name=op.f("pk_saved_filters")),
        sa.UniqueConstraint("branch", "owner", "name", name=op.f("uq_saved_filters_branch_owner_name")),
    )


def downgrade() -> None:
    op.drop_table("saved_filters")
