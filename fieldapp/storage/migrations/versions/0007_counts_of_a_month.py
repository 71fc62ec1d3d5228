"""counts of a month"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_WAITING = sa.text("counts_from IS NOT NULL")


def _key() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(length=64), nullable=False) for name in ("branch", "month", "technician")]


def upgrade() -> None:
    op.create_table(
        "month_outcomes",
        *_key(),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("branch", "month", "technician", "outcome", name=op.f("pk_month_outcomes")),
    )
    op.create_table(
        "month_verdicts",
        *_key(),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("met", sa.Integer(), nullable=False),
        sa.Column("breached", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("branch", "month", "technician", "code", name=op.f("pk_month_verdicts")),
    )
    with op.batch_alter_table("judgements", schema=None) as batch_op:
        batch_op.create_index(
            "ix_judgements_counts_from", ["branch", "month", "counts_from"], unique=False, sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        )  # fmt: skip
    # Counts move by differences: the upgrade judges every visit anew, and each has to count in full once.
    op.execute("DELETE FROM judgements WHERE branch IS NOT NULL")


def downgrade() -> None:
    with op.batch_alter_table("judgements", schema=None) as batch_op:
        batch_op.drop_index("ix_judgements_counts_from")

    op.drop_table("month_verdicts")
    op.drop_table("month_outcomes")
