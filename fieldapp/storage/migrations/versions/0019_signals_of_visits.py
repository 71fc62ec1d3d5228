"""what makes a visit worth a second look, beside its circumstances"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    # The upgrade judges every visit anew and fills the column.
    with op.batch_alter_table("circumstances", schema=None) as batch_op:
        batch_op.add_column(sa.Column("signals", sa.Text(), nullable=True))
    visits = sa.table("circumstances", sa.column("branch", sa.String), sa.column("signals", sa.Text))
    op.execute(sa.update(visits).where(visits.c.branch.is_not(None)).values(signals=""))
    with op.batch_alter_table("circumstances", schema=None) as batch_op:
        batch_op.alter_column("signals", existing_type=sa.Text(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("circumstances", schema=None) as batch_op:
        batch_op.drop_column("signals")
