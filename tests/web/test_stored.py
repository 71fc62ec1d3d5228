"""What is stored about me: a technician finds all of it, with the way to each thing; nobody else's, and nobody else."""

import re
from datetime import timedelta

import pytest

from fieldapp.domain.ids import visit_id
from tests import cast
from tests.builders import line, perfect_visit
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
