"""The settings of services whose records have files."""

import re
from typing import Annotated
from urllib.parse import urlsplit

import local_stack
from chassis.settings import Settings
from pydantic import AfterValidator, Field, field_validator
from pydantic_settings import NoDecode

MEBIBYTE = 1024 * 1024
EXECUTABLE = "application/x-executable"
SCHEMES = ("file", "s3", "gs", "az", "memory")
MEDIA_RANGE = re.compile(r"\*/\*|[a-z0-9][a-z0-9!#$&^_.+-]*/(?:\*|[a-z0-9][a-z0-9!#$&^_.+-]*)")


def checked_url(url: str) -> str:
    """The address of a storage. Raises `ValueError` for one that is none."""
    parts = urlsplit(url)
    has_place = parts.scheme == "memory" or (not parts.netloc if parts.scheme == "file" else bool(parts.netloc))
    if parts.scheme not in SCHEMES or not has_place:
        raise ValueError(f"{url!r} is not file:///FOLDER, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER")
    return url


def checked_range(text: str) -> str:
    """A media type, or all of one kind: `image/*`. Raises `ValueError` for any other text."""
    if not MEDIA_RANGE.fullmatch(text.lower()):
        raise ValueError(f"{text!r} is not a media type like application/pdf or image/*")
    return text.lower()


def local_url() -> str:
    """The folder of files in the data folder of the local stack."""
    return local_stack.folder().joinpath("files").as_uri()


MediaRange = Annotated[str, AfterValidator(checked_range)]


class FileSettings(Settings):
    """Where files are stored, and what is accepted.

    The credentials of an object store are read by its own variables: AWS_ACCESS_KEY_ID and so on.
    """

    files_url: Annotated[str, AfterValidator(checked_url)] = Field(default_factory=local_url)
    file_limit_bytes: int = Field(default=25 * MEBIBYTE, gt=0, le=1024 * MEBIBYTE)
    files_per_record: int = Field(default=200, ge=1, le=10_000)
    files_tenant_bytes: int = Field(default=10 * 1024 * MEBIBYTE, gt=0)
    files_accepted_types: Annotated[tuple[MediaRange, ...], NoDecode] = ("*/*",)
    files_refused_types: Annotated[tuple[MediaRange, ...], NoDecode] = (EXECUTABLE,)

    @field_validator("files_accepted_types", "files_refused_types", mode="before")
    @classmethod
    def _types_between_commas(cls, value: object) -> object:
        return [each.strip() for each in value.split(",") if each.strip()] if isinstance(value, str) else value
