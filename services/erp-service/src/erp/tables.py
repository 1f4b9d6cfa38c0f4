"""The base of the ERP's tables."""

from chassis.db import NAMES, TYPES, Tenanted
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase


class Base(Tenanted, DeclarativeBase):
    """A table of the ERP."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = TYPES
