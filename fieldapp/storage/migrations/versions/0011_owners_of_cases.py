"""who answers for a case by when; which findings came from it"""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

#: What the program gave a new case when this was written.
_DUE = timedelta(days=7)
_CASES = sa.table(
    "cases",
    sa.column("branch", sa.String),
    sa.column("case_id", sa.String),
    sa.column("opened_at", sa.DateTime(timezone=True)),
    sa.column("due_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    op.create_table(
        "case_findings",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("finding_id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch", "case_id"], ["cases.branch", "cases.case_id"], name=op.f("fk_case_findings_branch_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("branch", "finding_id", name=op.f("pk_case_findings")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("owner", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    connection = op.get_bind()
    for branch, case_id, opened_at in connection.execute(
        sa.select(_CASES.c.branch, _CASES.c.case_id, _CASES.c.opened_at)
    ).all():
        this = (_CASES.c.branch == branch) & (_CASES.c.case_id == case_id)
        connection.execute(sa.update(_CASES).where(this).values(due_at=opened_at + _DUE))
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.alter_column("due_at", existing_type=sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_column("due_at")
        batch_op.drop_column("owner")
    op.drop_table("case_findings")
