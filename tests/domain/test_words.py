"""What people write, as it is kept."""

import pytest

from fieldapp.domain.errors import Invalid
from fieldapp.domain.words import checked, cleaned, needed


def test_a_text_keeps_its_lines_and_loses_what_surrounds_it_and_what_no_database_takes():
    assert cleaned(" \r\nFirst\r\n\r\n Second\x00\n") == "First\n\n Second"


@pytest.mark.parametrize("read", [checked, needed])
def test_a_text_is_counted_as_it_is_kept(read):
    assert read("\x00 ab\r\nd ", "note", 4) == "ab\nd"
    with pytest.raises(Invalid) as refused:
        read("abcde", "note", 4)
    assert (refused.value.code, refused.value.field, refused.value.facts["limit"]) == ("text_too_long", "note", 4)


@pytest.mark.parametrize("text", ["", " \r\n", "\x00"])
def test_nothing_is_refused_only_where_something_has_to_be_said(text):
    assert checked(text, "note", 4) == ""
    with pytest.raises(Invalid) as refused:
        needed(text, "note", 4)
    assert (refused.value.code, refused.value.field) == ("text_missing", "note")
