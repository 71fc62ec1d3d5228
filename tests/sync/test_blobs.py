"""Photos: resumable uploads by hash, and what is shown of them."""

import hashlib
import io
import struct
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image
from structlog.testing import capture_logs

from fieldapp.services import leftovers, photos, pictures
from fieldapp.services.work import Busy
from fieldapp.storage import photos as rows
from fieldapp.storage import strays
from fieldapp.storage.blobs import BlobStore
from tests import cast
from tests.sync.phone import MARK

PIECE = photos.MAX_PIECE


def jpeg(size=(900, 600), **options):
    """A photo-like picture: noise does not compress away."""
    target = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(target, "JPEG", quality=95, **options)
    return target.getvalue()


def png(size=(40, 30)):
    target = io.BytesIO()
    Image.new("RGBA", size, (200, 10, 10, 128)).save(target, "PNG")
    return target.getvalue()


def name_of(content):
    return hashlib.sha256(content).hexdigest()


def path(content_or_name):
    name = content_or_name if isinstance(content_or_name, str) else name_of(content_or_name)
    return f"/api/sync/v1/blobs/{name}"


def patch(client, content, offset, piece, **changes):
    headers = {**MARK, "Upload-Offset": str(offset), "Upload-Length": str(len(content)), **changes}
    return client.patch(
        changes.pop("to", path(content)), data=piece, content_type="application/offset+octet-stream",
        headers={name: value for name, value in headers.items() if value is not None},
    )  # fmt: skip


def upload(client, content):
    for at in range(0, len(content), PIECE):
        answer = patch(client, content, at, content[at : at + PIECE])
        assert answer.status_code == 204, answer.get_data(as_text=True)
        assert answer.headers["X-Field-Sync"] == "1"
    return name_of(content)


def kept(work, name):
    with work.read() as db:
        return rows.find(db, cast.MAIN, name)


@pytest.fixture
def technician(phone):
    return phone.client


def shown(phone, visit, content, slot="before"):
    """Upload, tell the visit of it, and ask for it."""
    name = upload(phone.client, content)
    data = {"slot": slot, "blob": name, "bytes": len(content), "w": 1, "h": 1}
    phone.push(phone.append("photo.added", visit, data=data))
    return phone.client.get(f"/api/sync/v1/photos/{name}?visit={visit}")


def test_an_upload_goes_on_where_it_was_cut_off(technician, work):
    content = jpeg((1400, 900))
    assert len(content) > 2 * PIECE
    first = technician.head(path(content))
    assert (first.status_code, first.headers["Upload-Offset"]) == (404, "0")
    assert patch(technician, content, 0, content[:PIECE]).headers["Upload-Offset"] == str(PIECE)
    middle = technician.head(path(content))
    assert (middle.status_code, middle.headers["Upload-Offset"]) == (404, str(PIECE))
    assert patch(technician, content, PIECE, content[PIECE : PIECE + 100]).status_code == 204
    for at in range(PIECE + 100, len(content), PIECE):
        patch(technician, content, at, content[at : at + PIECE])
    last = technician.head(path(content))
    assert (last.status_code, last.headers["Upload-Offset"]) == (200, str(len(content)))
    assert {answer.get_etag()[0] for answer in (first, middle, last)} == {name_of(content)}
    assert kept(work, name_of(content)).media == "image/jpeg"
    assert work.blobs.read(cast.MAIN, name_of(content)) == content


def test_a_piece_at_the_wrong_place_is_told_the_right_one(technician):
    content = jpeg()
    patch(technician, content, 0, content[:1000])
    answer = patch(technician, content, 500, content[500:1000])
    assert (answer.status_code, answer.headers["Upload-Offset"], answer.headers["X-Field-Sync"]) == (409, "1000", "1")


def test_a_whole_that_is_not_what_its_name_says_is_dropped(technician, work):
    content = png()
    answer = patch(technician, content, 0, content[:-1] + b"x")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (422, "0")
    assert technician.head(path(content)).headers["Upload-Offset"] == "0"
    assert kept(work, name_of(content)) is None


def test_the_same_photo_twice_is_legal(technician, work):
    content = png()
    upload(technician, content)
    assert patch(technician, content, 0, content).status_code == 204
    assert technician.head(path(content)).status_code == 200


def test_a_crash_before_the_row_was_written_is_made_good(technician, work):
    name = work.blobs.put(cast.MAIN, png())
    assert kept(work, name) is None
    assert technician.head(path(name)).status_code == 200
    assert kept(work, name).media == "image/png"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Offset": None}, 400), ({"Upload-Offset": "-1"}, 400), ({"Upload-Length": "x"}, 400),
        ({"Upload-Length": "9" * 30}, 400), ({"Upload-Length": "10"}, 422), ({"Upload-Length": str(13 * 2**20)}, 413),
        ({"X-Field-Sync": None}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Origin": "https://a.example"}, 403),
    ],
)  # fmt: skip
def test_a_piece_that_is_not_as_it_should_be_is_refused(technician, work, headers, status):
    content = png()
    assert patch(technician, content, 0, content, **headers).status_code == status
    assert work.blobs.offset(cast.MAIN, name_of(content)) is None


def test_pieces_have_a_limit_and_names_are_hashes(technician):
    content = jpeg((1400, 900))
    assert patch(technician, content, 0, content[: PIECE + 1]).status_code == 413
    for name in ("x", "A" * 64, "0" * 63, "..%2f..%2fetc"):
        assert technician.head(f"/api/sync/v1/blobs/{name}").status_code == 404


def test_uploads_are_for_technicians(sign_in, client):
    content = png()
    assert patch(sign_in("D001"), content, 0, content).status_code == 403
    assert patch(client, content, 0, content).status_code == 401


def test_what_is_shown_is_upright_and_carries_no_metadata(phone, visit):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "SecretMaker"
    answer = shown(phone, visit, jpeg((120, 80), exif=exif, comment=b"where I live"))
    assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
    picture = Image.open(io.BytesIO(answer.get_data()))
    assert picture.size == (80, 120)
    assert dict(picture.getexif()) == {}
    assert b"SecretMaker" not in answer.get_data()
    assert b"where I live" not in answer.get_data()


def bomb(side):
    """A PNG header that promises `side` x `side` pixels of nothing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    packed = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


UNREADABLE = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "text": b"no picture at all",
    "empty head": b"\xff\xd8\xff\xd9",
    "jpeg and page": jpeg((40, 40)) + b"<html><script>alert(1)</script></html>",
    "page in a comment": jpeg((40, 40), comment=b"<script>alert(1)</script>"),
    "jpeg and zip": jpeg((40, 40)) + b"PK\x03\x04archive",
    "cut off": jpeg((40, 40))[:-300],
    "pixel bomb": bomb(50_000),
    "gif": b"GIF89a" + b"\0" * 40,
    "webp too long": b"RIFF\x04\x00\x00\x00WEBPmore",
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_honest_photo_is_kept_and_never_shown(phone, work, visit, content):
    answer = shown(phone, visit, content)
    assert answer.status_code == 404
    assert kept(work, name_of(content)).media == "unreadable"
    assert work.blobs.read(cast.MAIN, name_of(content)) == content


def test_a_large_photo_is_shown_smaller():
    whole = pictures.shown(jpeg((5000, 2500)))
    assert Image.open(io.BytesIO(whole)).size == (2048, 1024)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_formats_become_jpegs_on_white(kind):
    target = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(target, kind)
    picture = Image.open(io.BytesIO(pictures.shown(target.getvalue())))
    assert picture.format == "JPEG"
    assert min(picture.getpixel((5, 5))) > 250


def test_photos_are_seen_by_their_branch_and_by_the_visit_s_technician_only(phone, sign_in, visit):
    content = png()
    assert shown(phone, visit, content).status_code == 200
    url = f"/api/sync/v1/photos/{name_of(content)}"
    fates = {
        login: sign_in(login).get(f"{url}?visit={visit}").status_code for login in ("D001", "Q001", "T002", "Q900")
    }
    assert fates == {"D001": 200, "Q001": 200, "T002": 404, "Q900": 404}
    assert phone.client.get(url).status_code == 404  # a technician says of which visit
    assert sign_in("D001").get(url).status_code == 200
    assert sign_in("A001").get(url).status_code == 403
    assert sign_in("D001").get(f"/api/sync/v1/photos/{'0' * 64}").status_code == 404
    assert sign_in("D001").get(f"{url}?visit=nonsense").status_code == 404


def test_a_photo_cannot_be_reached_through_another_visit(phone, work, visit, start):
    from tests import builders
    from tests.sync.phone import plan

    content = png()
    shown(phone, visit, content)
    other = plan(work, builders.scheduled("WO-2", start))[0]
    assert phone.client.get(f"/api/sync/v1/photos/{name_of(content)}?visit={other}").status_code == 404


def test_nobody_sends_another_s_photo(technician, work):
    content = jpeg((40, 40))
    headers = {**MARK, "Content-Type": "application/offset+octet-stream", "X-Field-User": "T002"}
    sha256 = hashlib.sha256(content).hexdigest()
    answer = technician.patch(
        f"/api/sync/v1/blobs/{sha256}", data=content,
        headers={**headers, "Upload-Offset": "0", "Upload-Length": str(len(content))},
    )  # fmt: skip
    assert answer.status_code == 403
    assert not work.blobs.has(cast.MAIN, sha256)


def test_a_photo_that_is_attached_while_a_phone_adds_to_its_pieces_stays_whole(work, tmp_path):
    store, content = BlobStore(tmp_path), jpeg((40, 40))
    sha256 = hashlib.sha256(content).hexdigest()
    store.append(cast.MAIN, sha256, 0, content[:10], len(content))
    with (tmp_path / cast.MAIN / "partial" / sha256).open("ab") as late:
        store.put(cast.MAIN, content)
        late.write(content[10:])
    assert store.read(cast.MAIN, sha256) == content


def test_what_a_dying_server_left_of_a_whole_photo_goes_at_the_next_start_and_pieces_stay(work, monkeypatch):
    content = jpeg((300, 200))
    monkeypatch.setattr(BlobStore, "_finish", lambda *_: None)  # died before the rename
    work.blobs.put(cast.MAIN, content)
    work.blobs.append(cast.MAIN, name_of(content), 0, content[:1000], len(content))
    monkeypatch.undo()
    folder = work.blobs.folder / cast.MAIN / "partial"
    assert len(list(folder.iterdir())) == 2
    now = datetime.fromtimestamp(max(path.stat().st_mtime for path in folder.iterdir()), UTC)
    assert work.blobs.clear_aside(now - timedelta(minutes=1)) == 0
    leftovers.finish(replace(work, clock=lambda: now + timedelta(hours=2)))
    assert [path.name for path in folder.iterdir()] == [name_of(content)]
    assert work.blobs.put(cast.MAIN, content) == name_of(content)


@pytest.fixture
def died_before_its_rename(technician, monkeypatch):
    """A photo every byte of which came, by a server that died before it called it whole."""
    content = jpeg((300, 200))

    def die(*_):
        raise OSError("killed")

    monkeypatch.setattr(BlobStore, "_finish", die)
    assert patch(technician, content, 0, content).status_code == 503
    monkeypatch.undo()
    return content


def test_a_photo_whose_server_died_before_its_rename_is_whole_when_it_is_asked_for(
    technician, work, died_before_its_rename
):
    content = died_before_its_rename
    asked = technician.head(path(content), headers=MARK)
    assert (asked.status_code, asked.headers["Upload-Offset"]) == (200, str(len(content)))
    assert work.blobs.read(cast.MAIN, name_of(content)) == content
    with work.read() as db:
        assert rows.find(db, cast.MAIN, name_of(content)).is_readable


def test_it_is_taken_in_at_the_next_start_where_nobody_asks(work, died_before_its_rename):
    leftovers.finish(work)
    assert work.blobs.read(cast.MAIN, name_of(died_before_its_rename)) == died_before_its_rename
    with work.read() as db:
        assert rows.find(db, cast.MAIN, name_of(died_before_its_rename)).is_readable


def erased_but_for_its_bytes(work, content):
    """A photo whose erasure was committed by a server that died before it took the bytes away."""
    sha256 = work.blobs.put(cast.MAIN, content)
    with work.write(cast.MAIN) as db:
        rows.drop(db, cast.MAIN, [sha256], work.now())
    return sha256


def test_the_bytes_of_erased_photos_go_at_the_next_start_and_no_others(technician, work):
    kept, gone = upload(technician, jpeg((30, 20))), erased_but_for_its_bytes(work, jpeg((40, 40)))
    begun = jpeg((400, 300))
    work.blobs.append(cast.MAIN, name_of(begun), 0, begun[:1000], len(begun))
    leftovers.finish(work)
    assert [work.blobs.has(cast.MAIN, name) for name in (kept, gone)] == [True, False]
    assert work.blobs.offset(cast.MAIN, name_of(begun)) == 1000


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (BlobStore, "clear_aside"), (BlobStore, "begun"), (strays, "waiting"), (rows, "gone"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("error", [KeyError, OSError, Busy])
def test_a_step_that_fails_at_the_start_stops_neither_the_server_nor_the_other_steps(
    work, died_before_its_rename, monkeypatch, module, name, error
):
    gone = erased_but_for_its_bytes(work, jpeg((40, 40)))
    photo = name_of(died_before_its_rename)

    def broken(*_):
        raise error("broken")

    monkeypatch.setattr(module, name, broken)
    with capture_logs() as told:
        leftovers.finish(work)
    monkeypatch.undo()
    assert work.blobs.has(cast.MAIN, gone) == (name == "gone")
    with work.read() as db:
        assert (rows.find(db, cast.MAIN, photo) is None) == (name == "begun")
    assert bool(told) == (error is not Busy)
    leftovers.finish(work)
    with work.read() as db:
        assert rows.find(db, cast.MAIN, photo).is_readable
    assert not work.blobs.has(cast.MAIN, gone)


def test_as_many_bytes_as_a_photo_has_are_not_the_photo(technician, work):
    content = jpeg((300, 200))
    work.blobs.append(cast.MAIN, name_of(content), 0, b"x" * len(content), len(content) + 1)
    asked = technician.head(path(content), headers=MARK)
    assert (asked.status_code, asked.headers["Upload-Offset"]) == (404, str(len(content)))
    assert patch(technician, content, len(content), b"").status_code == 422
    upload(technician, content)
    assert work.blobs.read(cast.MAIN, name_of(content)) == content
