"""`/calendar/<token>.ics`: a technician's visits in their own calendar program, read here as one reads them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from fieldapp.domain.visits import events as ev
from fieldapp.services import calendar_feeds, scheduling
from fieldapp.web.technician import icalendar
from tests import builders, cast
from tests.links import planned_visit, store
from tests.services.test_backups import restored, write

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def feed(client, work):
    """What a calendar program sees under T001's address: its events by order number."""
    token = calendar_feeds.create(work, cast.T001.actor)

    def look():
        answer = client.get(f"/calendar/{token}.ics")
        assert answer.status_code == 200
        assert answer.content_type == "text/calendar; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        events = Calendar.from_ical(answer.data).walk("VEVENT")
        return {str(one["SUMMARY"]).partition(" ")[0]: one for one in events}

    return look


def test_a_visit_stands_there_with_its_planned_time_and_promise(work, feed):
    visit = planned_visit(work)
    one = feed()["WO-1"]
    assert one["DTSTART"].dt == work.now() + timedelta(days=1)
    assert one["DTEND"].dt - one["DTSTART"].dt == timedelta(minutes=90)
    assert str(one["SUMMARY"]) == "WO-1 · Installation"
    assert str(one["DESCRIPTION"]) == "Promised: 09:30–10:30"
    assert str(one["UID"]) == f"{visit}@fieldapp"
    assert str(one["STATUS"]) == "CONFIRMED"


def test_only_one_s_own_visits_of_the_next_weeks_are_there(work, feed):
    for number, days in enumerate((-8, -6, 0, 27, 29)):
        planned_visit(work, f"WO-{number}", days=days)
    store(work, [builders.scheduled("WO-9", work.now(), "T002")])
    assert sorted(feed()) == ["WO-1", "WO-2", "WO-3"]


def test_no_customer_stands_in_it(client, work):
    planned_visit(work, note="ring at Wang's")
    token = calendar_feeds.create(work, cast.T001.actor)
    text = client.get(f"/calendar/{token}.ics").text.replace("\r\n ", "")
    assert "WO-1" in text
    for word in ("Wang", "13800000001", "Harbour"):
        assert word not in text


def test_a_cancelled_visit_is_called_off_in_the_calendar_and_later_than_before(work, feed):
    visit = planned_visit(work)
    before = int(feed()["WO-1"]["SEQUENCE"])
    off = ev.VisitCancelled(asked_by="customer", told_at=work.now(), apology=False, cause="customer")
    scheduling.cancel_visit(work, cast.D001.actor, cast.MAIN, visit, 1, off)
    one = feed()["WO-1"]
    assert str(one["STATUS"]) == "CANCELLED"
    assert int(one["SEQUENCE"]) > before


@pytest.mark.parametrize(
    ("start", "utc"),
    [
        (datetime(2026, 10, 25, 1, 30, tzinfo=BERLIN), datetime(2026, 10, 24, 23, 30, tzinfo=UTC)),
        (datetime(2026, 10, 25, 9, 0, tzinfo=BERLIN), datetime(2026, 10, 25, 8, 0, tzinfo=UTC)),
        (datetime(2027, 3, 28, 1, 30, tzinfo=BERLIN), datetime(2027, 3, 28, 0, 30, tzinfo=UTC)),
        (datetime(2027, 3, 28, 9, 0, tzinfo=BERLIN), datetime(2027, 3, 28, 7, 0, tzinfo=UTC)),
    ],
)
def test_on_the_days_of_the_clocks_a_reader_in_any_zone_shows_the_right_moment(start, utc):
    text = icalendar.calendar("x", [{"UID": "1", "DTSTART": start, "DTEND": start + timedelta(hours=1)}])
    (one,) = Calendar.from_ical(text).walk("VEVENT")
    assert one["DTSTART"].dt == utc
    assert one["DTSTART"].dt.astimezone(ZoneInfo("America/New_York")) == utc
    assert one["DTSTART"].dt.utcoffset() == timedelta(0)


def test_words_with_a_meaning_in_the_format_and_long_chinese_come_back_as_they_were():
    words = "安装光纤，测速；" * 20 + "a, b; c\\n\\d\nnext\r\nline \x07"
    text = icalendar.calendar("x", [{"UID": "1", "SUMMARY": words}])
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    (one,) = Calendar.from_ical(text).walk("VEVENT")
    assert str(one["SUMMARY"]) == words.replace("\r\n", "\n").replace("\x07", "")


def test_the_address_is_made_and_ended_on_one_s_own_page_and_shown_once(client, sign_in):
    technician = sign_in("T001")
    page = technician.post("/me/calendar").text
    made = page.partition("/calendar/")[2].partition(".ics")[0]
    assert client.get(f"/calendar/{made}.ics").status_code == 200
    assert made.partition(".")[2] not in technician.get("/me/").text
    newer = technician.post("/me/calendar").text.partition("/calendar/")[2].partition(".ics")[0]
    assert client.get(f"/calendar/{made}.ics").status_code == 404
    assert technician.post("/me/calendar/end").status_code == 303
    assert client.get(f"/calendar/{newer}.ics").status_code == 404


@pytest.mark.sqlite
def test_the_database_and_the_log_hold_no_address(client, work, settings, capfd):
    token = calendar_feeds.create(work, cast.T001.actor)
    client.get(f"/calendar/{token}.ics")
    work.database.dispose()
    stored = b"".join(path.read_bytes() for path in settings.instance.glob("fieldapp.db*"))
    written = capfd.readouterr()
    secret = token.partition(".")[2]
    assert len(secret) >= 43
    assert secret not in stored.decode("latin-1") + written.out + written.err


@pytest.mark.parametrize("path", ["/me/calendar", "/me/calendar/end"])
@pytest.mark.parametrize("login", ["D001", "A001"])
def test_who_makes_no_visits_has_no_calendar(sign_in, login, path):
    assert sign_in(login).post(path).status_code == 403


@pytest.mark.sqlite
def test_who_left_has_no_calendar_here(client, work, clock):
    token = calendar_feeds.create(work, cast.T001.actor)
    with work.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE accounts SET disabled_at = ? WHERE login = 'T001'", (str(work.now()),))
    assert client.get(f"/calendar/{token}.ics").status_code == 404


def test_an_address_that_was_ended_does_not_come_back_with_a_backup(work, clock, tmp_path):
    calendar_feeds.create(work, cast.T001.actor)
    write(work, tmp_path / "b")
    there = restored(work, tmp_path / "b", tmp_path / "there")
    assert calendar_feeds.since(work, cast.T001.actor) == clock()
    assert calendar_feeds.since(there, cast.T001.actor) is None
    there.database.dispose()


def test_guessing_is_limited(client):
    statuses = [client.get(f"/calendar/main.{number}.ics").status_code for number in range(30)]
    assert (statuses[0], statuses[-1]) == (404, 429)
