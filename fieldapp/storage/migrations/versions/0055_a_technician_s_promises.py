"""visits: a technician's by their promises, which every push of their phone looks through"""

from alembic import op

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    op.create_index("ix_visits_promised", "visits", ["branch", "technician", "window_start"])


def downgrade() -> None:
    op.drop_index("ix_visits_promised", "visits")
