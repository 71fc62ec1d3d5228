"""Message catalogues: `update` extracts texts and merges them, `compile` builds the .mo files, `missing` lists gaps.

English is the language of the sources; zh_Hans and zh_Hant are complete translations (a test fails on a gap).
"""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "fieldapp" / "translations"
LOCALES = ("zh_Hans", "zh_Hant")
KEYWORDS = {
    "_": None, "gettext": None, "lazy_gettext": None, "_l": None, "N_": None,
    "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "lazy_pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip


def path(locale: str) -> Path:
    return CATALOGUES / locale / "LC_MESSAGES" / "messages.po"


def load(locale: str) -> Catalog:
    file = path(locale)
    if not file.exists():
        return Catalog(locale=locale, project="fieldapp", charset="utf-8")
    with file.open("rb") as source:
        return read_po(source, locale=locale)


def extract() -> Catalog:
    """Every text of the sources, with the files it stands in (no line numbers: they only make noise)."""
    catalog = Catalog(project="fieldapp", charset="utf-8")
    for folder, methods in (
        ("fieldapp", [("**.py", "python")]),
        ("templates", [("**.html", "jinja2"), ("**.txt", "jinja2")]),
    ):
        for file, _, message, comments, context in extract_from_dir(
            ROOT / folder, methods, keywords=KEYWORDS, comment_tags=("i18n:",),
            options_map={"**": {"trimmed": "true", "silent": "false"}},
            directory_filter=lambda _folder: True,  # Babel passes over names that begin with "_": our macros
        ):  # fmt: skip
            catalog.add(message, None, [(f"{folder}/{file}", None)], auto_comments=comments, context=context)
    return catalog


def update() -> None:
    template = extract()
    for locale in LOCALES:
        catalog = load(locale)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        path(locale).parent.mkdir(parents=True, exist_ok=True)
        with path(locale).open("wb") as target:
            write_po(target, catalog, width=120, sort_output=True, omit_header=False, include_lineno=False)


def compile_all() -> None:
    for locale in LOCALES:
        if path(locale).exists():
            with path(locale).with_suffix(".mo").open("wb") as target:
                write_mo(target, load(locale))


def missing() -> list[str]:
    """`locale: text` for each text of the sources without a translation."""
    template = extract()
    gaps = []
    for locale in LOCALES:
        catalog = load(locale)
        for message in template:
            if not message.id:
                continue
            known = catalog.get(message.id, message.context)
            strings = (known.string if isinstance(known.string, tuple) else (known.string,)) if known else ()
            if not strings or not all(strings) or known.fuzzy:
                gaps.append(f"{locale}: {message.id!r}")
    return gaps


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["update"]:
            update()
        case ["compile"]:
            compile_all()
        case ["missing"]:
            gaps = missing()
            print("\n".join(gaps))
            sys.exit(1 if gaps else 0)
        case _:
            sys.exit("usage: translations.py update|compile|missing")
