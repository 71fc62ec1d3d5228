"""What all tables share: one naming convention (so that migrations can name what they drop) and short column makers.

Schema rules (design: server.md): in every table of a branch the primary key, every UNIQUE and every foreign key begin
with `branch`; ids come from clients or are derived, never from a sequence; times are UTC through one type.
"""

from datetime import datetime
from typing import Annotated

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, mapped_column

from fieldapp.storage.columns import Code, UtcMoment, Uuid, Words

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcMoment}  # noqa: RUF012 - SQLAlchemy's own spelling


BranchKey = Annotated[str, mapped_column(Code, primary_key=True)]
CodeKey = Annotated[str, mapped_column(Code, primary_key=True)]
UuidKey = Annotated[str, mapped_column(Uuid, primary_key=True)]
CodeText = Annotated[str, mapped_column(Code)]
UuidText = Annotated[str, mapped_column(Uuid)]
LongText = Annotated[str, mapped_column(Words)]
