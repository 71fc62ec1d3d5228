"""How customers are reached, as it is set up in the environment."""

import pytest

from fieldapp.services.mail import MailServer
from fieldapp.settings import Settings, SettingsError

FROM = {"FIELDAPP_MAIL_FROM": "visits@example.org"}


def read(tmp_path, **env):
    return Settings.from_environment({"FIELDAPP_INSTANCE": str(tmp_path), **env})


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "user", "password"),
    [
        ("smtp://mail.example.org", "mail.example.org", 25, "upgrade", "", ""),
        ("smtp://me%40x:p%3A1@mail.example.org", "mail.example.org", 587, "upgrade", "me@x", "p:1"),
        ("smtp://mail.example.org:2525?tls=no", "mail.example.org", 2525, "none", "", ""),
        ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, "none", "", ""),
        ("smtps://mail.example.org", "mail.example.org", 465, "start", "", ""),
    ],
)
def test_a_mail_server(tmp_path, url, host, port, tls, user, password):
    found = read(tmp_path, FIELDAPP_SMTP_URL=url, **FROM)
    assert found.mail_server == MailServer(host, port, tls, user, password, "visits@example.org")
    assert found.tells_customers


def test_neither_is_no_mistake(tmp_path):
    assert not read(tmp_path).tells_customers


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"FIELDAPP_SMTP_URL": "mail.example.org", **FROM}, "FIELDAPP_SMTP_URL"),
        ({"FIELDAPP_SMTP_URL": "http://u:hush@mail.example.org", **FROM}, "FIELDAPP_SMTP_URL"),
        ({"FIELDAPP_SMTP_URL": "smtp://mail.example.org:x", **FROM}, "FIELDAPP_SMTP_URL"),
        ({"FIELDAPP_SMTP_URL": "smtp://mail.example.org"}, "FIELDAPP_MAIL_FROM"),
        ({"FIELDAPP_SMTP_URL": "smtp://mail.example.org", "FIELDAPP_MAIL_FROM": "x"}, "FIELDAPP_MAIL_FROM"),
        ({"FIELDAPP_SMS_URL": "ftp://x", "FIELDAPP_SMS_SECRET": "s" * 16}, "FIELDAPP_SMS_URL"),
        ({"FIELDAPP_SMS_URL": "https://sms.example.org/", "FIELDAPP_SMS_SECRET": "hush"}, "FIELDAPP_SMS_SECRET"),
    ],
)
def test_a_wrong_one_is_named_without_its_password(tmp_path, env, named):
    with pytest.raises(SettingsError, match=named) as refused:
        read(tmp_path, **env)
    assert "hush" not in str(refused.value)
