"""`/quality/findings/checks`: the draw is sealed, shown, and worked off from a phone."""

import re

import pytest

from fieldapp.domain.calendar import Month
from fieldapp.services import finding_views, spot_checks
from tests import builders, links
from tests.cast import MAIN, NOW, Q001
from tests.services.test_findings import sheet
from tests.web.dispatch.test_pages import page

BOARD, LOOK = "/quality/findings/checks", "/quality/findings/check"


@pytest.fixture
def quality(sign_in):
    return sign_in("Q001")


def key(answer):
    return re.search(r'name="finding_id"[^>]*value="([^"]+)"', page(answer))[1]


def test_the_next_months_draw_is_sealed_with_one_button_and_then_stands(quality, work):
    html = page(quality.get(BOARD))
    assert "Seal the draw for 2026-10" in html
    assert "only days after today" in html
    assert quality.post(BOARD, data={"month": "2026-10", "quota": "3"}).status_code == 303
    html = page(quality.get(BOARD))
    draw = spot_checks.board(work, Q001.actor, Month("2026-10")).draw
    late = "This draw was sealed on Wed, Oct 14, after the month had begun"
    for text in (
        draw.commitment,
        draw.seed,
        "3 checks of each technician",
        "Chen Wei",
        "Seal the draw for 2026-11",
        late,
    ):
        assert text in html
    assert "before the month." not in html
    answer = quality.post(BOARD, data={"month": "2026-10", "quota": "1"})
    assert answer.status_code == 422
    assert "sealed already" in page(answer)


@pytest.mark.parametrize(
    "data",
    [{"month": "2026-11", "quota": "0"}, {"month": "2026-11", "quota": "x"}, {"month": "2027-01"}, {"month": "x"}],
)
def test_an_odd_wish_seals_nothing(quality, work, data):
    assert quality.post(BOARD, data=data).status_code == 422
    assert spot_checks.board(work, Q001.actor, Month("2026-11")).draw is None


def test_managers_read_the_board_and_seal_and_record_nothing(sign_in, work):
    spot_checks.commit(work, Q001.actor, MAIN, Month("2026-10"))
    manager = sign_in("M001")
    html = page(manager.get(BOARD))
    assert "Chen Wei" in html
    assert "Seal the draw" not in html
    assert manager.post(BOARD, data={"month": "2026-11"}).status_code == 403
    assert manager.get(LOOK).status_code == 403
    assert sign_in("T001").get(BOARD).status_code == 403


def test_a_look_records_what_was_ticked_and_nothing_else(quality, work):
    links.store(work, builders.perfect_visit("WO-1", NOW - builders.timedelta(hours=1)))
    form = quality.get(f"{LOOK}?visit=WO-1&technician=T001")
    assert 'value="WO-1"' in page(form)
    data = {"finding_id": key(form), "visit": "WO-1", "technician": "", "item-uniform": "yes", "item-shoe_covers": "no",
            "item-badge": "", "item-punctual": "perhaps", "note": "in boots"}  # fmt: skip
    answer = quality.post(LOOK, data=data)
    assert answer.status_code == 303
    assert "2 findings recorded." in (html := page(quality.get(answer.location)))
    assert "Shoe covers" in html
    assert "Add photos" in html
    views = finding_views.list_month(work, Q001.actor, Month("2026-10")).views
    assert {(one.finding.item, one.finding.favourable) for one in views} == {("uniform", True), ("shoe_covers", False)}
    assert [item.breached for item in sheet(work).items if item.code == "shoe_covers"] == [1]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Nothing was ticked."),
        ({"item-kit": "no", "technician": "T001"}, "Describe what was seen or said"),
        ({"item-kit": "yes", "technician": "T900"}, "There is no technician T900"),
        ({"item-kit": "yes", "visit": "WO-77"}, "There is no visit with the order number"),
    ],
)
def test_a_refused_look_loses_no_tick(quality, work, data, sentence):
    answer = quality.post(LOOK, data={"finding_id": work.new_id(), "visit": "", "technician": "", "note": "", **data})
    html = page(answer)
    assert answer.status_code == 422
    assert sentence in html
    if "item-kit" in data:
        assert re.search(f'name="item-kit" value="{data["item-kit"]}" checked', html)


def test_a_technician_reads_the_seal_and_later_the_seed(sign_in, work, clock):
    spot_checks.commit(work, Q001.actor, MAIN, Month("2026-10"))
    draw = spot_checks.board(work, Q001.actor, Month("2026-10")).draw
    address = "/scores/2026-10/T001/findings"
    html = page(sign_in("T001").get(address))
    assert draw.commitment in html
    assert draw.seed not in html
    assert "sealed after the month had begun" in html
    clock.advance(days=20)
    html = page(sign_in("T001").get(address))
    assert draw.seed in html
    assert "Drawn days" in html


def test_months_lead_to_each_other(quality):
    assert "There is no draw for this month." in page(quality.get(f"{BOARD}?month=2026-08"))
    assert "2026-11" in page(quality.get(BOARD))
    assert quality.get(f"{BOARD}?month=soon").status_code == 422
