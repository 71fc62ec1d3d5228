"""Sessions: opened, used, ended; and how many wrong passwords anybody gets."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from fieldapp.domain.access import OPERATOR
from fieldapp.domain.errors import NotFound, TooMany
from fieldapp.services import accounts, sign_ins
from fieldapp.services.sign_ins import MOST_KNOWN, MOST_WRONG, WrongPassword
from tests import cast


def enter(work, login="T001", password=cast.PASSWORD, *, browser=None, old=None):
    return sign_ins.sign_in(work, login=login, password=password, agent="Test/1", browser=browser, old=old)


def guess(work, times, login="T001", **given):
    for _ in range(times):
        with pytest.raises(WrongPassword):
            enter(work, login, "wrong-guess-1", **given)


def test_a_session_knows_who_and_in_which_zone(work):
    session = sign_ins.resume(work, enter(work).secret)
    assert session.actor == cast.T001.actor
    assert str(session.zone) == cast.ZONE


def test_only_the_hash_of_the_secret_is_stored(work):
    opened = enter(work)
    with work.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM sign_ins").all()
        browsers = connection.exec_driver_sql("SELECT * FROM known_browsers").all()
    assert len(opened.secret) >= 43
    assert rows[0][0] == hashlib.sha256(opened.secret.encode()).hexdigest()
    assert opened.secret not in str(rows)
    assert opened.browser not in str(browsers)


def test_a_technician_stays_signed_in_while_the_phone_is_used_once_a_month(work, clock):
    secret = enter(work, "T001").secret
    for _ in range(4):
        clock.advance(days=29)
        assert sign_ins.resume(work, secret)
    clock.advance(days=31)
    assert sign_ins.resume(work, secret) is None


@pytest.mark.parametrize("login", ["D001", "Q001", "M001", "A001"])
def test_the_office_signs_in_every_day(work, clock, login):
    secret = enter(work, login).secret
    clock.advance(hours=11, minutes=59)
    assert sign_ins.resume(work, secret)
    clock.advance(minutes=1)
    assert sign_ins.resume(work, secret) is None


def test_a_technician_who_becomes_a_manager_keeps_no_long_session(work, clock):
    secret = enter(work, "T001").secret
    accounts.change_account(work, OPERATOR, "T001", name="Chen Wei", role="manager", branch="main", team=None)
    assert sign_ins.resume(work, secret).actor.role == "manager"
    clock.advance(hours=12)
    assert sign_ins.resume(work, secret) is None


def test_reading_writes_at_most_once_a_day(work, clock):
    secret = enter(work).secret
    clock.advance(hours=20)
    sign_ins.resume(work, secret, reading=True)
    assert sign_ins.list_own(work, cast.T001.actor)[0].seen_at == cast.NOW
    sign_ins.resume(work, secret, reading=False)
    assert sign_ins.list_own(work, cast.T001.actor)[0].seen_at == clock.moment


def test_signing_out_ends_the_session_for_every_copy_of_it(work):
    secret = enter(work).secret
    sign_ins.sign_out(work, secret)
    assert sign_ins.resume(work, secret) is None


@pytest.mark.parametrize("secret", ["", "x", "x" * 5000, "\udcff", "0' OR 1=1 --"])
def test_an_invented_secret_opens_nothing(work, secret):
    assert sign_ins.resume(work, secret) is None


def test_signing_in_anew_ends_the_browsers_session_before(work):
    first = enter(work)
    second = enter(work, old=first.secret)
    assert sign_ins.resume(work, first.secret) is None
    assert sign_ins.resume(work, second.secret)


def test_one_sees_and_ends_ones_own_sessions_and_nobody_elses(work):
    here, there = enter(work), enter(work)
    foreign = enter(work, "T002")
    own = {each.sign_in_id for each in sign_ins.list_own(work, cast.T001.actor)}
    assert own == {sign_ins.resume(work, opened.secret).sign_in_id for opened in (here, there)}
    sign_ins.end_own(work, cast.T001.actor, sign_ins.resume(work, there.secret).sign_in_id)
    assert sign_ins.resume(work, there.secret) is None
    for sign_in_id in (sign_ins.resume(work, foreign.secret).sign_in_id, work.new_id(), "x"):
        with pytest.raises(NotFound):
            sign_ins.end_own(work, cast.T001.actor, sign_in_id)
    assert sign_ins.resume(work, foreign.secret)


def test_ten_wrong_passwords_then_a_pause_of_a_quarter_of_an_hour(work, clock):
    guess(work, MOST_WRONG)
    with pytest.raises(TooMany) as refused:
        enter(work)
    assert refused.value.facts["retry_after"] == 900
    clock.advance(minutes=5)
    with pytest.raises(TooMany) as refused:
        enter(work)
    assert refused.value.facts["retry_after"] == 600
    clock.advance(minutes=10)
    assert enter(work)


def test_the_right_password_starts_the_count_anew(work):
    for _ in range(3):
        guess(work, MOST_WRONG - 1)
        enter(work)


def test_upper_and_lower_case_share_one_count(work):
    guess(work, MOST_WRONG - 1, "T001")
    guess(work, 1, "t001")
    with pytest.raises(TooMany):
        enter(work, "T001")


def test_guesses_at_the_same_time_get_no_more_than_ten(work):
    def attempt(_):
        try:
            enter(work, password="wrong-guess-1")
        except (WrongPassword, TooMany) as error:
            return type(error)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(30)))
    assert answers.count(WrongPassword) == MOST_WRONG
    assert answers.count(TooMany) == 20


def test_a_known_browser_with_the_right_password_gets_in_whoever_guesses_elsewhere(work):
    known = enter(work).browser
    guess(work, MOST_WRONG)
    assert enter(work, browser=known)
    with pytest.raises(TooMany):
        enter(work, browser="another browser's secret")


def test_a_known_browser_that_guesses_hears_of_the_limit_but_lets_its_owner_in(work):
    known = enter(work).browser
    guess(work, MOST_WRONG, browser=known)
    with pytest.raises(TooMany):
        enter(work, password="wrong-guess-1", browser=known)
    assert enter(work, browser=known)


def test_the_thief_of_a_known_browser_cannot_guess_for_ever(work):
    known = enter(work).browser
    guess(work, MOST_WRONG, browser=known)
    for _ in range(MOST_KNOWN - MOST_WRONG):
        with pytest.raises(TooMany):
            enter(work, password="wrong-guess-1", browser=known)
    with pytest.raises(TooMany):
        enter(work, browser=known)


def test_a_browser_is_known_to_its_own_account_only(work):
    known = enter(work, "T002").browser
    guess(work, MOST_WRONG, "T001")
    with pytest.raises(TooMany):
        enter(work, "T001", browser=known)


def test_the_limit_of_one_login_does_not_touch_another(work):
    guess(work, MOST_WRONG, "T001")
    assert enter(work, "T002")


def test_an_unknown_login_is_limited_like_a_known_one(work):
    guess(work, MOST_WRONG, "T777")
    with pytest.raises(TooMany):
        enter(work, "T777")


@pytest.mark.parametrize("login", ["", "\x00", "T001\x00", "x" * 10_000, "' OR 1=1 --", "李静"])
def test_any_login_at_all_is_merely_wrong(work, login):
    guess(work, 1, login)


def test_wrong_logins_are_not_kept_as_typed(work):
    guess(work, 1, "my-secret-password")
    with work.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM sign_in_failures").all()
    assert len(rows) == 1
    assert "my-secret-password" not in str(rows)


def test_a_reset_password_ends_every_session_and_forgets_the_browsers(work):
    opened = enter(work)
    accounts.reset_password(work, OPERATOR, "T001", "a quiet river bend")
    assert sign_ins.resume(work, opened.secret) is None
    guess(work, MOST_WRONG)
    with pytest.raises(TooMany):
        enter(work, password="a quiet river bend", browser=opened.browser)
