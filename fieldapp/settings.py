"""Settings from the environment, checked once at the start. The only reader of `os.environ`."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fieldapp.domain.errors import Invalid
from fieldapp.domain.messages import is_email
from fieldapp.domain.retention import KINDS, LONGEST, Keeping, read_keeping
from fieldapp.domain.visits.events import Language
from fieldapp.paths import INSTANCE
from fieldapp.services.mail import MailServer
from fieldapp.services.message_sending import Gateway
from fieldapp.storage import keyfiles
from fieldapp.storage.erase_list import EraseList
from fieldapp.storage.object_store import Place, read_place
from fieldapp.storage.vault import BadKeys, read_keys

LOCALES = get_args(Language)
#: What stands in examples where a secret belongs.
_PLACEHOLDERS = (
    "change-me", "changeme", "change_me", "change this", "insecure", "default", "placeholder", "your-secret",
)  # fmt: skip
_POSTGRESQL = "postgresql+psycopg://"
Network = IPv4Network | IPv6Network


class SettingsError(Exception):
    """A setting is missing or wrong; the text says which, why, and gives an example."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that an installation can choose. Paths are absolute; `base_url` has no trailing slash."""

    # What stands in `#:` above a field becomes docs/configuration.md (tools/configuration.py).
    #: The folder of this installation: database, photos, keys. Made with mode 0700. Else `instance/` in the checkout.
    instance: Path
    #: `sqlite:////path/file.db` or `postgresql+psycopg://user:password@host/name`. Else `fieldapp.db` in the instance.
    #: A primary with standbys: `...://user:password@/name?host=a:5432&host=b:5432&target_session_attrs=read-write`.
    database_url: str
    #: Signs form tokens and the links of receipts. At least 32 characters. Else `secret-key` in the instance, made on
    #: first start.
    secret_key: str
    #: Seals personal data in the database; whoever loses it cannot read that any more. At least 32 characters; several
    #: keys while one takes another's place (docs/operations.md, Data keys). Else `data-key` in the instance, made on
    #: first start.
    data_key: str
    #: The folder of photos, or `s3://bucket/folder?endpoint=https://...&region=...` for storage that speaks S3 (keys
    #: in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or wherever obstore looks). Else `blobs` in the instance.
    blobs: Path | Place
    #: A standby of that PostgreSQL, e.g. `postgresql+psycopg://user:password@b/name`: reports and exports are read from
    #: it (docs/operations.md), and from the database itself while it is away or too far behind.
    database_read_url: str | None = None
    #: How many seconds behind is too far, 1 to 3600.
    database_read_lag: int = 10
    #: Where people reach the server, scheme and host alone, e.g. `https://visits.example.org`. With https, cookies are
    #: `Secure` and browsers remember TLS; any other `Host` is refused. Without it only this machine's own names are
    #: right.
    base_url: str | None = None
    #: The zone of the first branch, and of whoever has none.
    timezone: str = "Asia/Shanghai"
    #: The language of pages whose reader asked for none: en, zh-Hans or zh-Hant.
    locale: str = "zh-Hans"
    #: `1`: this is the demo company, and says so.
    demo: bool = False
    #: Who needs a second factor to do anything: `staff`, everybody but technicians; or `chosen`, nobody, and whoever
    #: has one uses it: only where this machine alone reaches the server. The demo needs none.
    second_factor: str = "staff"
    #: How many hours after its last contact a phone opens without one, 1 to 720.
    offline_hours: int = 72
    #: Seals backups: an age recipient (`age1...`), or its secret key, with which this machine can also read them.
    backup_key: str | None = None
    #: The list of who was erased, which `restore` goes by (docs/privacy.md). Put it where it outlives the database and
    #: is in no backup of it. Else `erasures.jsonl` in the instance.
    erasures: Path | None = None
    #: Whom people write to about their data, as it is to stand on `/privacy`: a name, an address, a number.
    privacy_contact: str | None = None
    #: How many days what is kept, where it is not as usual, e.g. `photos=90, customers=never` (docs/privacy.md).
    keep: str | None = None
    #: `1`: other programs on this very machine may be told of things, for trying it out.
    outgoing_loopback: bool = False
    #: The mail server for customers, e.g. `smtp://user:password@mail.example.org:587` (docs/messages.md).
    smtp_url: str | None = None
    #: The address that mail comes from; needed beside the mail server.
    mail_from: str | None = None
    #: Where the ends of the audit chains are mailed every day, to somebody who does not run this server
    #: (docs/operations.md). Needs the mail server.
    audit_mail: str | None = None
    #: The gateway for short messages to customers, e.g. `https://sms.example.org/send`.
    sms_url: str | None = None
    #: What signs them, at least 16 characters; needed beside the gateway.
    sms_secret: str | None = None
    #: Proxies in front, whose word on who asks (X-Forwarded-For, X-Forwarded-Proto) is taken: addresses or networks
    #: with commas between, e.g. `127.0.0.1, 10.0.0.0/24`.
    trusted_proxies: tuple[Network, ...] = ()
    #: Who may read `/metrics`: programs on this machine (`loopback`), or `everybody` who reaches the server.
    metrics: str = "loopback"
    # Where the processes of one server count together; chosen by `fieldapp serve`, by nobody else.
    metrics_folder: Path | None = None

    @property
    def seal_key(self) -> Path:
        """The file with the key that signs closed months. Whoever loses it cannot prove any more that none changed."""
        return self.instance / "seal-key.pem"

    @property
    def push_key(self) -> Path:
        """The file with the key that push services know us by."""
        return self.instance / "push-key.pem"

    def __post_init__(self) -> None:
        # Looked at once, at the start: who sends something finds them good.
        if self.database_read_url and not self.database_url.startswith(_POSTGRESQL):
            raise SettingsError(
                "FIELDAPP_DATABASE_READ_URL is set, and FIELDAPP_DATABASE_URL is no PostgreSQL: unset it"
            )
        _ = self.mail_server, self.sms_gateway, self.keeping
        if self.audit_mail and not (self.mail_server and is_email(self.audit_mail)):
            raise SettingsError(
                f"FIELDAPP_AUDIT_MAIL is {self.audit_mail!r}; give one address, e.g. audit@example.org, "
                "and a mail server (FIELDAPP_SMTP_URL)"
            )

    @property
    def erase_list(self) -> EraseList:
        """Who was erased."""
        return EraseList(self.erasures or self.instance / "erasures.jsonl")

    @property
    def keeping(self) -> Keeping:
        """How long what is kept."""
        try:
            return read_keeping(self.keep or "")
        except Invalid as error:
            raise SettingsError(
                f"FIELDAPP_KEEP holds {error.facts['value']!r}; give days from 1 to {LONGEST} or never for any of "
                f"{', '.join(KINDS)}, e.g. photos=90, customers=never"
            ) from None

    @property
    def mail_server(self) -> MailServer | None:
        """Whom mail to customers is handed to; None: nobody."""
        return _mail_server(self.smtp_url or "", self.mail_from or "")

    @property
    def sms_gateway(self) -> Gateway | None:
        """Whom short messages to customers are handed to; None: nobody."""
        return _sms_gateway(self.sms_url or "", self.sms_secret or "")

    @property
    def tells_customers(self) -> bool:
        """Whether there is any way to reach customers."""
        return self.mail_server is not None or self.sms_gateway is not None

    @property
    def staff_need_a_second_factor(self) -> bool:
        """Whether anybody but technicians does nothing without one."""
        return self.second_factor == "staff" and not self.demo

    @property
    def secure(self) -> bool:
        """Whether people reach us over TLS (cookies are then Secure and carry the __Host- prefix)."""
        return self.base_url is not None and self.base_url.startswith("https://")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, *, with_keys: bool = True) -> "Settings":
        """Read `FIELDAPP_*`; creates the instance folder and, on first start, its keys.

        Without `with_keys` (where a backup brings them) none is made, and a missing one is an empty text.
        """
        env = os.environ if environ is None else environ
        instance = Path(env.get("FIELDAPP_INSTANCE") or INSTANCE).absolute()
        try:
            # Names, addresses and keys: nobody else on this machine may look into it.
            instance.mkdir(mode=0o700, parents=True, exist_ok=True)
            secret_key = _secret("FIELDAPP_SECRET_KEY", env, instance / "secret-key", with_keys)
            data_key = _secret("FIELDAPP_DATA_KEY", env, instance / "data-key", with_keys, _data_keys)
        except OSError as error:
            raise SettingsError(
                f"FIELDAPP_INSTANCE is {str(instance)!r} ({error.strerror}); give a folder that can be written, "
                "e.g. /var/lib/fieldapp"
            ) from None
        return cls(
            instance=instance,
            database_url=_database_url(env.get("FIELDAPP_DATABASE_URL") or f"sqlite:///{instance / 'fieldapp.db'}"),
            database_read_url=_database_read_url(env.get("FIELDAPP_DATABASE_READ_URL") or ""),
            database_read_lag=_whole(env, "FIELDAPP_DATABASE_READ_LAG", 10, "seconds", 3600),
            secret_key=secret_key,
            data_key=data_key,
            blobs=_blobs(env.get("FIELDAPP_BLOBS") or str(instance / "blobs")),
            base_url=_base_url((env.get("FIELDAPP_BASE_URL") or "").rstrip("/")),
            timezone=_zone(env.get("FIELDAPP_TIMEZONE") or "Asia/Shanghai"),
            locale=_locale(env.get("FIELDAPP_LOCALE") or "zh-Hans"),
            demo=env.get("FIELDAPP_DEMO") == "1",
            second_factor=_one_of(env, "FIELDAPP_SECOND_FACTOR", "staff", "chosen"),
            offline_hours=_whole(env, "FIELDAPP_OFFLINE_HOURS", 72, "hours", 24 * 30),
            erasures=Path(env["FIELDAPP_ERASURES"]).absolute() if env.get("FIELDAPP_ERASURES") else None,
            keep=env.get("FIELDAPP_KEEP") or None,
            privacy_contact=env.get("FIELDAPP_PRIVACY_CONTACT") or None,
            backup_key=_backup_key(env.get("FIELDAPP_BACKUP_KEY") or ""),
            outgoing_loopback=env.get("FIELDAPP_OUTGOING_LOOPBACK") == "1",
            smtp_url=env.get("FIELDAPP_SMTP_URL") or None,
            mail_from=env.get("FIELDAPP_MAIL_FROM") or None,
            audit_mail=env.get("FIELDAPP_AUDIT_MAIL") or None,
            sms_url=env.get("FIELDAPP_SMS_URL") or None,
            sms_secret=env.get("FIELDAPP_SMS_SECRET") or None,
            trusted_proxies=_networks(env.get("FIELDAPP_TRUSTED_PROXIES") or ""),
            metrics=_one_of(env, "FIELDAPP_METRICS", "loopback", "everybody"),
        )


def _one(_: str, text: str) -> tuple[str, ...]:
    return (text,)


def _secret(
    name: str, env: Mapping[str, str], file: Path, make: bool,
    keys: Callable[[str, str], tuple[str, ...]] = _one,
) -> str:  # fmt: skip
    given = env.get(name)
    if given is None:
        if not file.exists():
            if not make:
                return ""
            keyfiles.write_once(file, f"{secrets.token_urlsafe(48)}\n".encode())
        given = file.read_text().strip()
    for one in keys(name, given):
        _check(name, one)
    return given


def _data_keys(name: str, text: str) -> tuple[str, ...]:
    try:
        return read_keys(text)[0]
    except BadKeys as error:
        raise SettingsError(f"{name} {error}; see docs/operations.md, Data keys") from None


def _check(name: str, given: str) -> None:
    if len(given) < 32:
        raise SettingsError(
            f"{name} is shorter than 32 characters; "
            "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    if len(set(given)) < 10 or any(word in given.lower() for word in _PLACEHOLDERS):
        raise SettingsError(
            f"{name} looks like a placeholder; "
            "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )


def _base_url(url: str) -> str | None:
    """Scheme and host, a port at most: links are made of it, and the `Host` of every request is compared with it."""
    if not url:
        return None
    example = "give scheme and host alone, e.g. https://visits.example.org"
    try:
        parts = urlsplit(url)
        whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        whole = False
    if not whole or parts.path or parts.query or parts.fragment:
        raise SettingsError(f"FIELDAPP_BASE_URL is {url!r}; {example}")
    return url


def _mail_server(url: str, sender: str) -> MailServer | None:
    """`smtp://` upgrades to TLS (`?tls=no`: not; on this machine it need not), `smtps://` begins with it."""
    if not url:
        return None
    # Not quoted back: it may hold a password.
    wrong = "FIELDAPP_SMTP_URL is no address of a mail server; give e.g. smtp://user:password@mail.example.org:587"
    try:
        parts = urlsplit(url)
        host, port, query = parts.hostname, parts.port, parse_qs(parts.query)
    except ValueError:
        raise SettingsError(wrong) from None
    if parts.scheme not in {"smtp", "smtps"} or not host or parts.path not in {"", "/"} or set(query) - {"tls"}:
        raise SettingsError(wrong)
    if not is_email(sender):
        raise SettingsError(
            f"FIELDAPP_MAIL_FROM is {sender!r}; give the address that messages come from, e.g. visits@example.org"
        )
    plain = query.get("tls") == ["no"] or host in {"127.0.0.1", "localhost", "::1"}
    tls = "start" if parts.scheme == "smtps" else "none" if plain else "upgrade"
    usual = 465 if tls == "start" else 587 if parts.username else 25
    return MailServer(host, port or usual, tls, unquote(parts.username or ""), unquote(parts.password or ""), sender)


def _sms_gateway(url: str, secret: str) -> Gateway | None:
    if not url:
        return None
    if not url.startswith(("https://", "http://")) or not urlsplit(url).hostname:
        raise SettingsError("FIELDAPP_SMS_URL is no address of a gateway; give e.g. https://sms.example.org/send")
    if len(secret) < 16:
        raise SettingsError("FIELDAPP_SMS_SECRET is shorter than 16 characters; it signs what the gateway is sent")
    return Gateway(url, secret)


def _database_url(url: str) -> str:
    # Not quoted back: it may hold a password.
    if not url.startswith(("sqlite:///", _POSTGRESQL)):
        raise SettingsError(
            "FIELDAPP_DATABASE_URL is no address of a database we know; it begins with sqlite:/// or "
            "postgresql+psycopg://, e.g. sqlite:////var/lib/fieldapp/fieldapp.db"
        )
    if "," in urlsplit(url).netloc.rpartition("@")[2]:
        raise SettingsError(
            "FIELDAPP_DATABASE_URL names several hosts before the database; name them behind it, e.g. "
            "postgresql+psycopg://user:password@/name?host=a:5432&host=b:5432&target_session_attrs=read-write"
        )
    return url


def _database_read_url(url: str) -> str | None:
    # Not quoted back either.
    if url and not url.startswith(_POSTGRESQL):
        raise SettingsError(
            "FIELDAPP_DATABASE_READ_URL is no address of a PostgreSQL; it begins with postgresql+psycopg://, e.g. "
            "postgresql+psycopg://user:password@b.example.org/fieldapp"
        )
    return url or None


def _blobs(where: str) -> Path | Place:
    if "://" not in where:
        return Path(where).absolute()
    try:
        place = read_place(where)
    except ValueError:
        raise SettingsError(
            f"FIELDAPP_BLOBS is {where!r}; give a folder, e.g. /var/lib/fieldapp/blobs, or a bucket, e.g. "
            "s3://photos/fieldapp?endpoint=https://s3.example.org"
        ) from None
    if find_spec("obstore") is None:
        raise SettingsError("FIELDAPP_BLOBS names a bucket, and obstore is missing: pip install 'fieldapp[s3]'")
    return place


def _backup_key(key: str) -> str | None:
    # Not quoted back: it may be the secret one.
    if key and not key.startswith(("age1", "AGE-SECRET-KEY-1")):
        raise SettingsError(
            "FIELDAPP_BACKUP_KEY is no key of age (age1... or AGE-SECRET-KEY-1...); make one with: age-keygen"
        )
    return key or None


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(one.strip()) for one in text.split(",") if one.strip())
    except ValueError as error:
        raise SettingsError(
            f"FIELDAPP_TRUSTED_PROXIES is {text!r} ({error}); "
            "give addresses or networks with commas between, e.g. 127.0.0.1, 10.0.0.0/24"
        ) from None


def _one_of(env: Mapping[str, str], name: str, usual: str, other: str) -> str:
    value = env.get(name) or usual
    if value not in {usual, other}:
        raise SettingsError(f"{name} is {value!r}; it is {usual} or {other}")
    return value


def count_together(folder: Path) -> None:
    """Let every app that this process and its children make from now on count its metrics in `folder`."""
    from prometheus_client import values

    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue()


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"FIELDAPP_TIMEZONE is {name!r}; give an IANA zone, e.g. Asia/Shanghai") from None
    return name


def _whole(env: Mapping[str, str], name: str, usual: int, unit: str, most: int) -> int:
    text = env.get(name) or str(usual)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise SettingsError(f"{name} is {text!r}; give whole {unit} from 1 to {most}, e.g. {usual}")
    return int(text)


def _locale(name: str) -> str:
    if name not in LOCALES:
        raise SettingsError(f"FIELDAPP_LOCALE is {name!r}; it is one of {', '.join(LOCALES)}")
    return name
