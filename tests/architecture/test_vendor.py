"""Third-party code is exactly what was pinned: every file re-hashed, offline, each with its licence beside it."""

import json
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"


@pytest.fixture(scope="module")
def tool():
    return runpy.run_path(str(ROOT / "tools/vendor.py"))


def test_every_vendored_file_is_as_pinned(tool):
    assert tool["faults"]() == []


def test_the_lock_names_the_packages_of_the_tool(tool):
    lock = json.loads((VENDOR / "vendor.lock.json").read_text("utf-8"))
    pinned = {name: (version, integrity) for name, version, integrity, _ in tool["PACKAGES"]}
    assert {name: (entry["version"], entry["integrity"]) for name, entry in lock.items()} == pinned
    assert all("LICENSE" in entry["files"] for entry in lock.values())


def test_no_vendored_file_points_at_a_source_map():
    assert [path.name for path in VENDOR.rglob("*.js") if b"sourceMappingURL" in path.read_bytes()] == []
