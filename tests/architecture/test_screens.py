"""docs/screens is in step with the pages: one picture of each stop of the tour, in both sizes and languages, small."""

from pathlib import Path

from tests.e2e import tour

FOLDER = Path(__file__).resolve().parents[2] / "docs/screens"


def test_every_page_has_its_pictures():
    wanted = {
        f"{stop.name}.{size}.{language}.png"
        for walk in tour.WALKS
        for stop in walk.stops
        for size in ("phone", "desk")
        for language in ("en", "zh-Hant")
    }
    assert {path.name for path in FOLDER.glob("*.png")} == {*wanted, "readme.png"}, "run make screens"


def test_each_picture_speaks_its_own_language():
    """One that was taken in the same language twice is the same file twice."""
    english = FOLDER.glob("*.en.png")
    pairs = [(one, one.with_name(one.name.replace(".en.", ".zh-Hant."))) for one in english]
    assert pairs
    assert [one.name for one, other in pairs if one.read_bytes() == other.read_bytes()] == []


def test_pictures_stay_small():
    assert [
        path.name for path in FOLDER.glob("*.png") if path.stat().st_size > 60 * 1024 and path.stem != "readme"
    ] == []
