"""visits by place"""

from alembic import op

revision = "0043"
down_revision = "0037"


def upgrade() -> None:
    op.create_index("ix_visits_address", "visits", ["branch", "address"])
    op.create_index("ix_visits_phone", "visits", ["branch", "phone"])


def downgrade() -> None:
    op.drop_index("ix_visits_phone", "visits")
    op.drop_index("ix_visits_address", "visits")
