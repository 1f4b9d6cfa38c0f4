"""Shapes of requests and answers of imports over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Annotated, Literal, Self
from uuid import UUID

from chassis.auth import Principal
from jobs import Job
from jobs.schemas import JobOut
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from importing.models import Upload
from importing.uploads import Options, has_run

Words = Annotated[str, StringConstraints(max_length=200)]


class ImportParameters(BaseModel):
    """The target of a file, and the options of parsing; they have the names of the options of the command `import`."""

    target: Annotated[str, Field(max_length=60, description="The target: for example customers.")]
    columns: Annotated[
        str | None,
        Field(max_length=4000, description="The column of each field: company_name=name,city=address.city"),
    ] = None
    key: Annotated[
        Words | None,
        Field(
            description=(
                "The column that identifies a row permanently; `id` for an exported file. Default: the row's contents."
            )
        ),
    ] = None
    source: Annotated[Words | None, Field(description="The source of the keys; default: the name of the file.")] = None
    file_name: Annotated[Words | None, Field(description="The name of the file.")] = None
    fixed: Annotated[
        list[Annotated[str, StringConstraints(max_length=1000)]],
        Field(alias="set", max_length=50, description="A field with the same value in every row: currency=USD"),
    ] = []
    encoding: Annotated[
        str | None, Field(max_length=40, description="Default: UTF-8, UTF-16 or else Windows-1252.")
    ] = None
    delimiter: Annotated[
        str | None, Field(pattern=r'^[^"\r\n]$', description="The character between cells; default: detected.")
    ] = None

    @property
    def options(self) -> Options:
        """The options of parsing."""
        return Options(self.columns, self.key, tuple(self.fixed), self.encoding, self.delimiter)

    @property
    def source_of_keys(self) -> str:
        """The source of the keys."""
        return self.source or (self.file_name and PurePath(self.file_name).stem) or "upload"


class ImportOut(BaseModel):
    """An import. The `result` of `preview` contains the expected counts, that of `run` the actual ones, when it is
    `done`."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    id: UUID
    target: str
    source: str
    fields: list[str] = Field(description="The fields that the file fills.")
    size_bytes: int
    sha256: str
    created_by: str
    created_at: datetime
    preview: JobOut | None
    run: JobOut | None
    allowed: list[Literal["lines", "run"]] = Field(description="What its state and your scopes allow now.")

    @classmethod
    def of(cls, row: Upload, preview: Job | None, run: Job | None, caller: Principal, verbs: Sequence[str]) -> Self:
        """The answer for an import and its jobs; `verbs` are those of the target that the caller may use."""
        jobs = {"preview": preview, "run": run}
        shown = {name: job and JobOut.of(job, caller) for name, job in jobs.items()}
        names = cls.model_fields.keys() - {*jobs, "allowed"}
        plain = {name: getattr(row, name) for name in names}
        return cls.model_validate({**plain, **shown, "allowed": [] if has_run(run) else verbs})
