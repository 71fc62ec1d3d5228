"""The import contracts of pyproject.toml hold: layers, a pure domain, rows inside storage, no cycles."""

import ast
from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parents[2]
#: What a pure function may not call: the answer would depend on when and where it is asked.
IMPURE = {("datetime", "now"), ("datetime", "today"), ("datetime", "utcnow"), ("date", "today")}
IMPURE_NAMES = {"open", "print", "input", "eval", "exec"}


def test_the_import_contracts_hold(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_the_domain_asks_neither_clock_nor_file():
    faults = []
    for file in sorted((ROOT / "fieldapp/domain").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            match node.func:
                case ast.Attribute(value=ast.Name(id=owner), attr=name) if (owner, name) in IMPURE:
                    faults.append(f"{file.name}:{node.lineno} {owner}.{name}()")
                case ast.Name(id=name) if name in IMPURE_NAMES:
                    faults.append(f"{file.name}:{node.lineno} {name}()")
    assert faults == []


def test_only_settings_reads_the_environment():
    readers = []
    for file in sorted((ROOT / "fieldapp").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}:
                readers.append(file.relative_to(ROOT).as_posix())
    assert set(readers) <= {"fieldapp/settings.py"}


#: Where one fact's fault would otherwise be that of all which come after it, for ever.
_ALSO_CATCHES = {"fieldapp/services/mishaps.py", "fieldapp/services/sync_push.py"}


def test_unexpected_errors_are_caught_in_one_place():
    broad = []
    for file in sorted((ROOT / "fieldapp").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                named = node.type.id if isinstance(node.type, ast.Name) else node.type
                if named in {None, "Exception", "BaseException"}:
                    broad.append(file.relative_to(ROOT).as_posix())
    assert sorted(broad) == sorted(_ALSO_CATCHES)
