"""Which photos are whole and on disk. The bytes live outside the database, by content hash."""

from datetime import datetime

from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, BranchKey, CodeKey, CodeText


class BlobRow(Base):
    __tablename__ = "blobs"

    branch: Mapped[BranchKey]
    sha256: Mapped[CodeKey]
    size: Mapped[int]
    media: Mapped[CodeText]  # image/jpeg, image/png, image/webp; or `unreadable`: kept, not shown
    received_at: Mapped[datetime]
