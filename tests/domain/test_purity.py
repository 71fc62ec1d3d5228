"""The domain is pure: no clock, no I/O, no randomness, no framework. Read from its source, not from what it happens
to do in a test."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fieldapp.domain

ROOT = Path(fieldapp.domain.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

FORBIDDEN_MODULES = frozenset(
    """flask flask_login flask_wtf flask_babel wtforms werkzeug jinja2 sqlalchemy alembic click os pathlib time random
    secrets logging sqlite3 pysqlite3 socket sys io subprocess threading asyncio urllib http shutil tempfile uuid_utils
    locale importlib""".split()
)
FORBIDDEN_CALLS = frozenset({"open", "print", "input", "eval", "exec", "__import__", "breakpoint"})
FORBIDDEN_METHODS = frozenset({"now", "utcnow", "today", "uuid1", "uuid4", "getenv"})


def impurities(source: str) -> list[str]:
    """One line per forbidden import or call in `source`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for name in _imported(node):
            if name.split(".")[0] in FORBIDDEN_MODULES:
                found.append(f"line {node.lineno} imports {name}")
        if isinstance(node, ast.Call) and (called := _called(node)):
            found.append(f"line {node.lineno} calls {called}")
        if isinstance(node, ast.Global):
            found.append(f"line {node.lineno} changes a global")
    return found


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def _called(node: ast.Call) -> str | None:
    if isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
        return node.func.id
    if isinstance(node.func, ast.Attribute) and node.func.attr in FORBIDDEN_METHODS:
        return node.func.attr
    return None


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_domain_is_pure(file: Path):
    assert impurities(file.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "from time import monotonic",
        "import os.path as p",
        "from flask import g",
        "def f():\n    return datetime.now(UTC)",
        "date.today()",
        "uuid.uuid4()",
        "print(1)",
        "open('x')",
        "def f():\n    global x",
    ],
)
def test_the_walk_sees_what_is_forbidden(source: str):
    assert len(impurities(source)) == 1


WITHOUT_FRAMEWORK = """
import importlib, pkgutil, sys
for name in ("flask", "werkzeug", "jinja2"):
    sys.modules[name] = None
import fieldapp.domain
for module in pkgutil.walk_packages(fieldapp.domain.__path__, "fieldapp.domain."):
    importlib.import_module(module.name)
assert "sqlalchemy" not in sys.modules
import tests.conftest
"""


def test_the_domain_and_its_tests_load_without_flask():
    answer = subprocess.run(
        [sys.executable, "-c", WITHOUT_FRAMEWORK], cwd=ROOT.parents[1], capture_output=True, text=True, check=False
    )
    assert answer.stderr == ""
    assert answer.returncode == 0
