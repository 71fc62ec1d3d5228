"""kept answers"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("token_id", sa.String(length=36), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch", "token_id"],
            ["tokens.branch", "tokens.token_id"],
            name=op.f("fk_kept_answers_branch_token_id_tokens"),
        ),
        sa.PrimaryKeyConstraint("branch", "token_id", "key_hash", name=op.f("pk_kept_answers")),
    )
    with op.batch_alter_table("kept_answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kept_answers_branch_kept_at"), ["branch", "kept_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("kept_answers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kept_answers_branch_kept_at"))

    op.drop_table("kept_answers")
