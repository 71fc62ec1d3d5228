"""Messages to customers as kept: the log, a branch's own words and rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Literal

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from fieldapp.domain.calendar import Window
from fieldapp.domain.messages import KINDS, Kind, Rules
from fieldapp.storage import bulk
from fieldapp.storage.tables.messages import MessageRow, MessageRulesRow, MessageTemplateRow

State = Literal["waiting", "sent", "dropped", "failed"]
_NAMING_A_WINDOW: tuple[Kind, ...] = ("confirmation", "reminder", "late", "moved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: what it tells of which promise, and what became of it. `address` is masked."""

    branch: str
    message_id: str
    visit_id: str
    event_id: str
    kind: Kind
    window: Window
    since: datetime
    created_at: datetime
    state: State = "waiting"
    code: str = ""
    channel: str | None = None
    address: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """Words for one kind of message in one language; `edited_by` "" where they are the usual ones."""

    subject: str
    body: str
    edited_by: str = ""
    edited_at: datetime | None = None


def add(db: Session, messages: Sequence[Message]) -> None:
    """Write new ones down; those that are there stay as they are."""
    rows = [
        {
            "branch": one.branch, "message_id": one.message_id, "visit_id": one.visit_id, "event_id": one.event_id,
            "kind": one.kind, "window_start": one.window.start, "window_end": one.window.end, "since": one.since,
            "state": one.state, "code": one.code, "channel": one.channel, "address": one.address,
            "created_at": one.created_at, "ended_at": one.ended_at,
        }
        for one in messages
    ]  # fmt: skip
    bulk.insert_new(db, MessageRow, rows, "message_id")


def find(db: Session, branch: str, message_id: str) -> Message | None:
    """One of them."""
    row = db.get(MessageRow, (branch, message_id))
    return _message(row) if row else None


def of_visit(db: Session, branch: str, visit_id: str) -> list[Message]:
    """What a visit's customer was, will be and was not told, the latest first."""
    query = select(MessageRow).where(MessageRow.branch == branch, MessageRow.visit_id == visit_id)
    return [_message(row) for row in db.scalars(query.order_by(MessageRow.created_at.desc(), MessageRow.message_id))]


def said_already(db: Session, one: Message) -> bool:
    """Whether another message of this kind about the same promise was sent; of receipts, about the visit."""
    query = select(MessageRow.message_id).where(
        MessageRow.branch == one.branch, MessageRow.visit_id == one.visit_id, MessageRow.kind == one.kind,
        MessageRow.state == "sent", MessageRow.message_id != one.message_id,
    )  # fmt: skip
    if one.kind != "receipt":
        query = query.where(
            MessageRow.window_start == one.window.start, MessageRow.window_end == one.window.end
        )  # fmt: skip
    return db.scalar(query.limit(1)) is not None


def said_since(db: Session, one: Message) -> bool:
    """Whether another of this kind about the same promise was sent after what it tells had happened, and the way that
    it is to go, where that is settled."""
    query = select(MessageRow.message_id).where(
        MessageRow.branch == one.branch, MessageRow.visit_id == one.visit_id, MessageRow.kind == one.kind,
        MessageRow.window_start == one.window.start, MessageRow.window_end == one.window.end,
        MessageRow.state == "sent", MessageRow.message_id != one.message_id, MessageRow.ended_at > one.since,
    )  # fmt: skip
    if one.channel is not None:
        query = query.where(MessageRow.channel == one.channel)
    return db.scalar(query.limit(1)) is not None


def last_told(db: Session, branch: str, visit_id: str) -> Window | None:
    """The window that the last message named which the customer got about one to come."""
    query = select(MessageRow.window_start, MessageRow.window_end).where(
        MessageRow.branch == branch, MessageRow.visit_id == visit_id, MessageRow.kind.in_(_NAMING_A_WINDOW),
        MessageRow.state == "sent",
    )  # fmt: skip
    row = db.execute(query.order_by(MessageRow.ended_at.desc()).limit(1)).first()
    return Window(*row) if row else None


def end(
    db: Session, one: Message, now: datetime | None, *, state: State, code: str, channel: str | None, address: str
) -> None:  # fmt: skip
    """What became of it; `now` None: it still waits."""
    row = update(MessageRow).where(MessageRow.branch == one.branch, MessageRow.message_id == one.message_id)
    db.execute(row.values(state=state, code=code, channel=channel, address=address, ended_at=now))


def rules(db: Session, branch: str) -> Rules:
    """What the branch sends, and when not."""
    row = db.get(MessageRulesRow, branch)
    if row is None:
        return Rules()
    off = frozenset(kind for kind in KINDS if kind in row.off.split())
    return Rules(off, time.fromisoformat(row.quiet_from), time.fromisoformat(row.quiet_to))


def save_rules(db: Session, branch: str, wanted: Rules) -> None:
    """From now on these."""
    row = {
        "branch": branch, "off": " ".join(sorted(wanted.off)),
        "quiet_from": f"{wanted.quiet_from:%H:%M}", "quiet_to": f"{wanted.quiet_to:%H:%M}",
    }  # fmt: skip
    bulk.upsert(db, MessageRulesRow, [row])
    db.expire_all()


def template(db: Session, branch: str, kind: str, language: str) -> Template | None:
    """The branch's own words; None where it has none."""
    row = db.get(MessageTemplateRow, (branch, kind, language))
    return Template(row.subject, row.body, row.edited_by, row.edited_at) if row else None


def templates(db: Session, branch: str) -> dict[tuple[str, str], Template]:
    """All of the branch's own words, by kind and language."""
    rows = db.scalars(select(MessageTemplateRow).where(MessageTemplateRow.branch == branch))
    return {(row.kind, row.language): Template(row.subject, row.body, row.edited_by, row.edited_at) for row in rows}


def save_template(db: Session, branch: str, kind: str, language: str, words: Template) -> None:
    """From now on these words."""
    row = {
        "branch": branch, "kind": kind, "language": language, "subject": words.subject, "body": words.body,
        "edited_by": words.edited_by, "edited_at": words.edited_at,
    }  # fmt: skip
    bulk.upsert(db, MessageTemplateRow, [row])
    db.expire_all()


def drop_template(db: Session, branch: str, kind: str, language: str) -> None:
    """Back to the usual words."""
    own = (MessageTemplateRow.branch == branch) & (MessageTemplateRow.kind == kind)
    db.execute(delete(MessageTemplateRow).where(own, MessageTemplateRow.language == language))


def _message(row: MessageRow) -> Message:
    return Message(
        branch=row.branch, message_id=row.message_id, visit_id=row.visit_id, event_id=row.event_id,
        kind=row.kind, window=Window(row.window_start, row.window_end), since=row.since,  # type: ignore[arg-type]
        created_at=row.created_at, state=row.state, code=row.code, channel=row.channel,  # type: ignore[arg-type]
        address=row.address, ended_at=row.ended_at,
    )  # fmt: skip
