"""`new_migration.py 0002 "What it does"`: writes the next numbered migration from the tables, to be read and mended."""

import re
import sys
import tempfile

from alembic import command

from fieldapp.storage import migrate
from fieldapp.storage.engine import Database

number, message = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    database = Database(f"sqlite:///{folder}/empty.db")
    if list((migrate.FOLDER / "versions").glob("0*.py")):
        migrate.upgrade(database)
    with database.engine.connect() as connection:
        command.revision(migrate._config(connection), message=message, autogenerate=True, rev_id=number)
    for file in (migrate.FOLDER / "versions").glob(f"{number}_*.py"):
        # A migration stands on its own: our column types become plain SQLAlchemy ones.
        text = file.read_text()
        text = re.sub(r"fieldapp\.storage\.columns\.UtcMoment\([^)]*\)", "sa.DateTime(timezone=True)", text)
        file.write_text(text)
    (migrate.FOLDER / "HEAD").write_text(f"{number}\n")
