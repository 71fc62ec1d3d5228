"""Older payloads are read, newer ones kept until the program learns them; protocols end on a day that was announced."""

import json
from datetime import date, timedelta

import pytest

from fieldapp.domain.errors import Invalid
from fieldapp.domain.visits.upcasting import VERSIONS, Versions
from fieldapp.services import sync_wire
from tests import cast

TODAY = cast.NOW.date()


def from_the_start(payload):
    """Version 0 called notes remarks."""
    return {**payload, "data": {"text": payload["data"]["remark"]}}


def read(phone, entry, versions):
    batch = sync_wire.read_batch(json.dumps(phone.batch([entry])).encode(), TODAY, versions=versions)
    return batch.items[0]


def test_an_older_payload_is_read_through_its_steps_and_keeps_its_bytes(phone, visit):
    entry = phone.append("note.added", visit, v=0, data={"remark": "a dog"})
    item = read(phone, entry, Versions(1, {0: from_the_start}))
    assert (item.data.text, item.fact.v, item.problem) == ("a dog", 1, "")
    assert (item.payload, item.digest) == (entry["payload"], entry["hash"])


def test_steps_are_taken_one_after_another():
    versions = Versions(
        3, {1: lambda old: {"told": [*old.get("told", []), 1]}, 2: lambda old: {"told": [*old["told"], 2]}}
    )
    assert versions.upcast({"v": 1}) == {"v": 3, "told": [1, 2]}
    assert versions.upcast({"v": 3, "as": "it is"}) == {"v": 3, "as": "it is"}


@pytest.mark.parametrize("version", [0, 2, 99, -1, "1", 1.5, None])
def test_a_version_that_no_step_leads_away_from_is_unknown(version):
    with pytest.raises(Invalid) as refusal:
        VERSIONS.upcast({"v": version})
    assert refusal.value.code == "version_unknown"


def test_a_newer_payload_is_quarantined_and_says_so(phone, visit):
    entry = phone.append("note.added", visit, v=2, data={"text": "x", "mood": "good"})
    assert "version_unknown" in read(phone, entry, VERSIONS).problem
    assert phone.fates(entry) == [("quarantined", "schema_invalid")]


def test_an_old_step_that_leads_to_nonsense_is_no_fact(phone, visit):
    entry = phone.append("note.added", visit, v=0)
    item = read(phone, entry, Versions(1, {0: lambda old: {**old, "data": {"words": 1}}}))
    assert item.fact is None
    assert item.problem


def test_a_protocol_ends_after_its_last_day():
    protocols = {1: date(2027, 3, 31), 2: None}
    last = protocols[1]
    assert sync_wire.is_spoken(1, last, protocols)
    assert not sync_wire.is_spoken(1, last + timedelta(days=1), protocols)
    assert sync_wire.is_spoken(2, last + timedelta(days=1000), protocols)
    assert not sync_wire.is_spoken(3, last, protocols)


def test_a_protocol_with_a_successor_is_spoken_for_ninety_days_more():
    """The table says so by itself: every protocol but the newest names its last day."""
    *older, newest = sorted(sync_wire.PROTOCOLS)
    assert sync_wire.PROTOCOLS[newest] is None
    assert all(sync_wire.PROTOCOLS[one] is not None for one in older)


@pytest.mark.parametrize("protocol", [0, 2, 10**9])
def test_a_protocol_that_is_not_spoken_asks_for_an_update_and_stores_nothing(phone, visit, protocol):
    answer = phone.post(phone.batch([phone.append("note.added", visit)], protocol=protocol))
    assert (answer.status_code, answer.get_json()["code"]) == (426, "protocol_unknown")
