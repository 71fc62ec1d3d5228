"""What is stored about me: a technician finds all of it, with the way to each thing; nobody else's, and nobody else."""

import re
from collections import defaultdict
from datetime import timedelta

import pytest

from fieldapp.domain.appeals import Subject
from fieldapp.domain.ids import visit_id
from fieldapp.services import appeals, call_backs, cases, findings, stored, stored_file
from fieldapp.services.findings import Draft
from tests import cast, links
from tests.builders import line, perfect_visit
from tests.services.test_findings import either  # noqa: F401 - a fixture
from tests.web.test_score_overview import arriving, store, text_of

PAGE = "/me/stored"


@pytest.fixture(autouse=True)
def history(work, clock) -> None:
    """T001: two visits, one late, and a finding; T002: one visit and two findings."""
    found = [
        line("finding.recorded", None, cast.NOW, "Q001", source="spot_check", technician=technician, item="decorum",
             favourable=False, occurred_on="2026-10-14")
        for technician in ("T001", "T002", "T002")
    ]  # fmt: skip
    store(work, *arriving("WO-1", 100), *perfect_visit("WO-2", cast.NOW + timedelta(days=1)),
          *perfect_visit("WO-3", cast.NOW, "T002"), *found)  # fmt: skip
    clock.advance(days=2)


def test_everything_is_counted_with_the_way_to_it(sign_in):
    technician = sign_in("T001")
    page = text_of(technician.get(PAGE))
    for told in ("My visits 2", "Findings about me 1", "My appeals 0", "Where I am signed in 1", "2026-10 2 1 0"):
        assert told in page
    links = re.findall(r'href="(/(?:scores|me)/[^"#]*)"', technician.get(PAGE).text)
    assert {"/scores/2026-10/T001/", "/scores/2026-10/T001/visits", "/scores/2026-10/T001/findings",
            "/scores/appeals/", "/me/"} <= set(links)  # fmt: skip
    assert all(technician.get(link, follow_redirects=True).status_code == 200 for link in set(links))


def test_what_one_does_is_in_it_at_once(sign_in):
    technician = sign_in("T001")
    late = visit_id(cast.MAIN, "WO-1")
    technician.post(f"/causes/{late}", data={"seen": "0", "cause": "plan"})
    technician.post(f"/scores/visits/{late}/appeal/punctual", data={"text": "The lift was broken."},
                    content_type="multipart/form-data")  # fmt: skip
    page = text_of(technician.get(PAGE))
    for told in ("Causes of lateness 1", "My appeals 1", "lateness.recorded WO-1 T001"):
        assert told in page


def test_it_is_ones_own_and_a_technicians(sign_in):
    page = text_of(sign_in("T002").get(PAGE))
    assert "My visits 1" in page
    assert "Findings about me 2" in page
    assert "T001" not in page
    for login in ("D001", "Q001", "M001", "A001"):
        assert sign_in(login).get(PAGE).status_code == 403


def test_somebody_new_reads_that_there_is_nothing_yet(sign_in):
    assert "No visit of yours is stored yet." in text_of(sign_in("T003").get(PAGE))


def test_the_account_and_the_score_lead_there(sign_in):
    technician = sign_in("T001")
    for place in ("/me/", "/scores/2026-10/T001/"):
        assert f'href="{PAGE}"' in technician.get(place).text
    assert f'href="{PAGE}"' not in sign_in("M001").get("/me/").text


def told_whole(client) -> dict[str, list[dict]]:
    """The things of the file, by kind."""
    answer = client.get(f"{PAGE}.json")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    found = defaultdict(list)
    for thing in answer.json:
        found[thing["kind"]].append(thing)
    return found


def test_what_others_did_about_ones_findings_and_appeals_is_in_the_log(sign_in, work):
    draft = Draft(source="complaint", item="decorum", favourable=False, note="Boots on the sofa")
    made = findings.record(work, cast.Q001.actor, draft, order="WO-1", finding_id=work.new_id())
    findings.decide(work, cast.M001.actor, cast.MAIN, made, "dismissed", "It was the dog.", seen=0)
    subject = Subject(visit=visit_id(cast.MAIN, "WO-1"), item="punctual")
    filed = appeals.file(work, cast.T001.actor, cast.MAIN, subject, "The lift was broken.").appeal
    appeals.decide(work, cast.M001.actor, cast.MAIN, filed.id, "overturned", "It was.")
    page = text_of(sign_in("T001").get(PAGE))
    for told in (f"finding.recorded {made} Q001", f"finding.dismissed {made} M001", f"appeal.decided {filed.id} M001"):
        assert told in page
    assert made not in text_of(sign_in("T002").get(PAGE))


def test_calls_are_told_when_they_are_over_and_cases_when_they_are_closed(sign_in, work):
    visit = links.unsigned_visit(work, "WO-9")
    case = cases.open_by_phone(work, cast.Q001.actor, cast.MAIN, visit, "complaint", "There is dust everywhere.")
    call_backs.save(work, cast.Q001.actor, visit, "no_answer", {}, "", seen=0)
    page = text_of(sign_in("T001").get(PAGE))
    assert "Call-backs about my visits 0" in page
    assert "Customers’ cases about my visits 0" in page
    assert case not in page
    assert "call_back.made" not in page
    call_backs.save(work, cast.Q001.actor, visit, "reached", {"cleanup": "no"}, "dust", seen=1)
    cases.close(work, cast.Q001.actor, case, outcome="dismissed", reply="We looked at it.", apology="")
    page = text_of(sign_in("T001").get(PAGE))
    for told in ("Call-backs about my visits 1", "WO-9 Call-back the customer was reached",
                 "WO-9 Complaint closed without a finding", f"case.closed {case} Q001"):  # fmt: skip
        assert told in page
    assert "dust" not in page
    whole = told_whole(sign_in("T001"))
    assert [(one["visit"], one["outcome"]) for one in whole["call_back"]] == [("WO-9", "reached")]
    assert [one["visit"] for one in whole["complaint"]] == ["WO-9"]
    assert "dust" not in str(whole)


def test_the_log_goes_on_page_by_page_to_its_beginning(sign_in, work):
    for _ in range(stored.SHOWN + 3):
        draft = Draft(source="spot_check", technician="T001", item="decorum", favourable=False, note="again")
        findings.record(work, cast.Q001.actor, draft, finding_id=work.new_id())
    technician = sign_in("T001")
    first = technician.get(PAGE).text
    [older] = re.findall(r'rel="next" href="([^"#]*)#log"', first)
    second = technician.get(older).text
    rows = [re.findall(r"<code>[^<]*</code></td><td[^>]*>([^<]*)", page) for page in (first, second)]
    assert [len(one) for one in rows] == [stored.SHOWN, 4]
    assert not set(rows[0]) & set(rows[1])
    assert 'rel="next"' not in second
    assert "The latest" in second


def test_all_of_it_is_a_file(sign_in, work):
    technician = sign_in("T001")
    technician.post(f"/causes/{visit_id(cast.MAIN, 'WO-1')}", data={"seen": "0", "cause": "plan"})
    subject = Subject(visit=visit_id(cast.MAIN, "WO-1"), item="punctual")
    appeals.file(work, cast.T001.actor, cast.MAIN, subject, "The lift was broken.")
    whole = told_whole(technician)
    assert [one["login"] for one in whole["account"]] == ["T001"]
    assert [one["visit"] for one in whole["visit"]] == ["WO-1", "WO-2"]
    late = next(one for one in whole["visit"][0]["verdicts"] if one["item"] == "punctual")
    assert (late["met"], late["why"]) == (False, "arrived_late")
    assert whole["score"][0]["technicians"][0]["technician"] == "T001"
    assert [(one["about"], one["recorded_by"]) for one in whole["finding"]] == [("decorum", "Q001")]
    assert [one["text"] for one in whole["appeal"]] == ["The lift was broken."]
    assert [(one["visit"], one["cause"]) for one in whole["cause_of_lateness"]] == [("WO-1", "plan")]
    assert {"visit.arrived", "visit.completed"} <= {one["type"] for one in whole["fact"]}
    assert len(whole["sign_in"]) == 1
    assert {one["action"] for one in whole["audit"]} >= {"signed_in", "appeal.filed", "lateness.recorded"}
    assert "王" not in str(whole), "no customer is named"


def test_the_file_is_ones_own_and_a_technicians(sign_in):
    whole = told_whole(sign_in("T002"))
    assert [one["visit"] for one in whole["visit"]] == ["WO-3"]
    assert len(whole["finding"]) == 2
    assert "T001" not in str(whole)
    for login in ("D001", "Q001", "M001", "A001"):
        assert sign_in(login).get(f"{PAGE}.json").status_code == 403


def test_both_engines_tell_the_same(either):  # noqa: F811 - the fixture
    store(either, *perfect_visit("WO-8", cast.NOW))
    quality = cast.Q001.actor
    draft = Draft(source="spot_check", item="decorum", favourable=False, note="Boots on the sofa")
    made = findings.record(either, quality, draft, order="WO-8", finding_id=either.new_id())
    case = cases.open_by_phone(either, quality, cast.MAIN, visit_id(cast.MAIN, "WO-8"), "complaint", "Dust.")
    cases.close(either, quality, case, outcome="dismissed", reply="We looked at it.", apology="")
    found = stored.about_me(either, cast.T001.actor)
    assert {(one.action, one.subject) for one in found.noted} >= {("finding.recorded", made), ("case.closed", case)}
    assert [(one.number, one.kind) for one in found.told] == [("WO-8", "complaint")]
    kinds = {one["kind"] for one in stored_file.everything(either, cast.T001.actor)}
    assert kinds >= {"account", "score", "visit", "finding", "complaint", "fact", "audit"}
