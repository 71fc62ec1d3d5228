"""What all apps of a test run have alike is made once: compiled templates and addresses of routes, static files.

Most tests make an app of their own, so that none sees what another did. Five sixths of the time for that went into
compiling the same 240 routes and the same templates again, and into zipping the same files.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from fieldapp.paths import STATIC
from fieldapp.web import templating
from fieldapp.web.templating import Assets


class KeptTemplates(BytecodeCache):
    """Compiled templates by what they were compiled from."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self.kept.get(f"{bucket.key} {bucket.checksum}"):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[f"{bucket.key} {bucket.checksum}"] = bucket.bytecode_to_string()


class KeptRule(Rule):
    """A route whose way of writing its address is compiled once for each text; what it returns is bound to no app."""

    _kept: dict[Any, Callable[..., tuple[str, str]]] = {}  # noqa: RUF012 - shared on purpose

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        kinds = [(name, type(one)) for name, one in self._converters.items()]
        key = (self.rule, repr(self._trace), repr(self.defaults), repr(kinds), append_unknown)
        if key not in self._kept:
            self._kept[key] = super()._compile_builder(append_unknown)
        return self._kept[key]


_TEMPLATES = KeptTemplates()


@cache
def _assets() -> Assets:
    return Assets(STATIC)


def _assets_of(folder: Path) -> Assets:
    return _assets() if folder == STATIC else Assets(folder)


def share() -> None:
    """Let every app that is made from now on use them."""
    templating.Assets = _assets_of
    Flask.url_rule_class = KeptRule
    Flask.jinja_options = {"bytecode_cache": _TEMPLATES}
