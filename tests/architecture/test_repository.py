"""What the repository as a whole promises: no registry's host in it, no secrets, files that fit into a head."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Hosts that pin an installation to one package index; written apart so that this file does not name them.
HOSTS = re.compile(
    "|".join(re.escape(".".join(parts)) for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs", "org"), ("npmjs", "com"),
        ("proxy", "golang", "org"), ("registry", "yarnpkg", "com"),
    )), re.I,
)  # fmt: skip
LIMITS = {".py": 400, ".js": 200, ".css": 400, ".html": 400}
#: A browser test tells a whole day; it may be longer than what it tests.
TEST_LIMIT = 600


def tracked() -> list[Path]:
    """Files of the repository; of a checkout without git, all that are not made by us."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        names = [ROOT / os.fsdecode(name) for name in listed.split(b"\0") if name]
        return [path for path in names if path.is_file()]
    hidden = {".venv", "instance", "__pycache__"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not hidden & set(path.relative_to(ROOT).parts)]


def text_of(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return None


def test_no_file_names_a_package_registry():
    named = {
        path.relative_to(ROOT).as_posix(): found.group()
        for path in tracked()
        if (text := text_of(path)) and (found := HOSTS.search(text))
    }
    assert named == {}


def test_no_file_holds_a_private_key():
    mark = "-----BEGIN " + "PRIVATE KEY"
    assert [path for path in tracked() if mark in (text_of(path) or "")] == []


@pytest.mark.parametrize("folder", ["fieldapp", "static/js", "static/css", "templates", "tools", "tests", "benchmarks"])
def test_files_stay_small_enough_to_read(folder):
    long = {}
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(f"{folder}/") or "/versions/" in name or "/vendor/" in name:
            continue
        limit = TEST_LIMIT if folder == "tests" and path.suffix == ".py" else LIMITS.get(path.suffix)
        lines = (text_of(path) or "").count("\n")
        if limit and lines > limit:
            long[name] = lines
    assert long == {}


def test_every_module_says_what_it_owns():
    silent = []
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("fieldapp/") or path.suffix != ".py" or "/versions/" in name:
            continue
        text = path.read_text("utf-8")
        if text.strip() and not text.lstrip().startswith(('"""', 'r"""')):
            silent.append(name)
    assert silent == []


def test_the_instance_keeps_everything_out_of_the_repository():
    assert [path.name for path in tracked() if path.parent.name == "instance"] == [".gitignore"]


def test_the_named_documents_exist():
    wanted = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md", "docs/glossary.md",
              "docs/adr"]  # fmt: skip
    assert [name for name in wanted if not (ROOT / name).exists()] == []
