"""The technician's app as the browser gets it: one shell for all, words in three languages, a whole release to keep."""

import base64
import hashlib
import json
import re
from typing import get_args

import pytest

from fieldapp.domain.visits.events import BY_PHONE, JobType
from fieldapp.domain.visits.lifecycle import StateName
from fieldapp.paths import STATIC, TEMPLATES
from fieldapp.web.locale import LANGUAGES
from fieldapp.web.pwa.words import WORDS

#: What sync.md lists: held and quarantined.
HELD_CODES = (
    "visit_cancelled promise_moved not_assignee actor_mismatch unknown_visit after_completion device_revoked"
    " clock_suspect chain_fork needs_second_person schema_invalid hash_mismatch id_conflict seq_conflict"
).split()
KEY = re.compile(r"""\bt(?:In)?\(\s*(?:[\w.]+,\s*)?["']([a-z_]+(?:\.[a-z_]+)+)["']""")
DATA_KEY = re.compile(r"""data-t(?:-label|-title|-placeholder)?="([^"{]+)\"""")


def test_the_shell_is_the_same_for_everybody(client, sign_in):
    technician = sign_in("T001")
    technician.post("/language", data={"language": "zh-Hant", "next": "/"})
    assert technician.get("/m/").data == client.get("/m/", headers={"Accept-Language": "zh-CN"}).data


def test_the_shell_allows_one_trusted_types_policy(client):
    policy = client.get("/m/").headers["Content-Security-Policy"]
    assert "require-trusted-types-for 'script'" in policy
    assert "trusted-types sw" in policy


def test_an_unchanged_shell_is_not_sent_again(client):
    tag = client.get("/m/").headers["ETag"]
    assert client.get("/m/", headers={"If-None-Match": tag}).status_code == 304


def test_the_phone_learns_who_is_signed_in(sign_in):
    answer = sign_in("T001").get("/m/me.json")
    assert answer.headers["X-Field-Sync"] == "1"
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.get_json()
    assert told.pop("csrf")
    assert told.pop("push")
    assert len(base64.b64decode(told.pop("rescue")["key"])) == 65
    assert told == {
        "login": "T001", "name": "Chen Wei", "branch": "main", "team": "a", "locale": None, "zone": "Asia/Shanghai",
        "currency": "CNY", "app": told["app"], "offline_hours": 72,
    }  # fmt: skip


def test_a_stranger_is_asked_to_sign_in_without_a_redirect(client):
    answer = client.get("/m/me.json")
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert answer.get_json()["code"] == "not_signed_in"


@pytest.mark.parametrize("login", ["D001", "Q001", "M001", "A001"])
def test_other_roles_are_refused_by_the_phone(sign_in, login):
    assert sign_in(login).get("/m/me.json").status_code == 403


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_word_comes_in_every_language(client, tag):
    words = client.get(f"/m/words/{tag}.json").get_json()
    assert sorted(words) == sorted(WORDS)
    assert all(text.strip() for text in words.values())


def test_an_unknown_language_has_no_words(client):
    assert client.get("/m/words/tlh.json").status_code == 404


def test_the_client_asks_for_no_word_that_does_not_exist():
    asked = {}
    for path in sorted((STATIC / "js").rglob("*.js")):
        asked.update(dict.fromkeys(KEY.findall(path.read_text("utf-8")), path.name))
    for path in sorted((TEMPLATES / "phone").glob("*.html")):
        asked.update(dict.fromkeys(DATA_KEY.findall(path.read_text("utf-8")), path.name))
    assert len(asked) > 50
    assert {key: file for key, file in asked.items() if key not in WORDS} == {}


def test_every_icon_of_the_client_is_in_the_shell(client):
    shell = client.get("/m/").get_data(as_text=True)
    wanted = set(re.findall(r'href="#i-([\w-]+)"', shell))
    for path in sorted((STATIC / "js").rglob("*.js")):
        wanted |= set(re.findall(r'\bicon: "([\w-]+)"', path.read_text("utf-8")))
    assert sorted(wanted - set(re.findall(r'<symbol id="i-([\w-]+)"', shell))) == []


def test_the_manifest_makes_the_app_installable(client):
    answer = client.get("/m/manifest.webmanifest")
    assert answer.content_type.startswith("application/manifest+json")
    manifest = json.loads(answer.data)
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("/m/", "/m/", "standalone")
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    assert "maskable" in {icon["purpose"] for icon in manifest["icons"]}
    for icon in manifest["icons"]:
        image = client.get(icon["src"])
        assert (image.status_code, image.content_type) == (200, "image/png")


def worker_files(client):
    text = client.get("/m/sw.js").get_data(as_text=True)
    return json.loads(re.search(r"^const FILES = (.*);$", text, re.MULTILINE).group(1))


def test_every_file_of_the_release_is_what_its_hash_says(client):
    files = worker_files(client)
    for file in files:
        content = client.get(file["url"]).data
        digest = "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()
        assert digest == file["integrity"], file["url"]
    assert len({file["url"] for file in files}) == len(files)


def test_every_module_of_the_phone_is_kept_for_offline_use(client):
    kept = {file["url"].split("/", 3)[3] for file in worker_files(client) if file["url"].startswith("/a/")}
    modules = {
        path.relative_to(STATIC).as_posix()
        for folder in ("js/lib", "js/sync", "js/phone", "js/visit", "js/signoff", "vendor/idb", "vendor/signature_pad")
        for path in (STATIC / folder).rglob("*.js")
    }
    assert sorted(modules - kept) == []


def test_the_worker_is_small_and_takes_over_only_when_asked(client):
    source = (STATIC / "js/sw.js").read_text("utf-8")
    assert source.count("\n") <= 120
    assert source.count("skipWaiting") == 1
    assert re.search(r'event\.data === "update"\) self\.skipWaiting', source)
    answer = client.get("/m/sw.js")
    assert answer.content_type.startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "no-cache"


def test_every_code_that_the_phone_can_meet_has_a_word():
    """The keys that the client puts together from codes of the domain and of the sync protocol."""
    notices = re.findall(r'notice\("(\w+)"|kind: "(emptied)"', _source("sync/day.js") + _source("sync/push.js"))
    kinds = set(re.findall(r'return (?:.*\? )?"(\w+)"', _source("sync/decide.js"))) | {"down", "offline", "other_user"}
    wanted = (
        [f"state.{name}" for name in get_args(StateName)]
        + [f"job.{name}" for name in get_args(JobType)]
        + [f"event.{kind}" for kind in BY_PHONE]
        + [f"held.{code}" for code in HELD_CODES]
        + [f"notice.{one or other}" for one, other in notices]
        + [f"trouble.{kind}" for kind in kinds - {"ok"}]
    )
    assert len(notices) >= 5
    assert "signin" in kinds
    assert sorted(key for key in wanted if key not in WORDS) == []


def _source(name):
    return (STATIC / "js" / name).read_text("utf-8")
