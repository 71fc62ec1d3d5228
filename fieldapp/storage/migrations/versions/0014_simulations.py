"""what drafts of the norm would have meant"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "simulations",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("draft_id", sa.String(length=36), nullable=False),
        sa.Column("month", sa.String(length=64), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["rulebook_drafts.draft_id"], name=op.f("fk_simulations_draft_id_rulebook_drafts")
        ),
        sa.PrimaryKeyConstraint("branch", "draft_id", "month", name=op.f("pk_simulations")),
    )


def downgrade() -> None:
    op.drop_table("simulations")
