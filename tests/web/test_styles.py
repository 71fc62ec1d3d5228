"""The look as numbers: contrast of the colours in use, bytes of the style sheets."""

import re

import pytest

from fieldapp.paths import STATIC

SHEET = (STATIC / "css/tokens.css").read_text("utf-8")
THEMES = {"light": SHEET.split("@media")[0], "dark": SHEET.split("(prefers-color-scheme: dark)")[1].split("@media")[0]}

#: Text colour, background, least contrast: 7 for text that is read, 4.5 for marks and links, 3 for frames.
PAIRS = [
    ("ink", "paper", 7), ("ink", "surface", 7), ("ink", "sunk", 7), ("ink", "accent-soft", 7),
    ("muted", "paper", 7), ("muted", "surface", 7), ("muted", "sunk", 4.5),
    ("accent", "surface", 7), ("accent", "paper", 7), ("accent", "accent-soft", 4.5), ("on-accent", "accent", 7),
    ("on-accent", "accent-hover", 7), ("on-bar", "bar", 7), ("on-bar", "bar-soft", 7),
    ("good", "good-soft", 7), ("warn", "warn-soft", 7), ("bad", "bad-soft", 7), ("info", "info-soft", 7),
    ("bad", "surface", 7), ("edge", "surface", 3), ("edge", "paper", 3), ("focus", "surface", 3), ("focus", "paper", 3),
]  # fmt: skip


def colours(theme):
    light = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,8});", THEMES["light"]))
    return light | dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,8});", THEMES[theme]))


def luminance(colour):
    digits = colour.lstrip("#")
    digits = "".join(sign * 2 for sign in digits) if len(digits) == 3 else digits
    parts = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground", "least"), PAIRS)
def test_colours_are_far_enough_apart(theme, text, ground, least):
    found = colours(theme)
    high, low = sorted((luminance(found[text]), luminance(found[ground])), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= least


@pytest.mark.parametrize("name", ["office", "customer", "phone", "print"])
def test_the_styles_of_a_page_are_at_most_6_kb(app, name):
    sheet = app.extensions["assets"].files[f"css/{name}.all.css"]
    assert len(sheet.zipped) <= 6 * 1024


def test_a_page_asks_for_one_style_sheet(client):
    assert client.get("/login").text.count('rel="stylesheet"') == 1


def test_no_style_sheet_reaches_for_the_network():
    for sheet in (STATIC / "css").rglob("*.css"):
        assert not re.search(r"@import|url\((?!['\"]?data:)", sheet.read_text("utf-8")), sheet.name
