"""facts that wait are found without reading all others"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
_HELD = sa.text("held_code IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(
            "ix_events_held", ["branch", "held_code"], unique=False, sqlite_where=_HELD, postgresql_where=_HELD
        )


def downgrade() -> None:
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_held", sqlite_where=_HELD, postgresql_where=_HELD)
