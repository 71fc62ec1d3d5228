"""What the score is summed from: a judgement per visit, an effect per finding. Projections: `doctor` recounts them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from fieldapp.storage.columns import Blob
from fieldapp.storage.tables.base import Base, BranchKey, CodeKey, CodeText, LongText, UuidKey, UuidText


class JudgementRow(Base):
    """One scheduled visit as the score sees it. The columns are what is searched by; `body` is the whole judgement.

    Whole, because a judgement is always replaced as one and one row costs a push a fraction of one row per verdict.
    """

    __tablename__ = "judgements"
    __table_args__ = (
        ForeignKeyConstraint(["branch", "visit_id"], ["visits.branch", "visits.visit_id"]),
        Index("ix_judgements_month", "branch", "month", "technician"),
        # What may have come due: a page must not read the month to find its few missed visits.
        Index(
            "ix_judgements_counts_from", "branch", "month", "counts_from",
            sqlite_where=text("counts_from IS NOT NULL"), postgresql_where=text("counts_from IS NOT NULL"),
        ),
    )  # fmt: skip

    branch: Mapped[BranchKey]
    visit_id: Mapped[UuidKey]
    month: Mapped[CodeText]
    technician: Mapped[CodeText | None]
    outcome: Mapped[CodeText]
    counts_from: Mapped[datetime | None]  # a missed visit counts after this, and is pending until then
    body: Mapped[bytes] = mapped_column(Blob)  # canonical JSON of the judgement with its verdicts


class CircumstancesRow(Base):
    """Where, when, what and planned by whom a visit was, for sums over many; `domain.scoring.circumstances`.

    Narrow and beside the judgement: a page that sums a month reads a fraction of what the judgements would be.
    """

    __tablename__ = "circumstances"
    __table_args__ = (
        ForeignKeyConstraint(["branch", "visit_id"], ["visits.branch", "visits.visit_id"]),
        Index("ix_circumstances_month", "branch", "month", "technician"),
    )

    branch: Mapped[BranchKey]
    visit_id: Mapped[UuidKey]
    month: Mapped[CodeText]
    technician: Mapped[CodeText | None]
    outcome: Mapped[CodeText]
    counts_from: Mapped[datetime | None]
    job_type: Mapped[CodeText]
    shift: Mapped[CodeText]
    district: Mapped[LongText]
    planner: Mapped[CodeText]
    minutes: Mapped[int | None]  # beside the promised window: early is negative
    grade: Mapped[CodeText | None]  # of the arrival
    unsigned: Mapped[bool]
    cause: Mapped[CodeText | None]
    breached: Mapped[LongText]  # item codes, with spaces
    signals: Mapped[LongText]  # kinds of `domain.signals`, with spaces


class FindingEffectRow(Base):
    """What one finding does to its technician's month, and where it stands; the list of findings is read from here."""

    __tablename__ = "finding_effects"
    __table_args__ = (
        Index("ix_finding_effects_month", "branch", "month", "technician"),
        Index("ix_finding_effects_state", "branch", "state", "recorded_at"),
        Index("ix_finding_effects_technician", "branch", "technician"),
        # Few: the visits that turned out to be somebody else's.
        Index(
            "ix_finding_effects_recorded_about", "branch", "recorded_about",
            sqlite_where=text("recorded_about IS NOT NULL"), postgresql_where=text("recorded_about IS NOT NULL"),
        ),
        CheckConstraint("state IN ('waiting','upheld','dismissed','overturned')", name="state"),
    )  # fmt: skip

    branch: Mapped[BranchKey]
    finding_id: Mapped[UuidKey]
    visit_id: Mapped[UuidText | None]
    month: Mapped[CodeText]
    technician: Mapped[CodeText]
    recorded_about: Mapped[CodeText | None]  # whom it names, where its visit is somebody else's by now
    does: Mapped[CodeText]
    code: Mapped[CodeText]
    source: Mapped[CodeText]
    recorded_at: Mapped[datetime]
    state: Mapped[CodeText]


class MonthOutcomeRow(Base):
    """How many of a technician's visits of a month ended so; `waiting` are those that nobody came to, due or not."""

    __tablename__ = "month_outcomes"
    # In which branches somebody has visits; rows are few, and what changes in them is not in it.
    __table_args__ = (Index("ix_month_outcomes_technician", "branch", "technician"),)

    branch: Mapped[BranchKey]
    month: Mapped[CodeKey]
    technician: Mapped[CodeKey]
    outcome: Mapped[CodeKey]
    visits: Mapped[int]


class MonthVerdictRow(Base):
    """How often an item was met and breached in a technician's month; those of waiting visits are not in it."""

    __tablename__ = "month_verdicts"

    branch: Mapped[BranchKey]
    month: Mapped[CodeKey]
    technician: Mapped[CodeKey]
    code: Mapped[CodeKey]
    met: Mapped[int]
    breached: Mapped[int]
