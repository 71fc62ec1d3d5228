"""`fieldapp link`: prints the customer's own link, audited; refuses what it does not know."""

import pytest
from click.testing import CliRunner

from fieldapp.cli import main
from fieldapp.services import links
from tests.links import planned_visit


@pytest.fixture
def run(settings, work, monkeypatch):
    """Run a command on the tests' database."""
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(settings.instance))
    monkeypatch.setenv("FIELDAPP_BASE_URL", "https://visits.example.org")
    return lambda *words: CliRunner().invoke(main, [*words])


def test_the_link_is_printed_and_opens_the_visit(run, work):
    visit = planned_visit(work, "WO-7")
    done = run("link", "WO-7")
    assert (done.exit_code, done.stderr) == (0, "")
    token = done.stdout.strip().removeprefix("https://visits.example.org/c/")
    with work.database.engine.connect() as connection:
        made = connection.exec_driver_sql("SELECT visit_id, kind FROM links").all()
        audited = connection.exec_driver_sql("SELECT actor, subject FROM audit WHERE action = 'link.created'").all()
    assert made == [(visit, "own")]
    assert audited == [("office", "WO-7")]
    assert token.partition(".")[2] not in str(audited)


def test_a_second_link_ends_the_first(run, work, clock):
    planned_visit(work, "WO-7")
    first, second = (run("link", "WO-7").stdout.strip().rpartition("/")[2] for _ in range(2))
    clock.run()  # the command lives in real time
    assert links.open_link(work, second)
    with pytest.raises(links.LinkGone):
        links.open_link(work, first)


def test_an_unknown_order_number_is_a_sentence(run):
    done = run("link", "WO-404")
    assert done.exit_code == 2
    assert done.stderr == "fieldapp: There is no visit with the order number “WO-404”.\n"
    assert done.stdout == ""
