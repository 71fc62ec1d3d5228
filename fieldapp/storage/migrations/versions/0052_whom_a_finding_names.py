"""finding_effects: whom a finding names, where its visit turned out to be somebody else's"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"

_FEW = sa.text("recorded_about IS NOT NULL")


def upgrade() -> None:
    # `db upgrade` judges everything anew after a step: that fills it.
    op.add_column("finding_effects", sa.Column("recorded_about", sa.String(64), nullable=True))
    op.create_index(
        "ix_finding_effects_recorded_about", "finding_effects", ["branch", "recorded_about"],
        sqlite_where=_FEW, postgresql_where=_FEW,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_finding_effects_recorded_about", table_name="finding_effects")
    with op.batch_alter_table("finding_effects") as table:
        table.drop_column("recorded_about")
