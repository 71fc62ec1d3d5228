"""Branches, teams, staff accounts and their sign-ins. Accounts are a reference table: one login space."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.tables.base import Base, BranchKey, CodeKey, CodeText, LongText, UuidKey, UuidText


class BranchRow(Base):
    __tablename__ = "branches"

    branch: Mapped[BranchKey]
    name: Mapped[LongText]
    timezone: Mapped[CodeText]
    currency: Mapped[CodeText]
    created_at: Mapped[datetime]
    hears: Mapped[LongText | None]  # types of events that others are told of, with spaces between; none: the usual
    phone: Mapped[LongText | None]  # that customers call


class TeamRow(Base):
    __tablename__ = "teams"
    __table_args__ = (ForeignKeyConstraint(["branch"], ["branches.branch"]),)

    branch: Mapped[BranchKey]
    team: Mapped[CodeKey]
    name: Mapped[LongText]


class AccountRow(Base):
    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("role IN ('technician','dispatcher','quality','manager','admin')", name="role"),
        CheckConstraint("role = 'admin' OR branch IS NOT NULL", name="bound_to_branch"),
        CheckConstraint("role <> 'technician' OR team IS NOT NULL", name="technician_in_team"),
        ForeignKeyConstraint(["branch", "team"], ["teams.branch", "teams.team"]),
        Index(None, "branch", "role"),
    )

    account_id: Mapped[UuidKey]
    login: Mapped[CodeText] = mapped_column(unique=True)
    name: Mapped[LongText]
    role: Mapped[CodeText]
    branch: Mapped[CodeText | None]
    team: Mapped[CodeText | None]
    password_hash: Mapped[LongText | None]
    locale: Mapped[CodeText | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]  # the name is the staff code since


class SignInRow(Base):
    """One session on one device. The cookie holds a 256-bit secret, this table only its SHA-256."""

    __tablename__ = "sign_ins"

    token_hash: Mapped[CodeKey]
    sign_in_id: Mapped[UuidText] = mapped_column(unique=True)
    account_id: Mapped[UuidText] = mapped_column(ForeignKey("accounts.account_id"), index=True)
    agent: Mapped[LongText]
    created_at: Mapped[datetime]
    fresh_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class KnownBrowserRow(Base):
    """A browser in which an account signed in before: wrong passwords from elsewhere do not lock it out."""

    __tablename__ = "known_browsers"

    secret_hash: Mapped[CodeKey]
    account_id: Mapped[UuidKey] = mapped_column(ForeignKey("accounts.account_id"))
    created_at: Mapped[datetime]


class SignInFailureRow(Base):
    """Wrong passwords for one login as typed (hashed: people type passwords into the wrong field)."""

    __tablename__ = "sign_in_failures"

    login_hash: Mapped[CodeKey]
    origin: Mapped[CodeKey]
    failures: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class InvitationRow(Base):
    """The one link by which an account's owner chooses a password; gone when it was used. Only its SHA-256."""

    __tablename__ = "invitations"

    account_id: Mapped[UuidKey] = mapped_column(ForeignKey("accounts.account_id"))
    token_hash: Mapped[CodeText] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SecondFactorRow(Base):
    """The secret that an account's one-time codes are made with, sealed; `last_step` is the one whose code was used."""

    __tablename__ = "second_factors"

    account_id: Mapped[UuidKey] = mapped_column(ForeignKey("accounts.account_id"))
    box: Mapped[bytes]
    wrapped: Mapped[bytes]
    last_step: Mapped[int]
    added_at: Mapped[datetime]


class RecoveryCodeRow(Base):
    """A code that lets its account in once without the phone; gone when it was used. Only a keyed hash of it."""

    __tablename__ = "recovery_codes"

    account_id: Mapped[UuidKey] = mapped_column(ForeignKey("accounts.account_id"))
    code_hash: Mapped[CodeKey]


class PasskeyRow(Base):
    """A public key that lives on a device of the account's owner; named by the SHA-256 of the credential's id."""

    __tablename__ = "passkeys"

    passkey_id: Mapped[CodeKey]
    account_id: Mapped[UuidText] = mapped_column(ForeignKey("accounts.account_id"), index=True)
    name: Mapped[LongText]
    credential: Mapped[bytes]  # the id and the public key, as WebAuthn writes them
    sign_count: Mapped[int]
    added_at: Mapped[datetime]
    used_at: Mapped[datetime]
