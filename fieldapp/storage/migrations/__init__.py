"""Numbered migrations. They never import today's tables: a migration describes the schema of its own day."""
