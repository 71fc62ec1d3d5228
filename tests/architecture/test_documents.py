"""What documents say of settings and tests is so."""

import re
from pathlib import Path

from tools import configuration

ROOT = Path(__file__).resolve().parents[2]
ASVS = ROOT / "docs" / "security" / "asvs.md"
#: Sections of ASVS 5.0 with requirements of level 1 or 2.
SECTIONS = {
    1: (1, 2, 3, 4, 5), 2: (1, 2, 3, 4), 3: (2, 3, 4, 5, 7), 4: (1, 2, 3, 4), 5: (1, 2, 3, 4), 6: (1, 2, 3, 4, 5, 6, 8),
    7: (1, 2, 3, 4, 5, 6), 8: (1, 2, 3, 4), 9: (1, 2), 10: (1, 2, 3, 4, 5, 6, 7), 11: (1, 2, 3, 4, 5, 6), 12: (1, 2, 3),
    13: (1, 2, 3, 4), 14: (1, 2, 3), 15: (1, 2, 3), 16: (1, 2, 3, 4, 5), 17: (1, 2, 3),
}  # fmt: skip
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


def test_every_section_of_the_standard_names_tests_that_there_are_or_argues_why_not():
    text = ASVS.read_text("utf-8")
    rows = re.findall(r"^\| (\d+)\.(\d+) \| (.*) \| (.*)\|$", text, re.MULTILINE)
    assert [(int(one), int(other)) for one, other, _, _ in rows] == [
        (chapter, section) for chapter, sections in SECTIONS.items() for section in sections
    ]
    missing = []
    for chapter, section, told, where in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", where)
        if not named and not told.startswith("does not apply"):
            missing.append(f"{chapter}.{section}: no test")
        for path, name in named:
            source = (ROOT / path).read_text("utf-8") if (ROOT / path).exists() else ""
            if f"def {name or 'test_'}" not in source:
                missing.append(f"{chapter}.{section}: {path} has no {name}")
    argued = re.findall(r"^- \*\*(D\d+), ", text, re.MULTILINE)
    assert missing == []
    assert sorted(set(re.findall(r"\bD\d+\b", " ".join(told for _, _, told, _ in rows)))) == sorted(argued)
