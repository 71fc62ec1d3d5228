"""visits that a dispatcher holds where they are planned"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0032"


def upgrade() -> None:
    op.create_table(
        "pins",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("technician", sa.String(length=64), nullable=False),
        sa.Column("planned_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pinned_by", sa.String(length=64), nullable=False),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch", "visit_id"], ["visits.branch", "visits.visit_id"], name=op.f("fk_pins_branch_visits")
        ),
        sa.PrimaryKeyConstraint("branch", "visit_id", name=op.f("pk_pins")),
    )
    op.create_index("ix_pins_planned", "pins", ["branch", "planned_start"])


def downgrade() -> None:
    op.drop_table("pins")
