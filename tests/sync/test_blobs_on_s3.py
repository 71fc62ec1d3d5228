"""Photos of phones on storage that hosts share: the same endpoint, the same words."""

from dataclasses import replace

import pytest

from fieldapp.storage.object_store import ObjectStore, read_place
from tests import cast
from tests.sync.phone import MARK
from tests.sync.test_blobs import PIECE, jpeg, name_of, patch, path, shown, upload


@pytest.fixture
def place(s3_url):
    return read_place(s3_url)


@pytest.fixture
def work(work, place):
    """The company, its photos in a bucket."""
    return replace(work, blobs=ObjectStore(place))


def test_any_host_takes_the_next_piece_of_a_photo(work, place, phone, visit):
    content = jpeg()
    assert len(content) > PIECE
    assert patch(phone.client, content, 0, content[:PIECE]).status_code == 204
    there = ObjectStore(place)
    there.append(cast.MAIN, name_of(content), PIECE, content[PIECE:], len(content))
    assert phone.client.head(path(content), headers=MARK).status_code == 200
    assert shown(phone, visit, content).status_code == 200


def test_a_photo_waits_while_the_store_is_away(work, place, phone):
    content = jpeg((300, 200))
    work.blobs.place = replace(place, endpoint="http://127.0.0.1:1")
    ask = (phone.client.head(path(content), headers=MARK), patch(phone.client, content, 0, content))
    assert [(answer.status_code, answer.headers["Retry-After"] > "0") for answer in ask] == [(503, True), (503, True)]
    work.blobs.place = place
    del work.blobs.__dict__["_s3"]  # the line to where nobody was
    upload(phone.client, content)
    assert work.blobs.read(cast.MAIN, name_of(content)) == content
