"""Makes the font of the PDF receipts, `fieldapp/fonts/fieldapp-sans.otf`, from Debian's `fonts-noto-cjk`.

A bare machine has no Chinese font, so the program carries its own: Noto Sans CJK Regular (SIL Open Font License 1.1),
reduced to Latin, punctuation, every ideograph of the basic Unicode block, and those of Extension A that China's table
of characters for general use holds (names are written with them). Simplified shapes are the default; the traditional
ones are kept behind the `locl` feature, which the typesetter chooses by language. The family is renamed, so that it
never hides a whole Noto that is installed.

Needs fonttools, which the program itself does not: run it from an environment of its own.

    apt-get install fonts-noto-cjk && python tools/cjk_font.py
"""

import hashlib
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
TARGET = Path(__file__).parents[1] / "fieldapp" / "fonts" / "fieldapp-sans.otf"
FAMILY = "Fieldapp Sans"

EXTENSION_A = (
    "㑇㑊㕮㘎㙍㙘㙦㛃㛚㛹㟃㠇㠓㤘㥄㧐㧑㧟㫰㬊㬎㬚㭎㭕㮾㰀㳇㳘㳚㴔㵐㶲㸆㸌㺄㻬㽏㿠䁖䂮䃅䃎䅟䌹䎃䎖䏝䏡䏲䐃"
    "䓖䓛䓨䓫䓬䗖䗛䗪䗴䜣䝙䢺䢼䣘䥽䦃䲟䲠䲢䴓䴔䴕䴖䴗䴘䴙䶮"
)
CHARACTERS = {
    *range(0x20, 0x250),  # Latin, and the names of neighbours
    *range(0x2010, 0x2070),
    *range(0x2190, 0x21A0),
    *range(0x2460, 0x2474),
    *range(0x3000, 0x3040),
    *range(0x4E00, 0xA000),
    *range(0xFF00, 0xFFEF),
    *map(ord, "€×✓√℃№●○■□▲△★☆─│" + EXTENSION_A),
}
SCRIPTS = ["DFLT.dflt", *(f"{script}.{tag}" for script in ("hani", "latn") for tag in ("dflt", "ZHS", "ZHT"))]


def main() -> None:
    """Write the font and print where it came from."""
    font = next(one for one in TTCollection(str(SOURCE)).fonts if one["name"].getDebugName(1) == "Noto Sans CJK SC")
    options = subset.Options()
    options.layout_features = ["locl", "ccmp"]
    options.layout_scripts = SCRIPTS
    options.hinting = False
    options.drop_tables += ["VORG", "vhea", "vmtx", "BASE", "GPOS", "DSIG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for code in CHARACTERS if code in font.getBestCmap()])
    subsetter.subset(font)
    rename(font)
    TARGET.parent.mkdir(exist_ok=True)
    font.save(TARGET)
    print(f"source {hashlib.sha256(SOURCE.read_bytes()).hexdigest()}")
    print(f"made   {hashlib.sha256(TARGET.read_bytes()).hexdigest()}  {TARGET.stat().st_size} bytes")


def rename(font: TTFont) -> None:
    """Call the family by our own name, everywhere that a font names itself."""
    bare = FAMILY.replace(" ", "")
    words = {1: FAMILY, 2: "Regular", 3: f"{bare}-Regular", 4: FAMILY, 6: f"{bare}-Regular", 16: FAMILY, 17: "Regular"}
    names = font["name"]
    names.names = [record for record in names.names if record.nameID in {0, 13, 14} and record.langID == 0x409]
    for number, text in words.items():
        names.setName(text, number, 3, 1, 0x409)
    top = font["CFF "].cff
    top.fontNames = [f"{bare}-Regular"]
    top.topDictIndex[0].FamilyName, top.topDictIndex[0].FullName = FAMILY, FAMILY


if __name__ == "__main__":
    main()
