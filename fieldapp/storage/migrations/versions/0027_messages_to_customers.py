"""messages to customers"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

#: From which facts messages follow, where nobody says otherwise.
_TOLD = " visit.scheduled promise.changed visit.cancelled visit.reinstated visit.departed visit.completed"


def upgrade() -> None:
    op.create_table(
        "message_rules",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("off", sa.Text(), nullable=False),
        sa.Column("quiet_from", sa.String(length=64), nullable=False),
        sa.Column("quiet_to", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["branch"], ["branches.branch"], name=op.f("fk_message_rules_branch_branches")),
        sa.PrimaryKeyConstraint("branch", name=op.f("pk_message_rules")),
    )
    op.create_table(
        "message_templates",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("edited_by", sa.String(length=64), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["branch"], ["branches.branch"], name=op.f("fk_message_templates_branch_branches")),
        sa.PrimaryKeyConstraint("branch", "kind", "language", name=op.f("pk_message_templates")),
    )
    op.create_table(
        "messages",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting','sent','dropped','failed')", name=op.f("ck_messages_state")),
        sa.ForeignKeyConstraint(
            ["branch", "visit_id"],
            ["visits.branch", "visits.visit_id"],
            name=op.f("fk_messages_branch_visit_id_visits"),
        ),
        sa.PrimaryKeyConstraint("branch", "message_id", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_branch_visit_id", "messages", ["branch", "visit_id"])
    op.add_column("links", sa.Column("salt", sa.String(length=36), nullable=True))
    op.add_column("visits", sa.Column("email", sa.Text(), nullable=True))
    # Branches whose programs are told of some facts note those that customers are told of, too, from now on.
    branches = sa.table("branches", sa.column("branch", sa.String), sa.column("hears", sa.Text))
    heard = sa.update(branches).where(branches.c.branch.is_not(None), branches.c.hears.is_not(None))
    op.execute(heard.values(hears=branches.c.hears + _TOLD))


def downgrade() -> None:
    op.drop_column("visits", "email")
    op.drop_column("links", "salt")
    for table in ("messages", "message_templates", "message_rules"):
        op.drop_table(table)
