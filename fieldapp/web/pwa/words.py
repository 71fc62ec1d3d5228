"""Every text of the phone's client: key -> sentence, served as one JSON file per language. Owns the joining only."""

from typing import Any

from fieldapp.web import money
from fieldapp.web.pwa.words_core import CORE
from fieldapp.web.pwa.words_signoff import SIGNOFF
from fieldapp.web.pwa.words_visit import VISIT

WORDS: dict[str, Any] = {**CORE, **VISIT, **SIGNOFF, **money.WORDS}
