"""Where static files and templates are: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_ASSETS = _PACKAGE / "_assets"
_ROOT = _ASSETS if _ASSETS.is_dir() else _PACKAGE.parent

STATIC = _ROOT / "static"
TEMPLATES = _ROOT / "templates"
TRANSLATIONS = _PACKAGE / "translations"
INSTANCE = Path("instance") if _ROOT is _ASSETS else _ROOT / "instance"
