"""`make screens`: a picture of every page in docs/screens, phone and desk, English and 繁體中文. Same data, same time.

Look at them before a change is called done. Pictures are reduced to a palette, so that they stay small.
"""

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import cast  # noqa: E402
from tests.browsers import CHROMIUM, CHROMIUM_ARGS, DESK, PHONE  # noqa: E402
from tests.e2e import tour  # noqa: E402
from tests.e2e.stage import MOMENT, Stage, enter, stage  # noqa: E402

FOLDER = ROOT / "docs" / "screens"
LANGUAGES = {"en": "en-GB", "zh-Hant": "zh-TW"}
SIZES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": PHONE, "is_mobile": True, "has_touch": True},
    "desk": {"viewport": DESK},
}
COLOURS = 96


def main() -> None:
    """Take every picture, or those whose name holds the first argument."""
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    FOLDER.mkdir(parents=True, exist_ok=True)
    taken = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        for language, tag in LANGUAGES.items():
            for size, options in SIZES.items():
                # A stage of its own: what a walk writes (facts, sign-ins) must not show in the next one.
                with tempfile.TemporaryDirectory() as folder, stage(Path(folder)) as demo:
                    context_options = {**options, "locale": tag, "timezone_id": cast.ZONE}
                    for walk in tour.WALKS:
                        if not any(only in stop.name for stop in walk.stops):
                            continue
                        taken += walk_and_take(browser, demo, walk, context_options, f"{size}.{language}", only)
        browser.close()
    if not only:
        for stale in set(FOLDER.glob("*.png")) - set(taken) - {FOLDER / "readme.png"}:
            stale.unlink()
        compose()
    largest = max(taken, key=lambda path: path.stat().st_size)
    print(f"{len(taken)} pictures, the largest {largest.name} with {largest.stat().st_size // 1024} KB")


def walk_and_take(
    browser: Any, demo: Stage, walk: tour.Walk, options: dict[str, Any], ending: str, only: str
) -> list[Path]:
    """One person's walk; returns the pictures taken."""
    context = browser.new_context(**options)
    # Customers' pages speak the visit's language until their reader chooses another.
    context.add_cookies([{"name": "lang", "value": ending.rpartition(".")[2], "url": demo.url}])
    page = context.new_page()
    page.clock.set_fixed_time(MOMENT)
    if walk.login:
        enter(page, demo, walk.login)
    taken = []
    for stop in walk.stops:
        tour.show(page, demo.url, demo.places, stop)
        if only in stop.name:
            path = FOLDER / f"{stop.name}.{ending}.png"
            save(Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))), path)
            taken.append(path)
    context.close()
    return taken


def save(picture: Image.Image, path: Path) -> None:
    """Write a small PNG."""
    reduced = picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    reduced.save(path, optimize=True)


def compose() -> None:
    """The README's picture: a phone in the technician's hand, in the customer's, and the score behind."""
    names = ("phone-today.phone.en", "phone-customer.phone.en", "scores-sheet.desk.en")
    pictures = [Image.open(FOLDER / f"{name}.png").convert("RGB") for name in names]
    height = 600
    scaled = [
        one.resize((round(one.width * height / one.height), height), Image.Resampling.LANCZOS) for one in pictures
    ]
    gap = 24
    canvas = Image.new("RGB", (sum(one.width for one in scaled) + gap * (len(scaled) + 1), height + 2 * gap), "#dfe5e6")
    left = gap
    for one in scaled:
        canvas.paste(one, (left, gap))
        left += one.width + gap
    save(canvas, FOLDER / "readme.png")


if __name__ == "__main__":
    main()
