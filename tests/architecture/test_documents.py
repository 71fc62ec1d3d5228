"""What documents say of settings and tests is so."""

import re
from pathlib import Path

from tools import configuration

ROOT = Path(__file__).resolve().parents[2]
ACCEPTANCE = ROOT / "docs" / "security" / "acceptance.md"


def test_the_reference_of_settings_is_made_from_them():
    assert configuration.FILE.read_text("utf-8") == configuration.page(), "run: .venv/bin/python tools/configuration.py"


def test_every_variable_that_is_read_is_described():
    source = (ROOT / "fieldapp" / "settings.py").read_text("utf-8")
    read = set(re.findall(r'"(FIELDAPP_[A-Z_]+)"', source))
    assert read == {f"FIELDAPP_{field.upper()}" for field in configuration.described()}


def test_every_line_of_the_acceptance_list_names_tests_that_there_are():
    rows = re.findall(r"^\| (\d+) \|.*\| (.*) \|$", ACCEPTANCE.read_text("utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 52))
    missing = []
    for number, where in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", where)
        if not named and not where.startswith("not built"):
            missing.append(f"{number}: no test")
        for path, name in named:
            text = (ROOT / path).read_text("utf-8") if (ROOT / path).exists() else ""
            wanted = f"def {name}" if name else f"def test_{int(number):02}_"
            if wanted not in text:
                missing.append(f"{number}: {path} has no {wanted}")
    assert missing == []
