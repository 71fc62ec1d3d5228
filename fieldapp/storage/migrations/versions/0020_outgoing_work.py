"""outgoing work"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_OPEN = sa.text("finished_at IS NULL")
_RUNNING = sa.text("state = 'running'")


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("lane", sa.String(length=64), nullable=True),
        sa.Column("target", sa.String(length=36), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting','running','done','dead')", name=op.f("ck_jobs_state")),
        sa.PrimaryKeyConstraint("branch", "job_id", name=op.f("pk_jobs")),
    )
    op.create_index("ix_jobs_due", "jobs", ["branch", "due_at"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_jobs_lane", "jobs", ["branch", "lane"], sqlite_where=_RUNNING, postgresql_where=_RUNNING)
    op.create_index("ix_jobs_target", "jobs", ["branch", "target"])
    op.create_index("ix_jobs_finished", "jobs", ["branch", "state", "finished_at"])
    op.create_table(
        "job_attempts",
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch", "job_id"], ["jobs.branch", "jobs.job_id"], name=op.f("fk_job_attempts_branch_job_id_jobs")
        ),
        sa.PrimaryKeyConstraint("branch", "job_id", "number", name=op.f("pk_job_attempts")),
    )
    op.add_column("branches", sa.Column("hears", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("branches", "hears")
    op.drop_table("job_attempts")
    op.drop_table("jobs")
