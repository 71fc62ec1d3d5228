"""Texts for people: complete in three languages, and one for every refusal that the code knows."""

import ast
import re
import runpy
from pathlib import Path

import pytest

from fieldapp.web.errors import MESSAGES

ROOT = Path(__file__).resolve().parents[2]
REFUSALS = {"DomainError", "Invalid", "NotFound", "Forbidden", "Conflict", "TooMany", "NotSignedIn"}


@pytest.fixture(scope="module")
def catalogues():
    return runpy.run_path(str(ROOT / "tools/translations.py"))


def test_every_text_is_translated(catalogues):
    gaps = catalogues["missing"]()
    assert gaps == [], f"{len(gaps)} texts without a translation, e.g. {gaps[:5]}"


@pytest.mark.parametrize("locale", ["zh_Hans", "zh_Hant"])
def test_a_translation_keeps_the_placeholders(catalogues, locale):
    broken = []
    for message in catalogues["load"](locale):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = {name for text in ids for name in re.findall(r"%\((\w+)\)s", text)}
        for text in strings:
            if message.id and text and set(re.findall(r"%\((\w+)\)s", text)) != wanted:
                broken.append(f"{message.id!r} -> {text!r}")
    assert broken == []


def _codes():
    """Codes that refusals are raised with, and those that their classes carry."""
    for file in sorted((ROOT / "fieldapp").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(code)), *_]) if name in REFUSALS:
                    yield code, file.relative_to(ROOT).as_posix()
                case ast.ClassDef(bases=[ast.Name(id=base)], body=body) if base in REFUSALS:
                    for line in body:
                        match line:
                            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                                yield code, file.relative_to(ROOT).as_posix()


def test_every_refusal_has_a_text():
    codes = dict(_codes())
    assert "window_reversed" in codes
    assert sorted(f"{code} ({file})" for code, file in codes.items() if code not in MESSAGES) == []


def test_every_text_fills_from_its_facts():
    for code, text in MESSAGES.items():
        rest = re.sub(r"%\(\w+\)[sd]", "", str(getattr(text, "_args", (text,))[0]))
        assert "%" not in rest.replace("%%", ""), code
