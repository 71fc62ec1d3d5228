"""sealed quarantine, and what an entry said to follow"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("device_entries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("prev", sa.String(length=64), nullable=True))

    # What is there already is sealed by `fieldapp db upgrade`: only the program has the key.
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.add_column(sa.Column("visit_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("box", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("wrapped", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("replayed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("replayed_by", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("outcome", sa.String(length=64), nullable=True))
        batch_op.alter_column("problem", existing_type=sa.Text(), nullable=True)
        batch_op.alter_column("raw", existing_type=sa.LargeBinary(), nullable=True)


def downgrade() -> None:
    # Refused by the first two steps where something is sealed: the older program could not read it.
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.alter_column("raw", existing_type=sa.LargeBinary(), nullable=False)
        batch_op.alter_column("problem", existing_type=sa.Text(), nullable=False)
        batch_op.drop_column("outcome")
        batch_op.drop_column("replayed_by")
        batch_op.drop_column("replayed_at")
        batch_op.drop_column("erased_at")
        batch_op.drop_column("wrapped")
        batch_op.drop_column("box")
        batch_op.drop_column("visit_id")

    with op.batch_alter_table("device_entries", schema=None) as batch_op:
        batch_op.drop_column("prev")
