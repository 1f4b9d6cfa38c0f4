"""Shapes of requests and answers of imports over HTTP."""

from datetime import datetime
from pathlib import PurePath
from typing import Annotated, Self
from uuid import UUID

from jobs import Job
from jobs.schemas import JobOut
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from importing.models import Upload
from importing.uploads import Options

Words = Annotated[str, StringConstraints(max_length=200)]


class ImportParameters(BaseModel):
    """What a file is imported into, and how it is read; the options of the command `import` of the same names."""

    target: Annotated[str, Field(max_length=60, description="What the rows become: customers, say.")]
    columns: Annotated[
        str | None,
        Field(max_length=4000, description="Which column fills which field: company_name=name,city=address.city"),
    ] = None
    key: Annotated[
        Words | None,
        Field(description="The column that names a row for good; `id` for an exported file. Else what the row says."),
    ] = None
    source: Annotated[
        Words | None, Field(description="Where the keys come from; the name of the file if it is not given.")
    ] = None
    file_name: Annotated[Words | None, Field(description="The name of the file.")] = None
    fixed: Annotated[
        list[Annotated[str, StringConstraints(max_length=1000)]],
        Field(alias="set", max_length=50, description="Fill a field with the same in every row: currency=USD"),
    ] = []
    encoding: Annotated[
        str | None, Field(max_length=40, description="Without it, UTF-8, UTF-16 or else Windows-1252.")
    ] = None
    delimiter: Annotated[
        str | None, Field(pattern=r'^[^"\r\n]$', description="The character between cells; without it, what fits.")
    ] = None

    @property
    def options(self) -> Options:
        """How the file is read."""
        return Options(self.columns, self.key, tuple(self.fixed), self.encoding, self.delimiter)

    @property
    def source_of_keys(self) -> str:
        """Where the keys come from."""
        return self.source or (self.file_name and PurePath(self.file_name).stem) or "upload"


class ImportOut(BaseModel):
    """An import. `preview` counts what its run would do, `run` what it did: the `result` of each, when it is `done`."""

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

    @classmethod
    def of(cls, row: Upload, preview: Job | None, run: Job | None) -> Self:
        """The answer for an import and its jobs."""
        names = cls.model_fields.keys() - {"preview", "run"}
        jobs = {"preview": preview, "run": run}
        shown = {name: job and JobOut.model_validate(job) for name, job in jobs.items()}
        return cls.model_validate({**{name: getattr(row, name) for name in names}, **shown})
