"""Alembic's entry: runs the migrations on the connection that `migrate` hands over."""

from alembic import context

from fieldapp.storage.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
    compare_type=True,
)
context.run_migrations()
