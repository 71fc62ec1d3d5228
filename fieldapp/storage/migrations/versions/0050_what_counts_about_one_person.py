"""indexes: in which branches anything counts about one person, whatever the month"""

from alembic import op

revision = "0050"
down_revision = "0049"

_INDEXES = {"ix_month_outcomes_technician": "month_outcomes", "ix_finding_effects_technician": "finding_effects"}


def upgrade() -> None:
    for name, table in _INDEXES.items():
        op.create_index(name, table, ["branch", "technician"])


def downgrade() -> None:
    for name, table in _INDEXES.items():
        op.drop_index(name, table_name=table)
