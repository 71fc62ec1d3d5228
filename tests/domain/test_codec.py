"""Reading event data: strict about what is said, patient about how other systems write it."""

import pytest

from fieldapp.domain.errors import Invalid
from fieldapp.domain.visits.codec import dump_data, load_data, plain, read_data

SIGNED = {"doc_hash": "0" * 64, "signer": {"name": "Wang"}, "shown_ms": 8000, "box": [600, 200]}


def strokes_of(strokes: object) -> object:
    return plain(read_data("signature.captured", {**SIGNED, "strokes": strokes}))["strokes"]


def test_what_is_written_reads_back_the_same():
    data = read_data("visit.not_completed", {"agreed": True, "reason": "no line", "return": None})
    assert load_data("visit.not_completed", dump_data(data)) == data
    assert plain(data)["return"] is None


@pytest.mark.parametrize(
    "strokes",
    [
        [[[1, 2, 10, 0.5], [3, 4, 20, 0.25]]],
        [[{"x": 1, "y": 2, "t": 10, "p": 0.5}, {"x": 3, "y": 4, "time": 20, "pressure": 0.25}]],
        [{"points": [{"x": 1, "y": 2, "time": 10, "pressure": 0.5}, [3, 4, 20, 0.25]], "penColor": "black"}],
    ],
)
def test_strokes_mean_the_same_in_every_notation(strokes):
    assert strokes_of(strokes) == [[[1, 2, 10, 0.5], [3, 4, 20, 0.25]]]


@pytest.mark.parametrize("strokes", [[[1, 2]], [["a"]], [[{"x": 1}]], "scribble", [], [[]], [[], []], [[[1]]]])
def test_what_is_no_stroke_is_no_signature(strokes):
    with pytest.raises(Invalid):
        strokes_of(strokes)


@pytest.mark.parametrize(("written", "read"), [(108, "108"), (10.5, "10.5"), ("20.00", "20.00")])
def test_amounts_may_come_as_numbers(written, read):
    assert plain(read_data("charge.added", {"label": "Cable", "amount": written}))["amount"] == read


@pytest.mark.parametrize("amount", [True, None, "12.345", "1e3", 0.1 + 0.2, "free"])
def test_what_is_no_amount_is_refused(amount):
    with pytest.raises(Invalid, match="schema_invalid"):
        read_data("charge.added", {"label": "Cable", "amount": amount})


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("visit.arrived", {"speed": 3}),
        ("visit.arrived", {"gps": {"lat": 91, "lon": 0}}),
        ("visit.arrived", {"gps": {"lat": 9}}),
        ("kit.checked", {"uniform": 1, "badge": True, "shoe_covers": True, "kit": True}),
        ("note.added", {"text": "a\0b"}),
        ("note.added", {"text": "\ud800"}),
        ("note.added", {"type": "note.added", "text": "x"}),
        ("finding.recorded", {"source": "praise", "technician": "T1", "favourable": True, "occurred_on": "2026-10-01"}),
        ("answers.given", {"rating": 6}),
    ],
)
def test_unknown_fields_wrong_kinds_and_nonsense_are_refused(kind, data):
    with pytest.raises(Invalid, match="schema_invalid"):
        read_data(kind, data)


def test_an_unknown_type_is_refused():
    with pytest.raises(Invalid, match="type_unknown"):
        read_data("visit.teleported", {})


@pytest.mark.parametrize("text", ["\\u0000", "a\\\\u0000", "\\ud800"])
def test_the_signs_of_an_escape_that_somebody_typed_are_text(text):
    assert read_data("note.added", {"text": text}).text == text


@pytest.mark.parametrize("text", ["\x00", "\\\x00", "\\\\\x00"])
def test_a_nul_is_no_text_whatever_stands_before_it(text):
    with pytest.raises(Invalid):
        read_data("note.added", {"text": text})
