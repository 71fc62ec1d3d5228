"""Bytes over the wire, gzipped: what a technician pays for the first look, the sign screen, the whole offline app."""

import json
import re

import pytest

from fieldapp.paths import STATIC
from fieldapp.web.pwa import modules

KB = 1024


@pytest.fixture
def zipped(client):
    def size(url: str) -> int:
        answer = client.get(url, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200, url
        return len(answer.data)

    return size


@pytest.fixture
def assets(app):
    return app.extensions["assets"]


def test_the_shell_costs_at_most_12_kb(zipped):
    assert zipped("/m/") <= 12 * KB


def test_the_styles_cost_at_most_6_kb(zipped, assets):
    assert zipped(assets.url(modules.STYLES)) <= 6 * KB


def test_the_first_code_costs_at_most_40_kb(zipped, assets):
    names = [modules.ENTRY, *modules.first(assets)]
    assert sum(zipped(assets.url(name)) for name in names) <= 40 * KB


def test_the_first_look_costs_at_most_70_kb(zipped, assets):
    names = [modules.STYLES, modules.ENTRY, *modules.first(assets), "icons/mark.svg", "icons/app-192.png"]
    private = 4 * KB  # me.json, time, a day of ten visits
    others = ["/m/", "/m/words/zh-Hant.json", "/m/manifest.webmanifest"]
    assert sum(map(zipped, [*others, *map(assets.url, names)])) + private <= 70 * KB


def test_scripts_travel_without_their_remarks_and_every_line_in_its_place(assets):
    for name, asset in assets.files.items():
        source = (STATIC / name).read_text("utf-8") if name.startswith("js/") else None
        if source is not None:
            told = [line for line in source.split("\n") if not re.match(r"\s*(//|/\*\*.*\*/$)", line)]
            served = asset.content.decode().split("\n")
            assert [line for line in served if line.strip()] == [line for line in told if line.strip()], name
            assert len(served) == len(source.split("\n")), name


def test_the_signature_pad_costs_at_most_5_kb(zipped, assets):
    assert zipped(assets.url("vendor/signature_pad/signature_pad.js")) <= 5 * KB


def test_the_offline_app_costs_at_most_150_kb(client, zipped):
    text = client.get("/m/sw.js").get_data(as_text=True)
    files = json.loads(re.search(r"^const FILES = (.*);$", text, re.MULTILINE).group(1))
    assert zipped("/m/sw.js") + sum(zipped(file["url"]) for file in files) <= 150 * KB
