"""circumstances of visits, and the district of a customer"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "circumstances",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("month", sa.String(length=64), nullable=False),
        sa.Column("technician", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("counts_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("job_type", sa.String(length=64), nullable=False),
        sa.Column("shift", sa.String(length=64), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("planner", sa.String(length=64), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("grade", sa.String(length=64), nullable=True),
        sa.Column("unsigned", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=True),
        sa.Column("breached", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch", "visit_id"],
            ["visits.branch", "visits.visit_id"],
            name=op.f("fk_circumstances_branch_visit_id_visits"),
        ),
        sa.PrimaryKeyConstraint("branch", "visit_id", name=op.f("pk_circumstances")),
    )
    # The upgrade judges every visit anew and fills the table.
    with op.batch_alter_table("circumstances", schema=None) as batch_op:
        batch_op.create_index("ix_circumstances_month", ["branch", "month", "technician"], unique=False)
    op.add_column("visits", sa.Column("district", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("visits", "district")
    with op.batch_alter_table("circumstances", schema=None) as batch_op:
        batch_op.drop_index("ix_circumstances_month")

    op.drop_table("circumstances")
