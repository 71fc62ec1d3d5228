"""rulebooks: no row takes the place of a published version"""

from alembic import op

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    # INSERT OR REPLACE asks no trigger on DELETE. On PostgreSQL, ON CONFLICT DO UPDATE asks the one on UPDATE.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER rulebooks_frozen_insert BEFORE INSERT ON rulebooks "
            "WHEN EXISTS (SELECT 1 FROM rulebooks WHERE sheet = NEW.sheet AND version = NEW.version) "
            "BEGIN SELECT RAISE(ABORT, 'a published rulebook never changes'); END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER rulebooks_frozen_insert")
