"""calendars of technicians"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "calendars",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("technician", sa.String(length=64), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("shifts", sa.Text(), nullable=False),
        sa.Column("skills", sa.Text(), nullable=False),
        sa.Column("districts", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name=op.f("ck_calendars_base")),
        sa.PrimaryKeyConstraint("branch", "technician", name=op.f("pk_calendars")),
    )
    op.create_table(
        "absences",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("absence_id", sa.String(length=36), nullable=False),
        sa.Column("technician", sa.String(length=64), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends > starts", name=op.f("ck_absences_span")),
        sa.PrimaryKeyConstraint("branch", "absence_id", name=op.f("pk_absences")),
    )
    op.create_index("ix_absences_technician", "absences", ["branch", "technician", "starts"])


def downgrade() -> None:
    op.drop_table("absences")
    op.drop_table("calendars")
