"""Migrations after FLOOR leave room for the program before them: they add, and take nothing away (expand, then contract
in a later release, which raises FLOOR)."""

import ast
import re

import pytest

from fieldapp.storage import migrate

NARROWING = {
    "drop_table", "drop_column", "drop_constraint", "alter_column", "rename_table", "create_unique_constraint",
    "create_check_constraint", "create_foreign_key",
}  # fmt: skip
_SQL = re.compile(r"\b(DROP\s+(TABLE|COLUMN)|RENAME|ALTER\s+TABLE|SET\s+NOT\s+NULL)\b", re.IGNORECASE)


def narrowing(source: str) -> list[str]:
    """What a migration's way up does that the program before it may not survive."""
    found = []
    tree = ast.parse(source)
    tree.body = [one for one in tree.body if getattr(one, "name", "") != "downgrade"]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in NARROWING:
                found.append(node.func.attr)
            elif node.func.attr == "add_column" and "nullable=False" in ast.unparse(node):
                found += [] if "server_default" in ast.unparse(node) else ["add_column without a server_default"]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and (told := _SQL.search(node.value)):
            found.append(told.group(0))
    return found


def test_every_migration_after_the_floor_only_adds() -> None:
    known = migrate.known_revisions()
    later = set(known[known.index(migrate.floor()) + 1 :])
    after = [file for file in sorted((migrate.FOLDER / "versions").glob("0*.py")) if file.name[:4] in later]
    found = {file.name: told for file in after if (told := narrowing(file.read_text()))}
    assert not found, "write the migration's number into migrations/FLOOR, and say so in CHANGELOG (docs/operations.md)"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("op.create_table('a', sa.Column('b', sa.Text, nullable=False))", []),
        ("op.add_column('a', sa.Column('b', sa.Text))", []),
        ("op.add_column('a', sa.Column('b', sa.Text, nullable=False, server_default=''))", []),
        ("op.add_column('a', sa.Column('b', sa.Text, nullable=False))", ["add_column without a server_default"]),
        ("with op.batch_alter_table('a') as batch: batch.drop_column('b')", ["drop_column"]),
        ("op.execute('ALTER TABLE a RENAME TO b')", ["ALTER TABLE"]),
        ("op.execute('CREATE INDEX a ON b (c)')", []),
    ],
)
def test_what_would_break_the_program_before_is_found(step: str, told: list[str]) -> None:
    assert narrowing(f"def upgrade():\n    {step}\n\n\ndef downgrade():\n    op.drop_table('a')\n") == told
