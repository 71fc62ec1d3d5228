"""judgements and finding effects"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "finding_effects",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("finding_id", sa.String(length=36), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=True),
        sa.Column("month", sa.String(length=64), nullable=False),
        sa.Column("technician", sa.String(length=64), nullable=False),
        sa.Column("does", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("upheld", sa.Boolean(), nullable=False),
        sa.Column("overturned", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("branch", "finding_id", name=op.f("pk_finding_effects")),
    )
    with op.batch_alter_table("finding_effects", schema=None) as batch_op:
        batch_op.create_index("ix_finding_effects_month", ["branch", "month", "technician"], unique=False)

    op.create_table(
        "judgements",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("month", sa.String(length=64), nullable=False),
        sa.Column("technician", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("counts_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch", "visit_id"],
            ["visits.branch", "visits.visit_id"],
            name=op.f("fk_judgements_branch_visit_id_visits"),
        ),
        sa.PrimaryKeyConstraint("branch", "visit_id", name=op.f("pk_judgements")),
    )
    with op.batch_alter_table("judgements", schema=None) as batch_op:
        batch_op.create_index("ix_judgements_month", ["branch", "month", "technician"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("judgements", schema=None) as batch_op:
        batch_op.drop_index("ix_judgements_month")

    op.drop_table("judgements")
    with op.batch_alter_table("finding_effects", schema=None) as batch_op:
        batch_op.drop_index("ix_finding_effects_month")

    op.drop_table("finding_effects")
