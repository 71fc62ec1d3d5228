"""claims on technicians' time, which no two visits have at once"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0045"
down_revision = "0044"

#: A range over (branch, technician, moment): without an extension, the columns before the moment are equal or nothing
#: overlaps.
_SPAN = "plan_span(ROW(branch, technician, starts)::plan_point, ROW(branch, technician, ends)::plan_point)"


def upgrade() -> None:
    is_postgres = op.get_bind().dialect.name == "postgresql"
    apart: list[sa.Constraint] = []
    if is_postgres:
        op.execute("CREATE TYPE plan_point AS (branch text, technician text, moment timestamptz)")
        op.execute("CREATE TYPE plan_span AS RANGE (subtype = plan_point)")
        apart = [postgresql.ExcludeConstraint((sa.text(_SPAN), "&&"), using="gist", name="ex_claims_work")]
    op.create_table(
        "claims",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("technician", sa.String(length=64), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("branch", "visit_id", name=op.f("pk_claims")),
        *apart,
    )


def downgrade() -> None:
    op.drop_table("claims")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TYPE plan_span")
        op.execute("DROP TYPE plan_point")
