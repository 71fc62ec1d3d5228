"""Every template compiles, and nothing in one would be refused by our content security policy."""

import re

import pytest
from flask import Flask

from fieldapp.paths import STATIC, TEMPLATES

PAGES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.*") if path.is_file())
INLINE = {
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.I),
    "inline style": re.compile(r"<style\b|\sstyle\s*=", re.I),
    "inline handler": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.I),
    "script address": re.compile(r"javascript:", re.I),
    "foreign host": re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", re.I),
    "unescaped text": re.compile(r"\|\s*safe\b"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_template_compiles(app: Flask, name: str):
    assert app.jinja_env.get_template(name) is not None


@pytest.mark.parametrize("name", [page for page in PAGES if page.endswith(".html")])
def test_a_template_obeys_the_content_security_policy(name: str):
    text = (TEMPLATES / name).read_text("utf-8")
    assert [what for what, pattern in INLINE.items() if pattern.search(text)] == []


@pytest.mark.parametrize("name", [page for page in PAGES if page.endswith(".html")])
def test_a_picture_is_named_or_decoration(name: str):
    pictures = re.findall(r"<svg\b[^>]*>", (TEMPLATES / name).read_text("utf-8"))
    spoken = [one for one in pictures if 'aria-hidden="true"' not in one]
    assert [one for one in spoken if "role=" not in one or "aria-label" not in one] == []


SCRIPTS = sorted(
    path.relative_to(STATIC).as_posix() for path in (STATIC / "js").rglob("*.js") if "vendor" not in path.parts
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_writes_no_markup_from_strings(name: str):
    text = (STATIC / "js" / name.removeprefix("js/")).read_text("utf-8")
    banned = re.compile(r"\.(?:innerHTML|outerHTML)\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function\(")
    assert banned.findall(text) == []


def test_every_static_file_that_a_template_names_exists(app: Flask):
    named = {
        (page, name)
        for page in PAGES
        for name in re.findall(r"asset\(\s*['\"]([^'\"]+)['\"]\s*\)", (TEMPLATES / page).read_text("utf-8"))
    }
    files = app.extensions["assets"].files
    assert sorted(f"{page}: {name}" for page, name in named if name not in files) == []
