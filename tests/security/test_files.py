"""The acceptance list of security.md, what people upload and take away: items 20, 29, 31 to 34."""

import csv
import io
import re
import socket
import struct
import subprocess
import sys
import time
import zipfile
import zlib

import pytest
from click.testing import CliRunner
from PIL import Image

from fieldapp.cli import main
from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import visit_id
from fieldapp.services import accounts, findings
from fieldapp.services.findings import Draft
from tests import builders, cast, closing, processes
from tests.sync.phone import Phone, plan
from tests.sync.test_blobs import UNREADABLE, bomb, jpeg, name_of, upload

MULTIPART = "multipart/form-data"


@pytest.fixture
def finding(work, clock):
    plan(work, builders.scheduled("WO-F", clock()))
    draft = Draft(source="complaint", discipline="gifts", note="words")
    found = findings.record(work, cast.Q001.actor, draft, order="WO-F", finding_id=work.new_id())
    return f"/quality/findings/{cast.MAIN}/{found}"


def attach(client, finding, content, name="photo.jpg"):
    data = {"photos": (io.BytesIO(content), name)}
    return client.post(f"{finding}/photos", data=data, content_type=MULTIPART)


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_20_svg_html_and_polyglots_are_refused_and_kept_nowhere(work, sign_in, finding, content):
    for name in ("photo.jpg", "photo.svg", "photo.html"):
        assert attach(sign_in("Q001"), finding, content, name).status_code == 422
    assert list(work.blobs.all(cast.MAIN)) == []


def test_20_what_a_phone_sent_is_kept_as_a_fact_and_shown_to_nobody(clock, work, sign_in):
    visit = plan(work, builders.scheduled("WO-1", clock()))[0]
    phone, office = Phone(clock, sign_in("T001")), sign_in("Q001")
    for content in UNREADABLE.values():
        name = upload(phone.client, content)
        phone.push(phone.append("photo.added", visit, data={"slot": "other", "blob": name, "bytes": 1, "w": 1, "h": 1}))
        for client in (phone.client, office):
            assert client.get(f"/api/sync/v1/photos/{name}?visit={visit}").status_code == 404


def send(port: int, head: str, *pieces: bytes) -> tuple[int, float]:
    """Status, and the seconds until it came; the body is sent for as long as the server takes it."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        started = time.perf_counter()
        line.sendall(head.encode() + b"\r\nHost: 127.0.0.1\r\n\r\n")
        try:
            for piece in pieces:
                line.sendall(piece)
        except OSError:  # hung up on us: the answer is there
            pass
        answer = line.recv(4096)
        return int(answer.split(b" ")[1]), time.perf_counter() - started


def test_29_oversized_bodies_are_413_at_once_in_chunks_too(tmp_path):
    processes.run(tmp_path, "db", "upgrade")
    with processes.serving(tmp_path) as port:
        for path in ("/login", "/api/sync/v1/push", "/c/" + "x" * 43, "/rescue/"):
            head = f"POST {path} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded"
            status, _ = send(port, f"{head}\r\nContent-Length: {100 * 2**20}")
            assert status == 413, "said beforehand: nothing of it is read"
            megabyte = f"{2**20:x}\r\n".encode() + b"x" * 2**20 + b"\r\n"
            status, _ = send(port, f"{head}\r\nTransfer-Encoding: chunked", *[megabyte] * 80)
            assert status == 413


#: In a process of its own: seconds and megabytes that looking at a bomb costs.
LOOK = """
import resource, sys, time
from fieldapp.services import pictures
pictures.shown(open(sys.argv[1], "rb").read())
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
found = pictures.shown(open(sys.argv[2], "rb").read())
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(found is None, time.process_time() - start, (after - before) / 1024)
"""


def text_bomb() -> bytes:
    """A small honest picture with a text in it that unpacks to 300 MB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixel = zlib.compress(b"\0\0\0\0")
    text = b"Comment\0\0" + zlib.compress(b"\0" * 300_000_000, 9)
    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"zTXt", text) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")
    )


BOMBS = {
    "50,000 pixels square": lambda: bomb(50_000), "6,300 pixels square": lambda: bomb(6_300),
    "2,800 pixels square": lambda: bomb(2_800), "a text": text_bomb,
}  # fmt: skip


@pytest.mark.parametrize("make", BOMBS.values(), ids=BOMBS.keys())
def test_31_bombs_cost_under_a_second_and_100_mb(tmp_path, make):
    (tmp_path / "bomb").write_bytes(make())
    (tmp_path / "photo").write_bytes(jpeg((40, 40)))
    command = [sys.executable, "-c", LOOK, str(tmp_path / "photo"), str(tmp_path / "bomb")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    _, seconds, megabytes = done.stdout.split()
    assert float(seconds) < 1
    assert float(megabytes) < 100


def test_32_what_is_served_carries_no_metadata(work, sign_in, finding):
    exif = Image.Exif()
    exif[0x010F] = "SecretMaker"
    exif.get_ifd(0x8825)[1] = "N"
    office = sign_in("Q001")
    assert attach(office, finding, jpeg((120, 80), exif=exif, comment=b"where I live")).status_code == 303
    source = re.search(r'src="([^"]+/photos/[0-9a-f]{64})"', office.get(finding).text)[1]
    served = office.get(source).get_data()
    picture = Image.open(io.BytesIO(served))
    assert (dict(picture.getexif()), picture.info.get("comment")) == ({}, None)
    assert b"SecretMaker" not in served
    assert b"where I live" not in served


HOSTILE_NAMES = [
    "../../../etc/passwd", "..\\..\\x.csv", "/absolute.csv", "\x00.csv", "a" * 5000, "<script>alert(1)</script>.csv",
    "x.csv\r\nSet-Cookie: evil=1", "con.csv", "名單.csv", "'; DROP TABLE visits; --", "{{7*7}}.csv", ".",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_33_hostile_file_names_are_harmless(settings, sign_in, finding, name):
    before = sorted(path for path in settings.instance.rglob("*") if path.is_file())
    files = {"file": (io.BytesIO(b"external_id\nWO-1\n"), name)}
    answer = sign_in("D001").post("/dispatch/import", data=files, content_type=MULTIPART)
    assert answer.status_code in {200, 422}
    assert "<script>alert" not in answer.text
    assert "49.csv" not in answer.text
    assert "evil=1" not in answer.headers.getlist("Set-Cookie")
    assert attach(sign_in("Q001"), finding, jpeg((40, 40)), name).status_code in {303, 422}
    new = {path.name for path in settings.instance.rglob("*") if path.is_file()} - {path.name for path in before}
    assert new <= {name_of(path.read_bytes()) for path in settings.instance.rglob("*") if path.is_file()}


def test_33_words_where_a_file_belongs_are_no_file(work, sign_in, finding):
    closing.september(work)
    places = {
        "Q001": [f"{finding}/photos"],
        "D001": ["/dispatch/import", "/rescue/"],
        "T001": ["/rescue/", f"/scores/visits/{visit_id(cast.MAIN, 'WO-2')}/appeal/signature"],
    }
    for login, paths in places.items():
        client = sign_in(login)
        for path in paths:
            for data in ({"photos": "words", "file": "words"}, {"photos": ["a", "b"], "file": ["a", "b"]}):
                assert client.post(path, data=data).status_code < 500, path
                assert client.post(path, data=data, content_type=MULTIPART).status_code < 500, path


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x", "\t=1", "=HYPERLINK(1)"])
def test_34_no_export_holds_a_formula_cell(work, settings, tmp_path, start):
    closing.september(work)
    technician = cast.T001
    accounts.change_account(work, OPERATOR, "T001", name=f"{start}|x", role="technician", branch="main",
                            team=technician.team)  # fmt: skip
    for kind in ("visits", "verdicts", "scores"):
        for form in ("csv", "xlsx"):
            file = tmp_path / f"{kind}.{form}"
            command = ["export", kind, "2026-09", "--format", form, "--output", str(file)]
            done = CliRunner(env={"FIELDAPP_INSTANCE": str(settings.instance)}).invoke(main, command)
            assert done.exit_code == 0, done.output
            if form == "csv":
                for row in csv.reader(io.StringIO(file.read_text("utf-8-sig"))):
                    assert not [cell for cell in row if cell.lstrip("\t\r\n")[:1] in {"=", "+", "@"}]
                    assert not [cell for cell in row if cell.startswith("-") and not re.fullmatch(r"-[\d.]+", cell)]
            else:
                with zipfile.ZipFile(file) as book:
                    assert not [
                        name for name in book.namelist() if b"<f>" in book.read(name) or b"<f " in book.read(name)
                    ]
