"""push subscriptions: technicians' phones that are told when the day changes"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("sign_in_id", sa.String(length=36), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_push_subscriptions_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["branch", "device_id"], ["devices.branch", "devices.device_id"],
            name=op.f("fk_push_subscriptions_branch_device_id_devices"),
        ),
        sa.PrimaryKeyConstraint("branch", "device_id", name=op.f("pk_push_subscriptions")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_push_subscriptions_branch_account_id"), "push_subscriptions", ["branch", "account_id"]
    )  # fmt: skip
    op.create_index(op.f("ix_push_subscriptions_sign_in_id"), "push_subscriptions", ["sign_in_id"])


def downgrade() -> None:
    op.drop_table("push_subscriptions")
