"""The wheel is whole: built, installed into a fresh environment, it serves a page and a static file."""

import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PROBE = """
import sys
from fieldapp import paths
from fieldapp.app import create_app
from fieldapp.settings import Settings
assert "site-packages" in paths.__file__, paths.__file__
assert paths.STATIC.parent.name == "_assets"
app = create_app(Settings.from_environment({"FIELDAPP_INSTANCE": sys.argv[1]}))
client = app.test_client()
page = client.get("/no/such/page")
assert page.status_code == 404 and b"<html" in page.data, (page.status_code, page.data[:200])
url = app.extensions["assets"].url("css/tokens.css")
answer = client.get(url)
assert answer.status_code == 200 and answer.data, url
print("served", url)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    # hatchling is in the lock: nothing is fetched, no isolated environment is made.
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_assets_rulebooks_and_migrations(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "fieldapp/_assets/static/css/tokens.css" in names
    assert "fieldapp/_assets/templates/base.html" in names
    assert "fieldapp/rulebooks/installer-1.toml" in names
    assert {"fieldapp/storage/migrations/HEAD", "fieldapp/storage/migrations/FLOOR"} <= names
    assert "fieldapp/storage/migrations/versions/0001_first_tables.py" in names
    assert not [name for name in names if name.startswith("tests/") or "/instance/" in name]


def test_the_wheel_holds_the_compiled_languages(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for locale in ("zh_Hans", "zh_Hant"):
        assert f"fieldapp/translations/{locale}/LC_MESSAGES/messages.mo" in names


def test_an_installed_wheel_serves_pages_and_files(wheel, tmp_path):
    target = tmp_path / "fresh"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(target)], check=True)
    python = target / "bin/python"
    packages = next((target / "lib").glob("python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)  # what an installer does with a pure wheel
    # The dependencies are those of this environment, after the wheel's own package in the search path.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    done = subprocess.run(
        [python, "-c", PROBE, str(tmp_path / "instance")], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("served /a/")
