"""The pages of adjustments: differences, both people's steps clicked through, and what the technician reads."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.ids import visit_id
from fieldapp.services import accounts
from fieldapp.services.work import Work
from tests import builders
from tests.cast import MAIN
from tests.closing import NINE, adjust, close, finding, look, propose_adjustment, september, store, upheld
from tests.services.test_approvals import become
from tests.web.test_closing import text_of

INDEX = "/scores/2026-09/adjustments/"
PAGE = f"{INDEX}main/T001"


@pytest.fixture
def later(work: Work) -> Work:
    """September is closed, and afterwards something was found about T001."""
    september(work)
    close(work)
    store(work, [finding("WO-1", item="decorum"), finding("WO-2", item="uniform")])
    return work


def action(client: Any, step: str) -> tuple[str, str]:
    """Where the form of a step leads, and what it says that was seen."""
    page = client.get(PAGE).get_data(as_text=True)
    found = re.search(rf'action="({PAGE}/[^"]*{step})"[^>]*>.*?name="seen" value="([0-9a-f]{{64}})"', page, re.DOTALL)
    assert found
    return found[1], found[2]


def propose(client: Any, reason: str = "Its sheet lay in the van.", seen: str | None = None) -> Any:
    address, now = action(client, "propose")
    return client.post(address, data={"seen": seen or now, "reason": reason})


def decide(client: Any, outcome: str, answer: str = "I have read the sheet.") -> Any:
    address, seen = action(client, "decide")
    return client.post(address, data={"seen": seen, "answer": answer, "outcome": outcome})


def test_two_people_click_through_an_adjustment(later: Work, sign_in: Any) -> None:
    first, second = sign_in("M001"), sign_in("Q001")
    team = text_of(first.get("/scores/2026-09/"))
    assert "The figures of 1 technician differ by what became known later" in team
    assert "to be proposed" in text_of(first.get(INDEX))
    page = text_of(first.get(PAGE))
    for words in ("Spot check: Decorum counts nothing → counts against the item", "Uniform: met → breached",
                  "Uniform 2 of 2: achieved 1 of 2: not achieved", "Propose the adjustment"):  # fmt: skip
        assert words in page
    assert propose(first).status_code == 303
    page = text_of(first.get(PAGE))
    assert "You entered this yourself. Somebody else has to decide it." in page
    assert "Confirm the adjustment" not in page
    page = text_of(second.get(PAGE))
    assert "Ma Ling (M001) proposed these figures" in page
    assert "Its sheet lay in the van." in page
    assert decide(second, "confirmed").status_code == 303
    page = text_of(second.get(PAGE))
    for words in ("Adjustment 1 confirmed", "Nothing to adjust", "Qian Yu (Q001)", "I have read the sheet."):
        assert words in page


def test_the_technician_reads_it_beside_the_closed_figure(later: Work, sign_in: Any) -> None:
    adjust(later)
    standing = look(later).standing
    page = text_of(sign_in("T001").get("/scores/2026-09/T001/"))
    for words in (f"Award CNY {standing.closed.award}", f"Award that stands CNY {standing.figure.award}",
                  "Proposed by Ma Ling (M001)", "It was found out later.", "Confirmed by Mo Fan (M002)",
                  "I have looked at it.", "month closed"):  # fmt: skip
        assert words in page
    assert "After the close" not in text_of(sign_in("T002").get("/scores/2026-09/T002/"))


def test_what_the_technician_opens_from_there_is_theirs_to_see(later: Work, sign_in: Any) -> None:
    store(later, [builders.line("visit.arrived", "WO-3", NINE.replace(minute=0), "T001", gps={"status": "denied"})])
    adjust(later)
    adjust(later, "T002")
    for login in ("T001", "T002"):
        technician = sign_in(login)
        page = technician.get(f"/scores/2026-09/{login}/").get_data(as_text=True)
        changed = "".join(re.findall(r'<ul class="changed">.*?</ul>\s*</details>', page, re.DOTALL)) or page
        links = re.findall(r'<p class="named"><strong><a href="([^"]+)"', changed)
        for link in links:
            assert technician.get(html.unescape(link)).status_code == 200, link


def test_a_refused_proposal_is_told_with_the_reason(later: Work, sign_in: Any) -> None:
    propose_adjustment(later)
    technician = sign_in("T001")
    page = text_of(technician.get("/scores/2026-09/T001/"))
    assert "A proposal to adjust this month waits for a second person" in page
    assert decide(sign_in("Q001"), "refused", "The appeal is not answered yet.").status_code == 303
    page = text_of(technician.get("/scores/2026-09/T001/"))
    assert "Refused by Qian Yu (Q001)" in page
    assert "The appeal is not answered yet." in page
    assert "Propose the adjustment" in text_of(sign_in("M001").get(PAGE))


def test_a_row_of_the_team_speaks_of_what_stands_and_names_what_was_closed(later: Work, sign_in: Any) -> None:
    store(later, builders.perfect_visit("WO-9", NINE, "T003"))
    adjust(later)
    adjust(later, "T003")
    page = text_of(sign_in("M001").get("/scores/2026-09/"))
    standing = look(later).standing
    assert f"{standing.figure.score} closed: {standing.closed.score}" in page
    row = r"Zhao Min T003 1 closed: 0 100.0 closed: not enough visits 300.00 closed: 0.00"
    assert re.search(row, page)
    assert "Adjustments since the close" in page


def test_the_second_person_finds_it_among_the_approvals_and_the_bar_counts_it(later: Work, sign_in: Any) -> None:
    propose_adjustment(later)
    other = sign_in("Q900")
    page = other.get("/quality/approvals/").get_data(as_text=True)
    assert "Main: adjust 2026-09 of Chen Wei" in page
    assert f'href="{PAGE}"' in page
    assert re.search(r'href="/quality/approvals/"[^>]*>.*?waiting: </span>1</span>', page)
    answer = decide(other, "confirmed")
    assert answer.headers["Location"] == "/quality/approvals/"
    assert "adjust 2026-09" not in text_of(other.get("/quality/approvals/"))


def test_a_month_without_later_facts_says_so_and_so_does_an_open_one(later: Work, sign_in: Any) -> None:
    client = sign_in("M001")
    adjust(later)
    assert "the same" in text_of(client.get(INDEX))
    assert "2026-10 is not closed yet" in text_of(client.get("/scores/2026-10/adjustments/"))
    assert client.get("/scores/october/adjustments/").status_code == 422


# --- What is refused, why, and what is left of what was typed -----------------------------------------------------


def test_nothing_typed_is_lost_where_figures_changed_meanwhile(later: Work, sign_in: Any) -> None:
    client = sign_in("M001")
    _, seen = action(client, "propose")
    store(later, [finding("WO-1", item="composure")])
    answer = propose(client, "Typed with care.", seen)
    page = text_of(answer)
    assert answer.status_code == 409
    assert "The figures have changed since. Nothing was adjusted" in page
    assert "Typed with care." in page
    assert "Spot check: Composure" in page


def test_of_two_who_propose_at_once_the_second_is_told_who_was_first(later: Work, sign_in: Any) -> None:
    first, second = sign_in("M001"), sign_in("M002")
    address, seen = action(second, "propose")
    assert propose(first).status_code == 303
    answer = second.post(address, data={"seen": seen, "reason": "Me too."})
    assert answer.status_code == 409
    assert "M001 has proposed this adjustment already. Somebody else has to confirm it." in text_of(answer)
    assert "Confirm the adjustment" in text_of(answer)


def test_of_two_who_decide_at_once_the_second_is_told_who_was_first(later: Work, sign_in: Any) -> None:
    propose_adjustment(later)
    for login in ("M002", "Q900"):  # of the branch, and of another one
        client = sign_in(login)
        address, seen = action(client, "decide")
        if login == "M002":
            assert decide(sign_in("Q001"), "refused").status_code == 303
        else:
            assert decide(sign_in("M002"), "confirmed").status_code == 303
        answer = client.post(address, data={"seen": seen, "answer": "x", "outcome": "confirmed"})
        assert answer.status_code == 409
        assert "was faster" in text_of(answer)
        if login == "M002":
            propose_adjustment(later)


@pytest.mark.parametrize("login", ["M001", "T001"])
def test_one_s_own_is_refused_with_the_reason(later: Work, sign_in: Any, login: str) -> None:
    address, seen = action(sign_in("M002"), "propose")
    propose_adjustment(later)
    become(later, "T001", "manager")
    client = sign_in(login)
    page = text_of(client.get(PAGE))
    assert "Somebody else has to decide it." in page
    assert "Confirm the adjustment" not in page
    door = address.replace("propose", f"{look(later).proposal.proposal_id}/decide")  # type: ignore[union-attr]
    answer = client.post(door, data={"seen": seen, "answer": "My words.", "outcome": "confirmed"})
    assert answer.status_code == 403
    assert "Somebody else has to decide it." in text_of(answer)
    if login == "T001":
        answer = client.post(address, data={"seen": seen, "reason": "x"})
        assert answer.status_code == 403
        assert "This is your own month." in text_of(answer)


def test_a_reason_is_missing_at_its_field(later: Work, sign_in: Any) -> None:
    client = sign_in("M001")
    answer = propose(client, " ")
    assert answer.status_code == 422
    assert 'id="reason-error"' in answer.get_data(as_text=True)
    propose_adjustment(later)
    answer = decide(sign_in("Q001"), "confirmed", "")
    assert answer.status_code == 422
    assert 'id="answer-error"' in answer.get_data(as_text=True)


def test_a_proposal_that_facts_have_overtaken_does_not_wait_for_ever(later: Work, sign_in: Any) -> None:
    propose_adjustment(later)
    store(later, [finding("WO-1", item="composure")])
    for login in ("Q900", "Q001"):
        client = sign_in(login)
        page = text_of(client.get(PAGE))
        assert "Refuse the proposal that waits" in page
        assert "Confirm the adjustment" not in page
        assert ("Somebody of this branch has to propose them anew." in page) == (login == "Q900")
        assert ("Propose these figures anew" in page) == (login == "Q001")
    door = f"{PAGE}/{look(later).proposal.proposal_id}/decide"  # type: ignore[union-attr]
    other = sign_in("Q900")
    assert 'id="answer-error"' in other.post(door, data={"outcome": "refused", "answer": ""}).get_data(as_text=True)
    assert other.post(door, data={"outcome": "refused", "answer": "Overtaken."}).status_code == 303
    assert "Refuse the proposal that waits" not in text_of(sign_in("M002").get(PAGE))


def test_who_left_the_branch_is_adjusted_and_has_a_slip_too(later: Work, sign_in: Any) -> None:
    accounts.change_account(later, OPERATOR, "T001", name="Chen Wei", role="technician", branch="north", team="n")
    client = sign_in("M001")
    assert "Propose the adjustment" in text_of(client.get(PAGE))
    assert client.get("/scores/2026-09/T001/").status_code == 200
    assert client.get("/scores/2026-09/T001/slip").status_code == 200
    assert client.get("/scores/2026-10/T001/").status_code == 404


def test_its_author_withdraws_a_proposal_on_the_page(later: Work, sign_in: Any) -> None:
    propose_adjustment(later)
    client = sign_in("M001")
    found = re.search(rf'action="({PAGE}/[^"]*withdraw)"', client.get(PAGE).get_data(as_text=True))
    assert found
    assert "withdraw" not in sign_in("M002").get(PAGE).get_data(as_text=True)
    assert client.post(found[1]).status_code == 303
    assert "The proposal was withdrawn." in text_of(client.get(PAGE))


@pytest.mark.parametrize("address", [f"{INDEX}north/T900", f"{INDEX}nowhere/T001", f"{INDEX}main/T404"])
def test_what_is_another_branch_s_answers_like_nothing(later: Work, sign_in: Any, address: str) -> None:
    assert sign_in("M001").get(address).status_code == 404
    answer = sign_in("M001").post(f"{address}/propose", data={"seen": "0" * 64, "reason": "x"})
    assert answer.status_code == 404


@pytest.mark.parametrize("login", ["T001", "D001", "A001"])
def test_who_has_no_say_is_refused_at_the_door(later: Work, sign_in: Any, login: str) -> None:
    client = sign_in(login)
    for address in (INDEX, PAGE):
        assert client.get(address).status_code == 403
    assert client.post(f"{PAGE}/propose", data={"seen": look(later).seen, "reason": "x"}).status_code == 403
    assert look(later).proposal is None


def test_a_technician_learns_of_a_new_adjustment_on_their_own_pages_and_for_two_months(
    later: Work, sign_in: Any, clock: Any
) -> None:
    places = ("/me/", "/scores/2026-10/T001/")
    technician = sign_in("T001")
    for place in places:
        assert "was adjusted" not in text_of(technician.get(place))
    adjust(later)
    for place in places:
        page = technician.get(place).get_data(as_text=True)
        assert "Your month 2026-09 was adjusted" in page
        assert 'href="/scores/2026-09/T001/#adjusted"' in page
    assert 'id="adjusted"' in technician.get("/scores/2026-09/T001/").get_data(as_text=True)
    for other in (sign_in("T002").get("/me/"), sign_in("M001").get(places[1])):
        assert "was adjusted" not in text_of(other)
    clock.advance(days=61)
    assert "was adjusted" not in text_of(sign_in("T001").get("/me/"))


def test_a_technician_reads_what_was_found_since_the_close_while_it_can_be_appealed(later: Work, sign_in: Any) -> None:
    store(later, [finding(item="composure")])
    technician = sign_in("T001")
    for place in ("/me/", "/scores/2026-10/T001/"):
        page = technician.get(place).get_data(as_text=True)
        assert "More is known about your closed month 2026-09" in page
        assert 'href="/scores/2026-09/T001/#since"' in page
    sheet = technician.get("/scores/2026-09/T001/").get_data(as_text=True)
    for words in (
        "Known since the close",
        "Decorum counts nothing → counts against the item",
        "Uniform: met → breached",
    ):
        assert words in text_of(technician.get("/scores/2026-09/T001/"))
    links = [html.unescape(one) for one in re.findall(r'<p class="named"><strong><a href="([^"]+)"', sheet)]
    assert len(links) == 3
    for link in links:
        assert re.search(
            r'href="[^"]*/appeal[^"]*"[^>]*>.*?Appeal', technician.get(link).get_data(as_text=True), re.DOTALL
        )
    uniform = text_of(technician.get("/scores/2026-09/T001/uniform"))
    assert "Uniform: met → breached" in uniform
    assert "Decorum" not in uniform
    adjust(later)
    for place in ("/me/", "/scores/2026-09/T001/"):
        page = text_of(technician.get(place))
        assert "Known since the close" not in page
        assert "More is known" not in page


@pytest.fixture
def answered(work: Work) -> Work:
    """September is closed, and afterwards the customer who had not signed WO-2 answers through their link."""
    september(work)
    close(work)
    data = {**builders.ALL_WELL, "cleanup": "no"}
    store(work, [builders.line("answers.given", "WO-2", NINE + timedelta(days=1, hours=3), "customer", **data)])
    return work


def test_what_a_customer_says_after_the_close_is_told_to_the_technician(answered: Work, sign_in: Any) -> None:
    technician = sign_in("T001")
    for place in ("/me/", "/scores/2026-10/T001/"):
        assert "More is known about your closed month 2026-09" in text_of(technician.get(place))
    assert re.search("Clean-up: [a-z ]+→ breached", text_of(technician.get("/scores/2026-09/T001/")))


def test_who_may_have_to_call_the_customer_is_not_told_what_they_said_after_the_close(
    answered: Work, sign_in: Any
) -> None:
    pages = ("/scores/2026-09/T001/", PAGE)
    for page in pages:
        shown = text_of(sign_in("Q001").get(page))
        assert "The customer’s answers: hidden until the call" in shown
        assert "→ breached" not in shown
    assert "→ breached" in text_of(sign_in("M001").get(PAGE))


def test_nor_when_it_has_become_an_adjustment(answered: Work, sign_in: Any) -> None:
    adjust(answered)
    quality = sign_in("Q001")
    for page in ("/scores/2026-09/T001/", "/scores/2026-09/T001/cleanup", "/scores/2026-09/T001/slip", PAGE):
        shown = text_of(quality.get(page))
        assert "→ breached" not in shown
        assert "Clean-up: " not in shown.split("Adjustment 1")[-1]
    assert "The customer’s answers: hidden until the call" in text_of(quality.get(PAGE))
    for login, page in (("T001", "/scores/2026-09/T001/"), ("T001", "/scores/2026-09/T001/slip"), ("M001", PAGE)):
        assert "→ breached" in text_of(sign_in(login).get(page))


def test_nor_where_the_visit_is_somebody_else_s_by_now(answered: Work, sign_in: Any) -> None:
    to_another = builders.line("visit.assigned", "WO-2", NINE + timedelta(days=1), "D001", technician="T002",
                               reason="put right")  # fmt: skip
    store(answered, [to_another])
    for technician in ("T001", "T002"):
        shown = text_of(sign_in("Q001").get(f"/scores/2026-09/{technician}/"))
        assert "→ breached" not in shown
        assert ": breached" not in shown


def test_an_adjusted_sheet_and_its_items_say_first_what_stands(later: Work, sign_in: Any) -> None:
    adjust(later)
    standing = look(later).standing
    technician = sign_in("T001")
    page = text_of(technician.get("/scores/2026-09/T001/"))
    assert page.index(f"Award that stands: CNY {standing.figure.award}") < page.index("As the month was closed:")
    assert page.count("earns the award") == (1 if standing.figure.award else 0)
    uniform = technician.get("/scores/2026-09/T001/uniform").get_data(as_text=True)
    assert "Changed since the close" in uniform
    assert "Uniform: met → breached" in text_of(technician.get("/scores/2026-09/T001/uniform"))
    link = re.search(r'<p class="named"><strong><a href="([^"]+)"', uniform)
    assert link
    visit = text_of(technician.get(html.unescape(link[1])))
    assert visit.index("What later facts say") < visit.index("What counted when the month was closed")


def test_an_award_that_a_breach_found_later_took_is_nowhere_shown_as_paid(work: Work, sign_in: Any) -> None:
    """And the award that an overturned one gave back is shown at once."""
    september(work)
    close(work)
    about = finding(source="complaint", discipline="gifts")
    store(work, [about, upheld(about)])
    adjust(work)
    technician = sign_in("T001")
    page = text_of(technician.get("/scores/2026-09/T001/"))
    assert page.index("No award this month: Accepting gifts") < page.index("Award that stands: CNY 0.00")
    assert "vetoed" in page
    assert "earns the award" not in page
    overturned = builders.line("appeal.decided", None, NINE + timedelta(days=2), "M001", finding=about["id"],
                               outcome="overturned")  # fmt: skip
    store(work, [overturned])
    adjust(work)
    page = text_of(technician.get("/scores/2026-09/T001/"))
    assert "No award this month" not in page
    assert "vetoed" not in page.split("After the close")[0]


def test_both_sums_are_added_up_beside_each_other(later: Work, sign_in: Any) -> None:
    adjust(later)
    closed, stands = look(later).standing.closed, look(later).standing.figure
    page = text_of(sign_in("T001").get("/scores/2026-09/T001/")).split("How it adds up")[1]
    assert page.startswith(" Figure As closed As it stands")
    assert f"Points earned {closed.earned} {stands.earned}" in page
    scaled = [f"{one.base} 100 × {one.earned} ÷ {one.assessed}" for one in (closed, stands)]
    assert f"Scaled {' '.join(scaled)}" in page
    assert f"Score {closed.score} {stands.score}" in page
    assert f" {stands.award} 300.00 × {stands.score} ÷ 100" in page


def test_points_and_months_are_those_that_stand(later: Work, sign_in: Any) -> None:
    technician = sign_in("T001")
    assert "Cost points: Uniform" not in text_of(technician.get("/scores/2026-09/T001/"))
    adjust(later)
    stands = str(look(later).standing.figure.score)
    page = text_of(technician.get("/scores/2026-09/T001/"))
    assert "Uniform −" in page.split("Cost points:")[1]
    assert stands in page.split("The same as a table")[1].split("Items")[0]
    assert stands in text_of(technician.get("/scores/2026-10/T001/")).split("The same as a table")[1]
    assert "not achieved 1 of 2, needed" in text_of(technician.get("/scores/2026-09/T001/uniform"))


def test_a_closed_breach_that_is_none_by_now_is_not_to_be_appealed_any_more(work: Work, sign_in: Any) -> None:
    september(work)
    unexplained = builders.perfect_visit("WO-7", NINE, "T001", explained="no")
    store(work, unexplained)
    close(work)
    technician = sign_in("T001")
    item = "/scores/2026-09/T001/explained"
    assert "/appeal/explained" in technician.get(item).text
    store(work, [finding("WO-7", item="explained", favourable=True)])
    page = technician.get(item).text
    assert "/appeal/explained" not in page
    assert "breached → met" in text_of(technician.get(item))
    assert "/appeal/explained" not in technician.get(f"/scores/visits/{visit_id(MAIN, 'WO-7')}").text


def test_team_sheet_and_item_agree_on_an_adjusted_item(later: Work, sign_in: Any) -> None:
    adjust(later)
    chief = sign_in("M001")
    cell = re.search(r'<a href="/scores/2026-09/T001/uniform" title="([^"]+)"', chief.get("/scores/2026-09/").text)
    assert cell
    assert cell[1] == "Uniform: not achieved"
    sheet = text_of(chief.get("/scores/2026-09/T001/"))
    assert "1 of 2 visits, needed 98% As the month was closed: 2 of 2: achieved" in sheet
    assert "not achieved" in text_of(chief.get("/scores/2026-09/T001/uniform"))


def test_nobody_is_told_of_what_was_found_about_others_and_everybody_s_chief_is(later: Work, sign_in: Any) -> None:
    other = sign_in("T002")
    assert "More is known" not in text_of(other.get("/me/"))
    assert "Known since" not in text_of(other.get("/scores/2026-09/T002/"))
    assert "Known since the close" in text_of(sign_in("M001").get("/scores/2026-09/T001/"))
