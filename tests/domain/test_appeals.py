"""Appeals: their deadlines, who may answer them, and where they stand by their events."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fieldapp.domain import appeals
from fieldapp.domain.appeals import Subject, read_appeals
from fieldapp.domain.errors import Conflict, Forbidden, Invalid
from tests.builders import as_events, line

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
DAY = datetime(2026, 10, 5, 4, tzinfo=UTC)
FINDING = "0199a1c2-7b1e-7c33-9d2a-5f0e8c1b2a44"


def filed(hours: float = 0, visit: str | None = "WO-1", actor: str = "T001", **about):
    return line("appeal.filed", visit, DAY + timedelta(hours=hours), actor, text="not so", **about)


def decided(outcome: str, hours: float = 5, visit: str | None = "WO-1", actor: str = "Q001", **about):
    return line("appeal.decided", visit, DAY + timedelta(hours=hours), actor, outcome=outcome, **about)


def states(*entries):
    return [(one.state, one.decided_by) for one in read_appeals(as_events(entries))]


def test_an_appeal_is_open_until_it_is_decided():
    assert states(filed(item="punctual")) == [("open", None)]
    assert states(decided("confirmed", item="punctual"), filed(item="punctual")) == [("confirmed", "Q001")]


def test_items_of_one_visit_and_findings_are_appeals_of_their_own():
    entries = [filed(item="punctual"), filed(1, item="cleanup"), filed(2, "WO-2", item="cleanup"),
               filed(3, finding=FINDING), decided("overturned", item="cleanup")]  # fmt: skip
    assert states(*entries) == [("open", None), ("overturned", "Q001"), ("open", None), ("open", None)]


def test_a_finding_is_one_subject_whatever_visit_its_events_name():
    assert states(filed(finding=FINDING), decided("confirmed", visit=None, finding=FINDING)) == [("confirmed", "Q001")]


def test_overturned_is_for_good_else_the_latest_decision_stands():
    said = [decided("overturned", 1, actor="Q1", item="kit"), decided("confirmed", 2, actor="Q2", item="kit")]
    assert states(*said) == [("overturned", "Q1")]
    said = [decided("confirmed", 2, actor="Q2", item="kit"), decided("confirmed", 1, actor="Q1", item="kit")]
    assert states(*said) == [("confirmed", "Q2")]


def test_order_and_duplicates_change_nothing():
    entries = [filed(3, item="kit"), filed(1, item="kit"), decided("overturned", item="kit")]
    events = as_events(entries)
    first = read_appeals(events)
    assert read_appeals([*reversed(events), *events]) == first
    assert first[0].filed_at == DAY + timedelta(hours=1), "the first filing counts"


def test_an_imported_decision_may_lack_its_filing():
    [one] = read_appeals(as_events([decided("overturned", item="kit")]))
    assert (one.filing, one.technician, one.state) == (None, None, "overturned")


def test_an_item_of_no_visit_is_nothing():
    assert read_appeals(as_events([filed(visit=None, item="kit")])) == ()


@pytest.mark.parametrize(
    ("known", "zone", "ends"),
    [
        (datetime(2026, 10, 5, 1, tzinfo=UTC), SHANGHAI, datetime(2026, 11, 7, 16, tzinfo=UTC)),
        (datetime(2026, 10, 31, 15, 59, tzinfo=UTC), SHANGHAI, datetime(2026, 11, 7, 16, tzinfo=UTC)),
        (datetime(2026, 10, 31, 16, tzinfo=UTC), SHANGHAI, datetime(2026, 11, 8, 16, tzinfo=UTC)),
        (datetime(2026, 12, 20, 1, tzinfo=UTC), SHANGHAI, datetime(2026, 12, 27, 16, tzinfo=UTC)),
        # The clocks go back on 1 November there.
        (datetime(2026, 10, 5, 1, tzinfo=UTC), NEW_YORK, datetime(2026, 11, 8, 5, tzinfo=UTC)),
    ],
)
def test_filing_ends_whole_days_after_the_month_or_after_the_breach_was_known(known, zone, ends):
    assert appeals.filing_ends("2026-10", known, 7, zone) == ends


def test_filing_ends_after_every_length_of_month():
    for month, day in (("2026-02", 7), ("2028-02", 7), ("2026-12", 7), ("2026-04", 7)):
        last = appeals.filing_ends(month, DAY.replace(year=2020), 7, SHANGHAI).astimezone(SHANGHAI)
        assert (last - timedelta(seconds=1)).day == day


def test_an_answer_is_due_whole_days_after_the_day_of_filing():
    assert appeals.answer_ends(datetime(2026, 10, 5, 15, 59, tzinfo=UTC), 7, SHANGHAI) == datetime(
        2026, 10, 12, 16, tzinfo=UTC
    )


def test_one_appeals_once_and_in_time():
    [known] = read_appeals(as_events([filed(item="kit")]))
    appeals.may_file(None, DAY, DAY - timedelta(microseconds=1), by="T1")
    early, mine = DAY - timedelta(days=3), str(known.technician)
    for one, now, by, code in (
        (None, DAY, mine, "appeal_late"), (known, early, mine, "appeal_filed"), (known, early, "T9", "appeal_of_other"),
    ):  # fmt: skip
        with pytest.raises(Conflict) as refusal:
            appeals.may_file(one, DAY, now, by=by)
        assert refusal.value.code == code


def test_whose_the_visit_turned_out_to_be_appeals_for_themselves_once_the_other_was_answered():
    first, answer = filed(item="kit"), decided("confirmed", 1, item="kit")
    # The server's clock was set back between the two.
    second = filed(-2, actor="T002", item="kit", after=first["id"])
    told = as_events([second, answer, first, filed(3, item="kit"), filed(4, actor="T003", item="kit")])
    other, one = read_appeals(told)
    assert (one.filing, one.state, other.filing, other.state) == (first["id"], "confirmed", second["id"], "open")
    assert (one.id, other.id) == (one.subject.appeal_id, one.subject.again_by("T002"))
    later = read_appeals([*told, *as_events([decided("overturned", 4, item="kit", filing=second["id"])])])
    assert [each.state for each in later] == ["overturned", "confirmed"]
    assert appeals.heard_of(later, "T001") == one
    assert appeals.said_before(one, "T002") is None
    assert [appeals.said_before(other, each) for each in ("T001", "T002")] == ["appeal_of_other", "appeal_filed"]


@pytest.mark.parametrize("after", [None, FINDING], ids=["names nothing", "names what nobody filed"])
def test_a_filing_of_another_that_follows_none_is_no_second_appeal(after):
    """So imported histories read: the first filing counts, and what was decided about the same."""
    told = [filed(item="kit"), decided("confirmed", 1, item="kit"), filed(2, actor="T002", item="kit", after=after),
            decided("overturned", 3, item="kit")]  # fmt: skip
    [one] = read_appeals(as_events(told))
    assert (one.filing, one.state) == (told[0]["id"], "overturned")


def test_what_follows_a_filing_that_does_not_count_itself_still_counts():
    """However many filed before: whose the visit turned out to be lost nothing by them."""
    earlier, first = filed(-5, actor="T003", item="kit"), filed(item="kit")
    second = filed(2, actor="T002", item="kit", after=first["id"])
    told = [first, decided("confirmed", 1, item="kit", filing=first["id"]), second]
    found = read_appeals(as_events([*told, earlier]))
    assert [(one.filing, one.state) for one in found] == [(earlier["id"], "confirmed"), (second["id"], "open")]


def test_what_the_score_takes_as_overturned_is_an_overturned_appeal_whatever_filing_it_names():
    """A history may know the end only, or tell the filing later."""
    about_other = decided("overturned", 3, item="kit", filing=FINDING)
    for told in ([about_other], [filed(item="kit"), about_other]):
        [one] = read_appeals(as_events(told))
        assert one.state == "overturned"


def test_what_follows_a_filing_that_is_not_there_yet_stands_for_itself():
    second = filed(2, actor="T002", item="kit", after=FINDING)
    [one] = read_appeals(as_events([second, decided("confirmed", 3, item="kit", filing=second["id"])]))
    assert (one.filing, one.state, one.again) == (second["id"], "confirmed", False)


@pytest.mark.parametrize(
    ("login", "eligible", "head_office", "code"),
    [("T001", 9, False, "appeal_own"), ("Q001", 9, False, "appeal_handled"), ("M001", 2, False, "appeal_head_office"),
     ("Q001", 2, True, "appeal_handled")],
)  # fmt: skip
def test_neither_whose_score_it_is_nor_who_had_a_hand_in_it_nor_one_of_few_decides(login, eligible, head_office, code):
    with pytest.raises(Forbidden) as refusal:
        appeals.be_judge(login, technicians={"T001"}, handled={"Q001"}, eligible=eligible, head_office=head_office)
    assert refusal.value.code == code


@pytest.mark.parametrize(("eligible", "head_office"), [(3, False), (0, True)])
def test_somebody_else_or_head_office_decides(eligible, head_office):
    appeals.be_judge("M001", technicians={"T001"}, handled={"Q001"}, eligible=eligible, head_office=head_office)


def test_a_decision_is_made_once_with_a_reason():
    [waits] = read_appeals(as_events([filed(item="kit")]))
    [over] = read_appeals(as_events([filed(item="kit"), decided("confirmed", item="kit")]))
    assert appeals.settle(waits, "overturned", " the door log ") == "the door log"
    for one, outcome, reason, kind, code in (
        (over, "overturned", "x", Conflict, "appeal_decided"),
        (waits, "upheld", "x", Invalid, "appeal_outcome"),
        (waits, "confirmed", "  ", Invalid, "reason_missing"),
    ):
        with pytest.raises(kind) as refusal:
            appeals.settle(one, outcome, reason)
        assert refusal.value.code == code


def test_one_subject_has_one_id_and_another_has_another():
    subjects = [Subject(finding=FINDING), Subject(visit="v", item="kit"), Subject(visit="v", item="badge"),
                Subject(visit="w", item="kit")]  # fmt: skip
    assert len({one.appeal_id for one in subjects}) == 4
    assert Subject(visit="v", item="kit").appeal_id == subjects[1].appeal_id
