"""cases only grow: what a customer reported, and what was answered, is neither edited nor removed"""

from alembic import op

revision = "0026"
down_revision = "0025"

WORDS = "a case is neither edited nor removed"
#: What would take the place of something that stands: INSERT OR REPLACE asks no trigger on DELETE.
TAKEN = {
    "cases": "EXISTS (SELECT 1 FROM cases AS kept WHERE kept.branch = NEW.branch AND kept.case_id = NEW.case_id)",
    "case_entries": "EXISTS (SELECT 1 FROM case_entries AS kept WHERE kept.branch = NEW.branch "
    "AND kept.case_id = NEW.case_id AND kept.entry_id = NEW.entry_id)",
    "case_findings": "EXISTS (SELECT 1 FROM case_findings AS kept WHERE kept.branch = NEW.branch "
    "AND kept.finding_id = NEW.finding_id AND kept.case_id <> NEW.case_id)",
}
#: Of a case that stands its state, owner and day change, by acts that are entries; and the visit, once it is known.
TOUCHED = {
    "cases": "NEW.branch <> OLD.branch OR NEW.case_id <> OLD.case_id OR NEW.kind <> OLD.kind "
    "OR NEW.opened_at <> OLD.opened_at OR (OLD.visit_id IS NOT NULL AND "
    "(NEW.visit_id IS NULL OR NEW.visit_id <> OLD.visit_id))",
    "case_entries": "1 = 1",
    "case_findings": "1 = 1",
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in TAKEN:
            for act, condition in (("UPDATE", TOUCHED[table]), ("DELETE", "1 = 1"), ("INSERT", TAKEN[table])):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} WHEN {condition} "
                    f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
                )
        return
    for table in TAKEN:
        op.execute(
            f"CREATE FUNCTION forbid_{table}_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP = 'INSERT' THEN IF NOT ({TAKEN[table]}) THEN RETURN NEW; END IF; "
            f"ELSIF TG_OP = 'UPDATE' THEN IF NOT ({TOUCHED[table]}) THEN RETURN NEW; END IF; END IF; "
            f"RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        for act, each in (("INSERT OR UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_only_grow_{each.lower()} BEFORE {act} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION forbid_{table}_change()"
            )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in TAKEN:
            for act in ("update", "delete", "insert"):
                op.execute(f"DROP TRIGGER {table}_no_{act}")
        return
    for table in TAKEN:
        for each in ("row", "statement"):
            op.execute(f"DROP TRIGGER {table}_only_grow_{each} ON {table}")
        op.execute(f"DROP FUNCTION forbid_{table}_change()")
