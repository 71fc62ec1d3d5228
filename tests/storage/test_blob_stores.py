"""Photos in a folder and on a real S3 server: one contract."""

import hashlib
import io

import pytest

from fieldapp.domain.ids import BranchCode
from fieldapp.settings import Settings, SettingsError
from fieldapp.storage.blobs import BlobStore, WrongHash, WrongOffset
from fieldapp.storage.object_store import ObjectStore, Place, read_place
from fieldapp.storage.turns import Busy
from tests import cast

PHOTO = bytes(range(256)) * 10
NAME = hashlib.sha256(PHOTO).hexdigest()
BRANCH, OTHER = BranchCode(cast.MAIN), BranchCode("elsewhere")


@pytest.fixture
def place(s3_url):
    return read_place(s3_url)


@pytest.fixture(params=["folder", "s3"])
def store(request, tmp_path):
    if request.param == "folder":
        return BlobStore(tmp_path / "blobs")
    return ObjectStore(request.getfixturevalue("place"))


def send(store, *sizes):
    """Append pieces of these sizes from where the store says that it has got to."""
    for size in sizes:
        at = store.offset(BRANCH, NAME) or 0
        reached = store.append(BRANCH, NAME, at, PHOTO[at : at + size], len(PHOTO))
        assert reached == min(at + size, len(PHOTO))


def test_a_photo_in_pieces_is_whole_after_the_last_one(store):
    assert store.offset(BRANCH, NAME) is None
    send(store, 1000, 1000)
    assert (store.has(BRANCH, NAME), store.offset(BRANCH, NAME), list(store.begun(BRANCH))) == (False, 2000, [NAME])
    assert store.read(BRANCH, NAME) is None
    assert store.open(BRANCH, NAME) is None
    send(store, 560)
    assert (store.has(BRANCH, NAME), store.offset(BRANCH, NAME), list(store.begun(BRANCH))) == (True, len(PHOTO), [])
    assert store.read(BRANCH, NAME) == PHOTO
    assert list(store.all(BRANCH)) == [NAME]
    assert list(store.all(OTHER)) == []


def test_a_piece_at_another_place_is_told_the_right_one(store):
    send(store, 1000)
    for at in (0, 999, 1001):
        with pytest.raises(WrongOffset) as told:
            store.append(BRANCH, NAME, at, b"x", len(PHOTO))
        assert told.value.offset == 1000


def test_what_is_not_what_its_name_says_is_dropped_and_may_come_again(store):
    with pytest.raises(WrongHash):
        store.append(BRANCH, NAME, 0, b"?" * len(PHOTO), len(PHOTO))
    assert (store.has(BRANCH, NAME), store.offset(BRANCH, NAME)) == (False, None)
    send(store, len(PHOTO))
    assert store.read(BRANCH, NAME) == PHOTO


def test_a_photo_whose_server_died_before_it_was_put_together_is_whole_when_it_is_asked_for(store):
    store.append(BRANCH, NAME, 0, PHOTO, len(PHOTO) + 1)  # as if more were to come
    assert not store.has(BRANCH, NAME)
    assert store.offset(BRANCH, NAME) == len(PHOTO)
    assert store.read(BRANCH, NAME) == PHOTO


def test_what_is_here_is_taken_for_the_answer(store):
    store.put(BRANCH, PHOTO)
    assert store.append(BRANCH, NAME, 5, b"anything", len(PHOTO)) == len(PHOTO)
    assert store.read(BRANCH, NAME) == PHOTO


def test_whole_photos_are_put_taken_and_read_piece_by_piece(store):
    assert store.put(BRANCH, PHOTO) == store.put(BRANCH, PHOTO) == NAME
    store.take(OTHER, NAME, io.BytesIO(PHOTO))
    with store.open(OTHER, NAME) as content:
        assert content.seek(0, 2) == len(PHOTO)
        content.seek(0)
        assert content.read(100) + content.read() == PHOTO
    with pytest.raises(WrongHash):
        store.take(BRANCH, "0" * 64, io.BytesIO(PHOTO))
    assert [list(store.all(one)) for one in (BRANCH, OTHER)] == [[NAME], [NAME]]


def test_what_is_removed_is_gone_whole_or_in_pieces(store):
    send(store, 1000)
    store.remove(BRANCH, NAME)
    assert store.offset(BRANCH, NAME) is None
    store.put(BRANCH, PHOTO)
    store.remove(BRANCH, NAME)
    store.remove(BRANCH, NAME)
    assert (store.has(BRANCH, NAME), list(store.all(BRANCH))) == (False, [])


def test_photos_lie_in_the_order_of_their_names(store):
    names = [store.put(BRANCH, bytes([number])) for number in range(20)]
    assert list(store.all(BRANCH)) == sorted(names)


def test_an_empty_place_is_known_and_made_again(store):
    assert store.is_empty()
    store.put(BRANCH, PHOTO)
    send(store)
    assert not store.is_empty()
    store.clear()
    assert store.is_empty()


def test_a_name_that_is_no_hash_reaches_nothing(store):
    with pytest.raises(ValueError, match="SHA-256"):
        store.read(BRANCH, "../../secret-key")


def test_pieces_that_overtook_each_other_are_asked_for_again(place):
    """Two hosts take pieces of one photo at the same moment: the shorter one lands on the longer one."""
    store = ObjectStore(place)
    send(store, 1000, 1000)
    store._s3.put(f"{BRANCH}/partial/{NAME}/{0:012}", PHOTO[:400])
    assert store.offset(BRANCH, NAME) == 400
    send(store, 600, 600, 1000)
    assert store.read(BRANCH, NAME) == PHOTO


def test_a_store_that_is_away_or_refuses_us_is_busy(place):
    away = ObjectStore(Place(place.bucket, place.prefix, "http://127.0.0.1:1", "us-east-1"))
    nowhere = ObjectStore(Place("no-such-bucket", None, place.endpoint, "us-east-1"))
    for store, act in ((away, "has"), (away, "offset"), (nowhere, "offset")):
        with pytest.raises(Busy, match="photos"):
            getattr(store, act)(BRANCH, NAME)
    with pytest.raises(Busy):
        nowhere.put(BRANCH, PHOTO)


@pytest.mark.parametrize("url", ["s3:///folder", "s3://bucket?key=secret", "gs://bucket", "s3://bucket?endpoint"])
def test_an_address_that_is_none_is_refused(url, tmp_path):
    with pytest.raises(SettingsError, match=r"FIELDAPP_BLOBS is .*; give a folder"):
        Settings.from_environment({"FIELDAPP_INSTANCE": str(tmp_path), "FIELDAPP_BLOBS": url})


def test_an_address_says_where():
    assert read_place("s3://photos") == Place("photos", None, None, None)
    assert read_place("s3://photos/a/b/?endpoint=https://s3.example.org") == Place(
        "photos", "a/b", "https://s3.example.org", None
    )
