"""Sending one mail through the operator's server (SMTP). Owns the conversation and which refusals are for good."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

#: Seconds that one step of the conversation may take.
STEP = 10.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """Whom mail is handed to, and in whose name. `tls`: from the start, by STARTTLS (asked for), or none."""

    host: str
    port: int
    tls: str
    user: str
    password: str
    sender: str


class Unsent(Exception):
    """It was not taken. `is_final`: it never will be. `is_blocked`: nothing else would be, either."""

    def __init__(self, code: str, *, is_final: bool = False, is_blocked: bool = False) -> None:
        super().__init__(code)
        self.is_final, self.is_blocked = is_final, is_blocked


def send(server: MailServer, to: str, subject: str, body: str, language: str, name: str, now: datetime) -> None:
    """Hand it over. `name` is the same in every attempt: mailboxes recognise a second copy by it. Raises `Unsent`."""
    letter = EmailMessage(policy=SMTP)
    letter["From"], letter["To"], letter["Subject"] = server.sender, to, " ".join(subject.split())
    letter["Date"], letter["Message-ID"] = format_datetime(now), f"<{name}@{server.sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(body)
    letter["Content-Language"] = language
    try:
        connection = _connect(server)
    except (OSError, smtplib.SMTPException) as error:
        raise Unsent(_code(error), is_blocked=True) from error
    try:
        connection.send_message(letter)
    except smtplib.SMTPRecipientsRefused as error:
        status = max(code for code, _ in error.recipients.values())
        raise Unsent(f"smtp_{status}", is_final=status >= 500) from error
    except smtplib.SMTPResponseException as error:
        raise Unsent(_code(error), is_final=error.smtp_code >= 500) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unsent(_code(error), is_blocked=True) from error
    finally:
        with suppress(OSError, smtplib.SMTPException):
            connection.quit()


def _connect(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.tls == "start":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=STEP, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=STEP)
    try:
        if server.tls == "upgrade":
            connection.starttls(context=context)
        if server.user:
            connection.login(server.user, server.password)
    except (OSError, smtplib.SMTPException):
        connection.close()
        raise
    return connection


def _code(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"smtp_{error.smtp_code}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "smtp_no_tls"
    return "too_slow" if isinstance(error, TimeoutError) else "not_reached"
