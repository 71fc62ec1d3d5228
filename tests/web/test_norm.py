"""The norm for everybody to read, and its next version: drafted, proposed, confirmed, sent back, clicked through."""

import html
import re
from datetime import timedelta

import pytest

from fieldapp.domain.scoring.drafting import LIMITS
from fieldapp.services import rulebook_drafts, simulations
from fieldapp.services.rulebooks import shipped_rulebooks
from fieldapp.services.work import Work
from fieldapp.web.scores import rulebook_words
from tests import builders, closing
from tests.cast import M001
from tests.services.test_rulebook_drafts import WHY, draft, hire, propose, publish_next
from tests.services.test_scoring import store
from tests.services.test_simulations import DAY, late_visit


@pytest.fixture(autouse=True)
def _hired(work):
    hire(work)


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))))


def fields(work: Work, **changes: str) -> dict[str, str]:
    """The form as a browser sends it: a box that is not ticked is not sent."""
    typed = {**rulebook_drafts.blank(work, M001.actor).typed, "why": WHY, "rev": "0"}
    typed |= {name.replace("__", "."): value for name, value in changes.items()}
    return {name: value for name, value in typed.items() if not (name.endswith(".use") and not value)}


def value_of(page: str, name: str) -> str:
    return re.search(rf'<input id="{re.escape(name)}"[^>]* value="([^"]*)"', page)[1]


@pytest.mark.parametrize("login", ["T001", "D001", "Q001", "M001", "A001"])
def test_everybody_reads_the_norm_and_its_versions(sign_in, work, login):
    publish_next(work)
    client = sign_in(login)
    page = text_of(client.get("/scores/norm"))
    assert "The norm in force" in page
    assert "installer/1 · until 2026-10" in page
    assert "From 2026-11, installer/2 is in force." in page
    second = text_of(client.get("/scores/norm/2"))
    assert WHY in second
    assert "Proposed by Ma Ling, confirmed by Mo Fan" in second
    assert "Grace after the window 0 10" in second
    assert client.get("/scores/norm/7").status_code == client.get("/scores/norm/two").status_code == 404


def test_the_norm_says_when_a_version_was_never_in_force(sign_in, work, clock):
    publish_next(work)
    publish_next(work, grace_minutes="5")
    assert "never in force" in text_of(sign_in("T001").get("/scores/norm/2"))
    clock.advance(days=30)
    assert "installer/3 · from 2026-11" in text_of(sign_in("T001").get("/scores/norm"))


def test_only_managers_are_offered_drafts(sign_in, work):
    assert "Drafts of the next version" in text_of(sign_in("M001").get("/scores/norm"))
    for login in ("T001", "D001", "Q001", "A001"):
        assert "Drafts" not in text_of(sign_in(login).get("/scores/norm"))
        assert sign_in(login).get("/scores/norm/drafts/").status_code == 403


def test_from_a_draft_to_a_version_in_force(sign_in, work):
    author, second = sign_in("M001"), sign_in("M002")
    answer = author.post(
        "/scores/norm/drafts/new", data=fields(work, punctual__target="0.975", kit__use="", badge__points="7")
    )
    assert answer.status_code == 303
    address = answer.headers["Location"]
    page = author.get(address)
    assert "Punctuality · Target 95% 97.5%" in text_of(page)
    assert "Tools complete 4 points not judged" in text_of(page)
    assert author.post(f"{address}/propose", data={"rev": "1"}).status_code == 303
    assert "waiting: 1" in text_of(second.get("/scores/norm"))
    seen = re.search(r'name="seen" value="(\w+)"', second.get(address).text)[1]
    answer = second.post(f"{address}/decide", data={"seen": seen, "outcome": "published"}, follow_redirects=True)
    assert "Published: installer/2 is in force from 2026-11." in text_of(answer)
    assert "at least 97.5% of the visits" in text_of(answer)
    assert "Published as installer/2" in text_of(author.get(address))
    assert "waiting: " not in text_of(second.get("/scores/norm"))


def test_a_sheet_that_sums_to_99_is_refused_and_nothing_typed_is_lost(sign_in, work):
    data = fields(work, punctual__points="14", badge__target="98", why="Because <b>", award_base="", kit__use="")
    data["kit.points"] = "5"
    answer = sign_in("M001").post("/scores/norm/drafts/new", data=data)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "The points sum to 95: 5 points are missing." in text_of(answer)
    assert "Badge · Target : Write a share above 0 and up to 1, such as 0.95 for 95 %." in text_of(answer)
    assert [value_of(page, name) for name in ("punctual.points", "badge.target", "award_base", "kit.points")] == [
        "14", "98", "", "5",
    ]  # fmt: skip
    assert "Because &lt;b&gt;" in page
    assert 'id="kit" name="kit.use" value="yes">' in page
    one = sign_in("M001").post("/scores/norm/drafts/new", data=fields(work, punctual__points="14"))
    assert "The points sum to 99: one point is missing." in text_of(one)
    assert "Nobody is drafting anything." in text_of(sign_in("M001").get("/scores/norm/drafts/"))


def test_a_form_without_any_field_is_refused_in_words(sign_in):
    answer = sign_in("M001").post("/scores/norm/drafts/new", data={})
    assert answer.status_code == 422
    assert "The points sum to 0: 100 points are missing." in text_of(answer)


def test_a_draft_that_changed_in_another_window_is_not_overwritten_unseen(sign_in, work):
    one, client = draft(work), sign_in("M001")
    address = f"/scores/norm/drafts/{one.draft_id}/edit"
    assert client.post(address, data=fields(work, rev="1", award_floor="70")).status_code == 303
    answer = client.post(address, data=fields(work, rev="1", award_floor="60"))
    assert answer.status_code == 409
    assert "changed in another window" in text_of(answer)
    assert value_of(answer.text, "award_floor") == "60"
    assert client.post(address, data=fields(work, rev="2", award_floor="60")).status_code == 303


def test_a_colleagues_draft_can_be_read_and_not_touched(sign_in, work):
    one, other = draft(work), sign_in("M002")
    address = f"/scores/norm/drafts/{one.draft_id}"
    page = other.get(address).text
    assert "is still drafting" in page
    assert "/propose" not in page
    assert other.get(f"{address}/edit").status_code == 403
    assert other.post(f"{address}/edit", data=fields(work, rev="1")).status_code == 403
    assert other.post(f"{address}/propose", data={"rev": "1"}).status_code == 403
    assert other.post(f"{address}/vanish", data={"rev": "1"}).status_code == 404


def test_49_the_second_person_can_be_neither_skipped_nor_fooled(sign_in, work):
    author, second = sign_in("M001"), sign_in("M002")
    one = draft(work)
    address, yes = f"/scores/norm/drafts/{one.draft_id}", {"outcome": "published"}
    early = second.post(f"{address}/decide", data={**yes, "seen": "0" * 64})
    assert early.status_code == 409
    seen = propose(work, one).fingerprint
    assert author.post(f"{address}/decide", data={**yes, "seen": seen}).status_code == 403
    for other in ("", "0" * 64):
        assert second.post(f"{address}/decide", data={**yes, "seen": other}).status_code == 409
    answer = author.post(f"{address}/edit", data=fields(work, rev="2", award_base="1"))
    assert answer.status_code == 409
    assert second.post(f"{address}/decide", data={**yes, "seen": seen}).status_code == 303
    assert second.post(f"{address}/decide", data={**yes, "seen": seen}).status_code == 409


def test_sending_back_wants_a_reason_and_keeps_what_was_typed(sign_in, work):
    one = propose(work, draft(work))
    address, second = f"/scores/norm/drafts/{one.draft_id}", sign_in("M002")
    refused = second.post(f"{address}/decide", data={"outcome": "sent_back", "seen": one.fingerprint, "reason": ""})
    assert refused.status_code == 422
    assert "Please give a reason." in refused.text
    long = "too long " * 200
    assert long in second.post(f"{address}/decide", data={"seen": one.fingerprint, "reason": long}).text
    data = {"outcome": "sent_back", "seen": one.fingerprint, "reason": "Too generous."}
    assert second.post(f"{address}/decide", data=data).status_code == 303
    page = text_of(sign_in("M001").get(address))
    assert "Sent back by Mo Fan Too generous." in page


def test_a_proposal_whose_month_has_come_says_what_to_do(sign_in, work, clock):
    one = propose(work, draft(work))
    clock.advance(days=20)
    page = sign_in("M002").get(f"/scores/norm/drafts/{one.draft_id}").text
    assert "never in force backwards: 2026-12 at the soonest" in page
    assert "Confirm and publish" not in page
    data = {"outcome": "published", "seen": one.fingerprint}
    assert sign_in("M002").post(f"/scores/norm/drafts/{one.draft_id}/decide", data=data).status_code == 422


def test_with_too_few_people_the_page_says_who_decides(sign_in, work):
    from tests.services.test_approvals import become

    become(work, "Q900", "dispatcher")
    one = propose(work, draft(work))
    assert "it waits for head office" in sign_in("M001").get(f"/scores/norm/drafts/{one.draft_id}").text
    page = sign_in("M002").get(f"/scores/norm/drafts/{one.draft_id}").text
    assert "head office does" in page
    assert "Confirm and publish" not in page


def test_a_draft_is_run_over_the_last_months_and_names_whom_it_changes(sign_in, work):
    store(work, builders.as_events(late_visit("WO-1", DAY, 8)))
    one, client = draft(work, award_floor="99", award_base="500"), sign_in("M001")
    address = f"/scores/norm/drafts/{one.draft_id}/simulation"
    assert address in client.get(f"/scores/norm/drafts/{one.draft_id}").text
    assert "0 of 7 months are worked out." in text_of(client.get(address))
    page = text_of(client.post(address, follow_redirects=True))
    assert "months are worked out" not in page
    assert "2026-10 so far 1 1" in page
    assert "Chen Wei T001" in page
    assert "same side" in page
    assert "Wins" in page
    assert "Punctuality" in page
    assert "Worked out" in page
    assert f'href="{address}/behind?won=punctual"' in client.get(address).text
    behind = text_of(client.get(f"{address}/behind?won=punctual&month=2026-10&technician=T001"))
    assert "1 month of a technician would be another." in behind
    assert "2026-10 Chen Wei T001" in behind
    assert "Nothing is behind it." in text_of(client.get(f"{address}/behind?crosses=down"))
    assert client.get(f"{address}/behind?lost=weather").status_code == 404
    assert client.post(address, data={"anew": "yes"}).status_code == 303


def test_the_simulation_of_a_closed_month_says_what_it_was_closed_with_beside_what_is_known_today(sign_in, work):
    for number in range(20):
        closing.store(work, builders.perfect_visit(f"WO-{number}", closing.NINE + timedelta(days=number)))
    closing.close(work)
    found = closing.finding("WO-1", item="composure")
    closing.store(work, [found, closing.upheld(found)])
    one, client = draft(work), sign_in("M001")
    address = f"/scores/norm/drafts/{one.draft_id}/simulation"
    page = text_of(client.post(address, follow_redirects=True))
    awards = re.search(r"2026-09 1 0 ([\d,.]+) closed with ([\d,.]+) ([\d,.]+) ", page)
    assert awards
    team = text_of(client.get("/scores/2026-09/"))
    assert awards[2] in team
    assert awards[1] not in team
    assert awards[3] == awards[1]
    assert page.count("closed with") == 2  # the other is the sentence that explains it


def test_a_simulation_under_way_says_how_far_it_is_and_goes_on_by_itself(sign_in, work):
    one, client = draft(work), sign_in("M001")
    simulations.go_on(work, M001.actor, one.draft_id, for_at_most=timedelta(0))
    page = client.get(f"/scores/norm/drafts/{one.draft_id}/simulation").text
    assert "1 of 7 months are worked out." in page
    assert "data-goes-on" in page
    assert page.count("not worked out yet") == 6


def test_every_number_and_kind_has_words(app):
    book = shipped_rulebooks().versions[0]
    names = {name for _, group in rulebook_words.GROUPS for name in group}
    assert names == set(rulebook_words.PARAMETERS) == {*LIMITS, "award_base"}
    assert names == set(book.parameters.__struct_fields__)
    with app.test_request_context():
        assert all(
            rulebook_words.label(f"{item.code}.{column}") for item in book.items for column in rulebook_words.COLUMNS
        )


def test_scores_of_the_team_open_the_norm_of_their_month(sign_in, work):
    publish_next(work)
    assert 'href="/scores/norm/2"' in sign_in("M001").get("/scores/2026-11/").text
