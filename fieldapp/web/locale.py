"""Languages: which one a request speaks, and how each is named. Tags are BCP 47; Babel's names have underscores."""

from flask import Flask, g, request
from flask_babel import Babel, refresh

from fieldapp.web.context import current_settings, find_actor

#: Tag -> its own name, as shown on a switch.
LANGUAGES = {"en": "English", "zh-Hans": "简体中文", "zh-Hant": "繁體中文"}
_CHINESE = dict.fromkeys(("cn", "sg", "hans"), "zh-Hans") | dict.fromkeys(("tw", "hk", "mo", "hant"), "zh-Hant")


def install(app: Flask) -> None:
    """Choose by `g.language` (set by a page with its own), the account, the cookie, `Accept-Language`, the setting."""
    Babel(app, locale_selector=lambda: current_language().replace("-", "_"))
    app.jinja_env.globals.update(languages=LANGUAGES, current_language=current_language)


def cookie() -> str:
    """The name of the cookie that keeps a stranger's choice."""
    return "__Host-lang" if current_settings().secure else "lang"


def current_language() -> str:
    """The tag of this request's language, one of `LANGUAGES`."""
    if "language" not in g:
        actor = find_actor()
        for tag in (actor.locale if actor else None, request.cookies.get(cookie())):
            if tag in LANGUAGES:
                break
        else:
            tag = _accepted() or current_settings().locale
        g.language = tag
    return g.language


def speak(tag: str) -> None:
    """Answer this request in `tag` from here on (a customer's page in the customer's language)."""
    g.language = tag if tag in LANGUAGES else "en"
    refresh()


def _accepted() -> str | None:
    for tag, _ in request.accept_languages:
        parts = tag.lower().split("-")
        if parts[0] == "zh":
            return next((_CHINESE[part] for part in parts[1:] if part in _CHINESE), "zh-Hans")
        if parts[0] == "en":
            return "en"
    return None
