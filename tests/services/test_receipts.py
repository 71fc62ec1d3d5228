"""Receipts: what they show and never show, and the PDF whose Chinese can be read back."""

from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfReader

from fieldapp.domain.visits.signoff import is_weak, statement_hash, svg_paths
from fieldapp.services import calendars, links, pictures, planning, receipt_pdf, receipts
from fieldapp.services.receipt_pdf import Headings, Sheet
from tests import builders, cast
from tests.links import INK, STATEMENT, done, own_token, planned_visit, signed_visit, store, unsigned_visit


def view_of(work, visit):
    return receipts.view(work, links.open_link(work, own_token(work, visit)))


def test_a_receipt_holds_the_statement_word_for_word(work):
    receipt = view_of(work, signed_visit(work)).receipt
    assert receipt.statement == STATEMENT
    assert receipt.statement_hash == statement_hash(STATEMENT)
    assert receipt.statement_holds


def test_a_statement_that_was_changed_afterwards_is_seen(work):
    entries_hash = statement_hash("another text")
    visit = done(work, "WO-9", doc=STATEMENT, signature={
        "doc_hash": entries_hash, "typed": "王芳", "signer": {"name": "王芳"}, "shown_ms": 9000,
    })  # fmt: skip
    assert not view_of(work, visit).receipt.statement_holds


def test_nobody_is_told_to_expect_who_is_absent_then(work):
    visit = planned_visit(work, "WO-1")
    assert view_of(work, visit).technician_name == "Chen Wei"
    planned = planning.get_visit(work, cast.D001.actor, cast.MAIN, visit).visit.planned
    calendars.record_absence(work, cast.D001.actor, cast.MAIN, "T001", planned, "sick")
    assert (view_of(work, visit).technician, view_of(work, visit).technician_name) == (None, None)


def test_answers_are_nowhere_in_the_view(work):
    view = view_of(work, signed_visit(work))
    assert "a secret word between us" not in repr(view)
    assert "courteous" not in repr(view)


def test_a_refusal_counts_only_while_nobody_signed(work, clock):
    visit = unsigned_visit(work)
    refused = builders.line("signature.refused", "WO-1", work.now() - timedelta(hours=1), reason="in a hurry")
    store(work, [refused])
    view = view_of(work, visit)
    assert view.receipt.signature.kind == "refused"
    assert not view.receipt.is_signed
    assert "sign" in view.offers


def test_what_is_offered_follows_the_visit(work, clock):
    assert view_of(work, planned_visit(work, "WO-1")).offers == {
        "confirm_visit",
        "move",
        "cancel",
        "access",
        "complain",
    }
    assert view_of(work, signed_visit(work, "WO-2")).offers == {"confirm", "commend", "complain", "repudiate"}
    unsigned = unsigned_visit(work, "WO-3")
    assert view_of(work, unsigned).offers == {"sign", "commend", "complain"}
    clock.advance(days=8)
    assert view_of(work, unsigned).offers == {"commend", "complain"}


def test_ink_stays_inside_its_box_and_a_dot_is_a_dot():
    assert svg_paths([[[5, 5]]]) == ("M5.0 5.0h.1",)
    assert svg_paths([[[-50, 1e9], [float("nan"), 10]]], (600, 300)) == ("M0.0 300.0L0.0 10.0",)
    assert svg_paths([]) == ()


def test_a_pen_that_rests_makes_no_endless_path():
    (path,) = svg_paths([[[100, 100]] * 20_000 + [[200, 150]]])
    assert path == "M100.0 100.0L200.0 150.0"


@pytest.mark.parametrize(
    ("strokes", "weak"), [([], True), ([[[1, 1]]], True), ([[[1, 1], [2, 2], [3, 1], [4, 2]]], True), (INK, False)]
)
def test_a_dot_or_a_tick_is_weak_ink(strokes, weak):
    assert is_weak(strokes) is weak


def sheet(work, **other):
    return Sheet(**{
        "language": "zh-Hant", "made_at": work.now(), "title": "上門服務回單", "company": "北區", "footer": "請保存",
        "headings": Headings(
            visit="服務", charges="費用", statement="內容", hash="SHA-256", signature="簽名", photos="照片"
        ),
        "facts": [("客戶", "王芳䶮")], "statement": STATEMENT.rstrip("\n"), "hash": statement_hash(STATEMENT),
        "signed": ["王芳"], "signature": receipt_pdf.signature_svg(svg_paths(INK), (600, 300)), **other,
    })  # fmt: skip


def test_the_pdf_holds_the_chinese_statement_as_text(work):
    reader = PdfReader(BytesIO(receipt_pdf.render(sheet(work))))
    text = "\n".join(page.extract_text() for page in reader.pages)
    for line in filter(None, STATEMENT.splitlines()):
        assert line in text
    assert "䶮" in text


def test_the_pdf_uses_only_the_font_that_we_carry(work):
    reader = PdfReader(BytesIO(receipt_pdf.render(sheet(work))))
    fonts = {
        str(font.get_object()["/BaseFont"]) for page in reader.pages for font in page["/Resources"]["/Font"].values()
    }
    assert fonts
    assert all("FieldappSans" in font for font in fonts)


def test_the_signature_is_drawn_as_lines_and_not_as_a_picture(work):
    reader = PdfReader(BytesIO(receipt_pdf.render(sheet(work))))
    assert [picture for page in reader.pages for picture in page.images] == []
    bare = PdfReader(BytesIO(receipt_pdf.render(sheet(work, signature=None))))
    curves = [content.count(b" c\n") + content.count(b" c ") for content in map(drawing, (reader, bare))]
    assert curves[0] > curves[1]


def drawing(reader):
    """All drawing operators of the document, those of embedded vector pictures included."""
    parts = []
    for page in reader.pages:
        parts.append(page.get_contents().get_data())
        for item in page["/Resources"].get("/XObject", {}).values():
            parts.append(item.get_object().get_data())
    return b"\n".join(parts)


def test_the_same_sheet_gives_the_same_bytes(work):
    assert receipt_pdf.render(sheet(work)) == receipt_pdf.render(sheet(work))


def test_odd_text_and_long_statements_still_make_a_receipt(work):
    odd = "🙂 \u2028 ไทย \ud7ff #set text(red) $x$ @ref <label> \\ \n" * 60
    reader = PdfReader(BytesIO(receipt_pdf.render(sheet(work, statement=odd, facts=[("#a", "$b$ *c* _d_")]))))
    assert len(reader.pages) > 1
    assert "#set text(red) $x$ @ref <label>" in reader.pages[0].extract_text()


def test_photos_are_on_the_paper(work):
    picture = pictures.shown(jpeg())
    reader = PdfReader(BytesIO(receipt_pdf.render(sheet(work, photos=[(picture, "施工後 09:10")]))))
    assert len([one for page in reader.pages for one in page.images]) == 1


def jpeg(size=(1200, 900), **options):
    target = BytesIO()
    Image.new("RGB", size, "#5a8").save(target, "JPEG", **options)
    return target.getvalue()


def test_times_are_those_of_the_branch(work):
    assert str(view_of(work, signed_visit(work)).zone) == cast.ZONE
