"""Shapes of requests and responses."""

from datetime import datetime
from typing import Annotated, Any, Self

from contracts.text import NameText
from pydantic import BaseModel, ConfigDict, Field

from templates.models import DocumentTemplate

MOST_CHARACTERS = 100_000
EXAMPLE = """#let data = json(bytes(sys.inputs.data))
#show: letter.with(data)
#listing(data.columns, data.rows)
#sums(data.sums)
Thank you for your trust.
"""
Source = Annotated[
    str, Field(min_length=1, max_length=MOST_CHARACTERS, pattern=r"^[^\x00]*$", description="Typst 0.14 markup.")
]


class TemplateBody(BaseModel):
    """A new version of a template."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"source": EXAMPLE, "note": "Thanks"}]})

    source: Source
    note: NameText | None = Field(default=None, description="What is new in this version.")


class Tried(BaseModel):
    """A template to try; without a source, the one in use."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"source": EXAMPLE}]})

    source: Source | None = None


class TemplateVersion(BaseModel):
    """A version. One with `built_in` is ours. Version 0 is ours before any other."""

    kind: str
    version: int
    built_in: bool
    note: str = ""
    changed_by: str | None = None
    changed_at: datetime | None = None

    @classmethod
    def of(cls, kind: str, row: DocumentTemplate | None) -> Self:
        """The version of a row."""
        if row is None:
            return cls(kind=kind, version=0, built_in=True)
        return cls(
            kind=kind,
            version=row.version,
            built_in=row.source is None,
            note=row.note,
            changed_by=row.changed_by,
            changed_at=row.changed_at,
        )


class TemplateOut(TemplateVersion):
    """The version in use, and what it prints."""

    source: str
    example: dict[str, Any] = Field(description="The data of a document: all that a template can show.")


class TemplateList(BaseModel):
    """The documents of this service."""

    items: list[TemplateVersion]


class TemplateVersionList(BaseModel):
    """The versions of a template, the newest first; at most 1,000."""

    items: list[TemplateVersion]
