"""what customers write for whoever comes, sealed"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0041"


def upgrade() -> None:
    op.create_table(
        "access_notes",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch", "visit_id"],
            ["visits.branch", "visits.visit_id"],
            name=op.f("fk_access_notes_branch_visit_id_visits"),
        ),
        sa.PrimaryKeyConstraint("branch", "visit_id", name=op.f("pk_access_notes")),
    )


def downgrade() -> None:
    op.drop_table("access_notes")
