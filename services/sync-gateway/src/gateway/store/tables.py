"""The base of the gateway's tables."""

from chassis.db import NAMES, TYPES, Tenanted
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase


class Base(Tenanted, DeclarativeBase):
    """A table of the gateway."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = TYPES
