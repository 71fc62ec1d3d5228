"""Which photos an event names: asked for from phones, handed over, shown, and taken away with the person."""

import pytest

from fieldapp.domain.visits import events as ev
from fieldapp.domain.visits.personal import PICTURED, photographed, pictured

A, B = "a" * 64, "b" * 64
OF_THE_VISIT = [
    ev.PhotoAdded(slot="after", blob=A, bytes=1, w=1, h=1),
    ev.AccessFailed(reason="absent", call_attempts=1, waited_minutes=5, photo=A),
    ev.DamageReported(description="scratched", photo=A),
]
ATTACHED = ev.AppealFiled(text="It was not me.", item="grooming", attachments=[A, B])


def test_every_kind_of_event_with_a_photo_is_among_them():
    named = {name for name, kind in ev.TYPES.items() if {"blob", "photo", "attachments"} & {*kind.__struct_fields__}}
    assert named == PICTURED == {one.event_type for one in (*OF_THE_VISIT, ATTACHED)}


@pytest.mark.parametrize("data", OF_THE_VISIT, ids=lambda data: data.event_type)
def test_a_photo_of_the_visit_is_named_and_none_where_there_is_none(data):
    assert photographed(data) == pictured(data) == (A,)
    if not isinstance(data, ev.PhotoAdded):
        without = type(data)(**{name: getattr(data, name) for name in data.__struct_fields__} | {"photo": None})
        assert photographed(without) == pictured(without) == ()


def test_what_is_attached_to_an_appeal_is_no_photo_of_the_visit():
    assert (photographed(ATTACHED), pictured(ATTACHED)) == ((), (A, B))
    assert pictured(ev.AppealFiled(text="It was not me.", item="grooming")) == ()
