"""webhooks"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("webhook_id", sa.String(length=36), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["branch"], ["branches.branch"], name=op.f("fk_webhooks_branch_branches")),
        sa.PrimaryKeyConstraint("branch", "webhook_id", name=op.f("pk_webhooks")),
    )


def downgrade() -> None:
    # Nobody is told of anything any more, so nothing is to be noted.
    branches = sa.table("branches", sa.column("branch", sa.String), sa.column("hears", sa.Text))
    op.execute(sa.update(branches).where(branches.c.branch.is_not(None)).values(hears=None))
    op.drop_table("webhooks")
