"""quarantine is settled: by whom, when, and why (sealed)"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.add_column("quarantine", sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("quarantine", sa.Column("settled_by", sa.String(length=64), nullable=True))
    op.add_column("quarantine", sa.Column("reason_box", sa.LargeBinary(), nullable=True))
    op.add_column("quarantine", sa.Column("reason_wrapped", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    for name in ("reason_wrapped", "reason_box", "settled_by", "settled_at"):
        op.drop_column("quarantine", name)
