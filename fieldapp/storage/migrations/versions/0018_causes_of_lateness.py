"""causes of lateness"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "lateness_causes",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("said_by", sa.String(length=64), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirms", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch", "visit_id"],
            ["visits.branch", "visits.visit_id"],
            name=op.f("fk_lateness_causes_branch_visit_id_visits"),
        ),
        sa.PrimaryKeyConstraint("branch", "visit_id", "number", name=op.f("pk_lateness_causes")),
    )


def downgrade() -> None:
    op.drop_table("lateness_causes")
