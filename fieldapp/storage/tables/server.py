"""What the installation knows of itself: epoch, whether it holds demo data."""

from sqlalchemy.orm import Mapped

from fieldapp.storage.tables.base import Base, CodeKey, LongText


class ServerFactRow(Base):
    __tablename__ = "server_facts"

    name: Mapped[CodeKey]
    value: Mapped[LongText]
