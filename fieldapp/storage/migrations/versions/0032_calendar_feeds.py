"""secret addresses under which technicians' calendars are read"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("technician", sa.String(length=64), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("branch", "technician", name=op.f("pk_calendar_feeds")),
        sa.UniqueConstraint("branch", "secret_hash", name=op.f("uq_calendar_feeds_branch_secret_hash")),
    )


def downgrade() -> None:
    op.drop_table("calendar_feeds")
